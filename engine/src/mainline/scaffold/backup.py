"""What stands in the places that are written, kept as a commit, and the command that brings it back from there."""

from collections.abc import Sequence
from pathlib import Path

from mainline.repository import tree
from mainline.repository.git import ask, git
from mainline.repository.tree import Entry
from mainline.scaffold.outline import shell

REF = "refs/mainline/before-new"
"""Names the last commit that was made here, so that git keeps it; no branch has it."""


def keep(places: Sequence[str], data: Sequence[str]) -> str:
    """Return a commit that has the files in some places as they are now, committed or not; '' outside of git.

    Args:
        places: files and folders; what git ignores in them is left out.
        data: data files that give way to others. Of one that DVC keeps, the commit has the .dvc file.
    """
    if not ask("rev-parse", "--git-dir"):
        return ""
    head = ask("rev-parse", "--verify", "HEAD")
    names = {*map(_kept_as, data), *_files(places)}
    before = tree.entries(head, *places) if head else {}
    changes = {name: _entry(Path(name)) for name in names} | dict.fromkeys(before.keys() - names)
    made = tree.write(head, changes)
    if head and made == ask("rev-parse", f"{head}^{{tree}}"):
        return head
    commit = tree.commit(made, "What stood here before `./mainline new`", head)
    git("update-ref", REF, commit)
    return commit


def way_back(commit: str, places: Sequence[str], data: Sequence[str]) -> str:
    """Return the command that brings back what a commit has, and removes what it has not in those places."""
    known = tree.entries(commit, *places)
    stood = [name for name in places if any(file == name or file.startswith(f"{name}/") for file in known)]
    steps = [["git", "checkout", commit[:12], "--", *stood, *map(_kept_as, data)]]
    added = sorted(_files(places) - known.keys())
    steps += [["rm", "--", *added]] if added else []
    large = [_kept_as(name) for name in data if _kept_as(name) != name]
    steps += [["dvc", "checkout", *large]] if large else []
    return " && ".join(" ".join(map(shell, words)) for words in steps)


def _files(places: Sequence[str]) -> set[str]:
    """List the files in some places that are there and that git does not ignore."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *places).split("\0")
    return {name for name in listed if name and Path(name).is_file()}


def _kept_as(name: str) -> str:
    """Return the file by which git knows a data file: that of DVC, or itself."""
    return f"{name}.dvc" if Path(f"{name}.dvc").is_file() else name


def _entry(path: Path) -> Entry:
    return Entry("100755" if path.stat().st_mode & 0o100 else "100644", tree.store(path.read_bytes()))
