"""Trees of git, written and taken out without touching index and work tree."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mainline.repository.git import git


class Entry(NamedTuple):
    """A file of a tree: its mode, such as 100644, and the name of its content."""

    mode: str
    blob: str


def entries(tree: str, *paths: str) -> dict[str, Entry]:
    """Return the files of a tree or commit by path; only those at or below `paths`, where any are given."""
    found = {}
    for line in filter(None, git("ls-tree", "-r", "-z", "--full-tree", tree, "--", *paths).split("\0")):
        about, _, path = line.partition("\t")
        mode, _, blob = about.split()
        found[path] = Entry(mode, blob)
    return found


def write(tree: str, changes: Mapping[str, Entry | None]) -> str:
    """Write a tree with some files changed, and those that are None gone; return its name. '' is the empty tree."""
    lines = [
        f"{entry.mode} {entry.blob}\t{path}\0" if entry else f"0 {'0' * 40}\t{path}\0"
        for path, entry in sorted(changes.items(), key=lambda item: item[1] is not None)  # what goes makes room first
    ]
    with tempfile.TemporaryDirectory(prefix="mainline-tree-") as scratch:
        index = {"GIT_INDEX_FILE": os.fspath(Path(scratch) / "index")}
        git("read-tree", tree or "--empty", environment=index)
        if lines:
            git("update-index", "-z", "--index-info", given="".join(lines), environment=index)
        return git("write-tree", environment=index).strip()


def commit(tree: str, message: str, parent: str, signer: Mapping[str, str] | None = None) -> str:
    """Commit a tree on top of a commit, or of none where it is ''; return the commit's name. No branch moves.

    `signer` are variables that tell git who commits; without them it is who is configured.
    """
    on_top = ["-p", parent] if parent else []
    return git("commit-tree", tree, *on_top, given=f"{message.rstrip()}\n", environment=signer).strip()


def check_out(tree: str, folder: Path) -> None:
    """Write every file of a tree below a folder."""
    with tempfile.TemporaryDirectory(prefix="mainline-tree-") as scratch:
        index = {"GIT_INDEX_FILE": os.fspath(Path(scratch) / "index")}
        git("read-tree", tree, environment=index)
        git("checkout-index", "--all", f"--prefix={folder}/", environment=index)


def store(content: str | bytes) -> str:
    """Keep content in git and return its name."""
    return git("hash-object", "-w", "--stdin", given=content).strip()
