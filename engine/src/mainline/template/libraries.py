"""The lock of the libraries after an upgrade: the version's own, or resolved with what the fork declares besides."""

import re
import tempfile
from pathlib import Path

from mainline import processes
from mainline.errors import MainlineError
from mainline.repository import tree
from mainline.repository.git import raw
from mainline.repository.tree import Entry

FOLDER = "requirements"
OF_MLEM = "engine/mlem/requirements.txt"
SCRIPT = f"{FOLDER}/lock.sh"
LIMIT = 1800.0
"""Seconds that the script may ask package indexes for; a minute or two is usual."""
_PIN = re.compile(r"^(?P<name>[\w.-]+)==.*\n(?:^[ ]+.*\n)*", re.MULTILINE)


class LibrariesError(MainlineError):
    """What the fork declares cannot be resolved together with what the version needs."""


def is_lock(path: str) -> bool:
    """Whether a file is one that `lock.sh` writes."""
    return path == OF_MLEM or (path.startswith(f"{FOLDER}/") and path.endswith(".txt"))


def resolved(here: str, after: str, upgraded: str) -> dict[str, Entry]:
    """Return the lock files that are not the version's, since the fork declares other libraries than the template.

    Everything keeps the release that the version pins, and libraries of the fork alone the one that the fork had.

    Args:
        here: the fork's commit.
        after: the version's commit.
        upgraded: the tree that the upgrade made; its lock files are the version's.

    Raises:
        LibrariesError: when there is no such combination, or no answer, in uv's words.
    """
    if _wanted(upgraded) == _wanted(after):
        return {}
    with tempfile.TemporaryDirectory(prefix="mainline-libraries-") as scratch:
        folder = Path(scratch) / "tree"
        tree.check_out(upgraded, folder)
        locks = {path: entry for path, entry in tree.entries(upgraded).items() if is_lock(path)}
        for path in locks:
            _keep_pins(folder / path, tree.entries(here, path).get(path))
        done = processes.run([str(folder / SCRIPT)], LIMIT, text=True, errors="replace", cwd=folder)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())[:600]
            raise LibrariesError(
                f"yours in {FOLDER}/*.in and the version's libraries do not resolve together: {said} "
                "Nothing was changed."
            )
        found = {path: Entry(entry.mode, tree.store((folder / path).read_bytes())) for path, entry in locks.items()}
    return {path: entry for path, entry in found.items() if entry != locks[path]}


def _wanted(commit: str) -> dict[str, list[str]]:
    """Return what the declarations of a tree ask for, without comments and empty lines."""
    found = {}
    for path, entry in tree.entries(commit, FOLDER).items():
        if path.endswith(".in"):
            lines = raw("cat-file", "blob", entry.blob).decode().splitlines()
            found[path] = [text for line in lines if (text := line.partition("#")[0].strip())]
    return {path: lines for path, lines in found.items() if lines}


def _keep_pins(lock: Path, before: Entry | None) -> None:
    """Add what a lock of the fork pins and the version's does not, for uv to prefer."""
    if before is not None:
        text = lock.read_text(encoding="utf-8")
        known = {pin["name"] for pin in _PIN.finditer(text)}
        own = [pin for pin in _PIN.finditer(raw("cat-file", "blob", before.blob).decode()) if pin["name"] not in known]
        lock.write_text(text + "".join(pin[0] for pin in own), encoding="utf-8")
