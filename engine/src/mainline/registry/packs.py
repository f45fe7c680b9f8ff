"""The evidence of released versions on the branch `evidence/releases`: a folder each, `ARTIFACT/VERSION/`.

Whoever may push to the branch may write there, so nothing counts by being there: the signed statement in the folder
says which files belong to which package, and `package.statement` holds them to it.
"""

from collections.abc import Mapping

from mainline.registry import artifact, branches, origin
from mainline.repository import tree
from mainline.repository.git import ask, blob
from mainline.repository.tree import Entry

BRANCHES, BRANCH = "evidence/*", "evidence/releases"
"""The pattern by which it is fetched, whether it is there or not, and the branch."""
LARGEST = 20_000_000
"""Bytes that the files of a folder may have together."""
_MOST = 100
"""Files that a folder may have."""


def fetch() -> None:
    """Take the branch as it is now.

    Raises:
        MainlineError: when the remote does not answer.
    """
    branches.fetch(BRANCH)


def named(version: str) -> str:
    """Name the folder of a version by its content, as it was fetched last; '' if there is none."""
    found = ask("rev-parse", "--verify", "--quiet", f"{place()}:{_folder(version)}")
    return ask("rev-parse", "--verify", "--quiet", f"{found}^{{tree}}") if found else ""  # it may be a file


def read(version: str) -> dict[str, bytes]:
    """Return what is there for a version by name, as it was fetched last; none if there is nothing.

    Programs, links and what is in folders are there, too: whoever holds all to a statement is to see them. A file that
    is too large, or another repository, is empty.
    """
    found, left = named(version), LARGEST
    files: dict[str, bytes] = {}
    for name, entry in list(tree.entries(found).items())[:_MOST] if found else []:
        size = int(ask("cat-file", "-s", entry.blob) or 0)
        files[name] = (blob(entry.blob) or b"") if size <= left else b""
        left -= len(files[name])
    return files


def subject(version: str) -> str:
    """Return the name that a statement gives to a version, which is that of its tag, such as `model@v1.0.0`."""
    return f"{artifact.name()}@{version}"


def publish(version: str, files: Mapping[str, bytes]) -> str:
    """Put the files of a version where others read them, in the place of those that are there; return the commit.

    Raises:
        MainlineError: when the remote does not take them.
    """
    folder = _folder(version)

    def change(tip: str) -> Mapping[str, Entry | None]:
        there = tree.entries(tip, folder) if tip else {}
        wanted = {f"{folder}/{name}": Entry("100644", tree.store(content)) for name, content in files.items()}
        changes: dict[str, Entry | None] = {path: entry for path, entry in wanted.items() if there.get(path) != entry}
        return changes | dict.fromkeys(there.keys() - wanted.keys())

    return branches.update(BRANCH, change, f"evidence: {artifact.name()} {version}")


def _folder(version: str) -> str:
    return f"{artifact.name()}/{version}"


def place() -> str:
    """Return the whole name that the branch has here."""
    remote, there = origin.remote(), f"{origin.HEADS}{BRANCH}"
    return origin.tracking(remote, there) if remote else there
