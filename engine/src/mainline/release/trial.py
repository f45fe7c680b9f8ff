"""Whether a tree that mixes files of two commits runs: tried in a fresh checkout before anybody is offered it.

A rollback takes parameters and use case from an old commit and the machinery from main. After an upgrade of the
machinery these may not fit each other.
"""

import importlib
import os
import pkgutil
import tempfile
from pathlib import Path

import mainline
from mainline import children, processes
from mainline.declared import environments, params
from mainline.errors import MainlineError
from mainline.repository import tree
from mainline.repository.git import git

MACHINERY = tuple(f"{folder}/mainline" for folder in children.SOURCES)
LIMIT = 600.0
"""Seconds that a trial may take; a few are usual."""


def problem(mixed: str, main: str, version: str) -> str:
    """Return what goes wrong in a tree and not in main; '' where it runs.

    Args:
        mixed: the tree of files from both commits.
        main: the commit whose commands are to go on working.
        version: the commit of the old version; where its machinery is main's, nothing is mixed and nothing is tried.
    """
    if not git("diff", "--name-only", version, main, "--", *MACHINERY):
        return ""
    found = _try(mixed)
    known = set(_try(main)) if found else set()
    return next((line for line in found if line not in known), "")


def look() -> list[str]:
    """Name what does not load in the current folder: modules of this program, and what is declared for it."""
    found = []
    for module in pkgutil.walk_packages(mainline.__path__, "mainline.", onerror=lambda _: None):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except Exception as error:  # whatever code that does not fit raises
                found.append(f"{module.name}: {type(error).__name__}: {error}")
    for load in (_load_gate, environments.load_all):
        try:
            load()
        except MainlineError as error:
            found.append(str(error))
    return [" ".join(line.split())[:300] for line in found]


def _load_gate() -> None:
    from mainline.declared import gate

    gate.load(params.load().gate)


def _try(files: str) -> list[str]:
    """Look at a commit or tree in a checkout of its own, by its own code."""
    with tempfile.TemporaryDirectory(prefix="mainline-trial-") as scratch:
        folder = Path(scratch) / "tree"
        tree.check_out(files, folder)
        known = children.without_secrets()
        own = os.pathsep.join(filter(None, (children.search_path(folder), known.get("PYTHONPATH"))))
        asked = children.command("mainline.release.trial")
        seen = known | {"PYTHONPATH": own}
        done = processes.run(asked, LIMIT, text=True, errors="replace", cwd=folder, env=seen)
    said = (done.stdout if done.returncode == 0 else done.stderr).replace(f"{folder}/", "").splitlines()
    return said if done.returncode == 0 else said[-1:] or ["it does not start"]


if __name__ == "__main__":
    print(*look(), sep="\n", end="")
