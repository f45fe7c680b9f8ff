"""The checkout that commands run in: a repository of its own, with the bytes that git has."""

from pathlib import Path

from mainline.errors import MainlineError
from mainline.repository.git import ask, git

RENEW = "git rm -r --cached --quiet . && git reset --hard --quiet"
"""Writes every file of the last commit anew, as `.gitattributes` says."""

_POINTER = b"version https://git-lfs.github.com/spec/"


class CheckoutError(MainlineError):
    """The checkout is not one that results can be made in."""


def require_repository() -> None:
    """Raise unless the current folder is the top of a git repository.

    Raises:
        CheckoutError: saying whose folder it is, and how it becomes a repository.
    """
    top, here = ask("rev-parse", "--show-toplevel"), Path.cwd()
    if not top:
        raise CheckoutError("this is not a git repository. Clone it, or run `git init && git add --all && git commit`.")
    if Path(top).resolve() == here:
        return
    if not Path("dvc.yaml").exists():
        raise CheckoutError(f"this is not the top of the repository. `cd {top}` and run it there.")
    folder, alone = here.relative_to(Path(top).resolve()).as_posix(), f"{here.name}-alone"
    way = (
        f"cd {top} && git subtree split --prefix={folder} --branch={alone} && "
        f"git clone --origin=whole --branch={alone} . ../{alone} && cd ../{alone} && git branch -m main"
    )
    raise CheckoutError(
        f"{folder} is a folder of the git repository {top}; Mainline takes a whole one: tags are its registry, and "
        f".github has the workflows. With its history it becomes one: `{way}`."
    )


def require_bytes() -> None:
    """Raise where a file has other bytes here than everybody else has of it.

    Raises:
        CheckoutError: naming one with other line endings, or one that Git LFS has not fetched.
    """
    other = []
    for entry in filter(None, git("ls-files", "--eol", "-z").split("\0")):
        about, _, path = entry.partition("\t")
        index, tree, attributes = about.split(maxsplit=2)
        if index == "i/lf" and tree in ("w/crlf", "w/mixed") and "-text" not in attributes:
            other.append(path)
    if other:
        more = f" and {len(other) - 1} more files have" if len(other) > 1 else " has"
        raise CheckoutError(
            f"{other[0]}{more} Windows' line endings here, and others in git, so every hash would be another one. "
            f"Commit or stash what you changed, then: `{RENEW}`."
        )
    for path in lfs_files():
        if Path(path).is_file() and is_pointer(_beginning(Path(path))):
            raise CheckoutError(f"{path} is a pointer of Git LFS, and not the file. `git lfs install && git lfs pull`.")


def lfs_files() -> list[str]:
    """List the files that Git LFS keeps."""
    return [*filter(None, ask("ls-files", "-z", "--", ":(attr:filter=lfs)").split("\0"))]


def is_pointer(content: bytes) -> bool:
    """Whether this is what Git LFS keeps in git in place of a file."""
    return content.startswith(_POINTER)


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(len(_POINTER))
