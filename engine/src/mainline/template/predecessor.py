"""The layout before `engine/`: machinery in `src/mainline`, and the use case's tests among those of the machinery."""

import re
from collections.abc import Mapping

from mainline.repository.git import git
from mainline.repository.tree import Entry, store

MACHINERY = "src/mainline"
PIPELINE = "dvc.yaml"
TESTS = "tests/usecase/"

OWNERSHIP = {
    "replaced": [MACHINERY],
    "merged": [
        ".ci", ".dvc/plots", ".gitattributes", ".github", ".gitignore", "CHANGELOG.md", "Makefile", "SECURITY.md",
        "benchmarks", "deploy/container", "deploy/mlem", "docs", "pyproject.toml", "requirements", "tests",
    ],
    "told": [".github/CODEOWNERS", ".github/dependabot.yml", "requirements/own.in", "tests/usecase"],
    "declared": [],
}  # fmt: skip
"""What `engine/upgrade.yaml` says now, for a time when there was none. dvc.yaml and tests/usecase are moved, below."""

_LAUNCHER = re.compile(r"^  - stage: >-\n(?:      .*\n)+", re.MULTILINE)
_EMPTY = re.compile(r"^vars:\n(?=\S|\n|\Z)\n?", re.MULTILINE)
_STAGE = re.compile(r"^(?=  [\w-]+:)", re.MULTILINE)
_RUNS = re.compile(r"\$\{stage\} ([\w-]+)")
_EXPLAINED = (
    "# The pipeline. A stage depends on its own file and on everything of ours that it imports (held by\n"
    "# `make check`), on the data it reads, and on the lock of the libraries that its bytes depend on.\n"
)
_EXPLANATION = (
    "# The pipeline. Of the machinery, a stage depends on the files that it imports: engine/stages/NAME links to them\n"
    "# (`make check`). requirements/pipeline.txt is the lock of the libraries that its bytes depend on.\n"
)


def moved(fork: Mapping[str, Entry]) -> dict[str, Entry | None]:
    """Return what becomes of the fork's own files: its tests have another place, its pipeline other commands."""
    changes: dict[str, Entry | None] = {}
    for path in (path for path in fork if path.startswith(TESTS)):
        changes[path] = None
        if path != f"{TESTS}__init__.py":
            text = git("cat-file", "blob", fork[path].blob)
            again = store(text.replace("tests.usecase.", "")) if "tests.usecase." in text else fork[path].blob
            changes[f"tests/{path.removeprefix(TESTS)}"] = Entry(fork[path].mode, again)
    if PIPELINE in fork:
        text = pipeline(git("cat-file", "blob", fork[PIPELINE].blob))
        changes[PIPELINE] = Entry(fork[PIPELINE].mode, store(text))
    return changes


def pipeline(text: str) -> str:
    """Rewrite a pipeline of that layout: stages are started by `engine/stage`, and depend on a folder of links.

    Stages that the fork added, outputs, parameters, plots and comments stay as they are.
    """
    plain = _EMPTY.sub("", _LAUNCHER.sub("", text.replace(_EXPLAINED, _EXPLANATION)))
    return "".join(_stage(part) for part in _STAGE.split(plain))


def _stage(part: str) -> str:
    """Rewrite the text of one stage; what is around the stages has nothing to rewrite."""
    runs = _RUNS.search(part)
    if runs is None:
        return part.replace(f"- {MACHINERY}/", f"- engine/{MACHINERY}/")
    part = re.sub(rf"^ +- {MACHINERY}/.*\n", "", part, flags=re.MULTILINE)
    part = part.replace(runs[0], f"engine/stage {runs[1]}")
    return part.replace("    deps:\n", f"    deps:\n      - engine/stages/{runs[1]}\n", 1)
