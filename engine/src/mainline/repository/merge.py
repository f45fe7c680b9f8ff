"""What a merge does with files that the pipeline writes: `dvc.lock` and everything in `metrics/`.

Nobody can merge them line by line: half of one model's hashes beside half of another's is the lock of no model. So a
merge keeps one whole side, and the next run of the pipeline writes what the merged code and parameters make.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mainline.repository.git import ask, git
from mainline.repository.lock import LOCK

NAME = "mainline-lock"
"""The driver that `.gitattributes` names; where git does not know it, git merges these files as text."""

SETTINGS = {
    f"merge.{NAME}.name": "keep one whole side of what the pipeline writes",
    # In the shell, so that it needs no environment and no path: git has put this branch's side in place already.
    f"merge.{NAME}.driver": (
        f"case %P in {LOCK}) "
        f"echo '{LOCK}: both sides changed it and one was kept; run make repro and commit what it writes.' >&2;; esac"
    ),
}

WRITTEN = (str(LOCK), "metrics")
"""What the pipeline writes and git tracks."""

READ = ("params.yaml", "dvc.yaml", "src", "engine/src", "requirements")
"""What people write and the pipeline reads."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""A line ends by a line feed alone: content may hold the other characters that end one for Python."""
_MARKER = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?: .*)?\r?\n?$")


def register() -> bool:
    """Tell this clone's git of the driver; return whether that changed anything."""
    changed = {name: value for name, value in SETTINGS.items() if ask("config", "--local", name) != value}
    for name, value in changed.items():
        git("config", "--local", name, value)
    return bool(changed)


def in_conflict() -> dict[str, set[int]]:
    """Return each path that is in conflict, with the sides that git holds: 1 the common one, 2 ours, 3 theirs.

    A file of the pipeline that was committed with markers in it counts too; git holds no sides of that one.
    """
    found: dict[str, set[int]] = {path: set() for path in _marked(*WRITTEN)}
    for entry in filter(None, git("ls-files", "--unmerged", "-z").split("\0")):
        state, path = entry.split("\t", 1)
        found.setdefault(path, set()).add(int(state.split()[2]))
    return found


def is_written(path: str) -> bool:
    """Whether the pipeline, and no person, writes a file that git tracks."""
    return path.split("/")[0] in WRITTEN


def unsettled(conflicts: Mapping[str, set[int]]) -> list[str]:
    """List what the pipeline reads and a person has yet to settle: a file with markers, or one that a side removed.

    A file from which the markers are gone counts as settled before it is added to git.
    """
    halved = {path for path, sides in conflicts.items() if path.split("/")[0] in READ and not {2, 3} <= sides}
    return sorted(halved.union(_marked(*READ)))


def take(path: str, sides: set[int]) -> None:
    """Put our side of a file that the pipeline writes in its place, and none where a side removed the file.

    Args:
        path: the file.
        sides: those that git holds; without any, the file's own markers tell them apart.
    """
    if {2, 3} <= sides:
        git("checkout", "--ours", "--", path)
    elif sides:
        Path(path).unlink(missing_ok=True)
    else:
        kept = "".join(first_side(Path(path).read_text(encoding="utf-8")))
        Path(path).write_text(kept, encoding="utf-8")


def first_side(text: str) -> Iterator[str]:
    """Yield the lines of a text without what markers of a merge say is from another side."""
    inside = ""
    for line in _LINE.findall(text):
        marker = _MARKER.match(line)
        if marker and (inside or marker[1][0] == "<"):
            inside = "" if marker[1][0] == ">" else marker[1][0]
        elif inside in ("", "<"):
            yield line


def _marked(*paths: str) -> list[str]:
    found = ask("grep", "-l", "-z", "-I", "-E", "^(<<<<<<<|>>>>>>>) ", "--", *paths)
    return [*filter(None, found.split("\0"))]
