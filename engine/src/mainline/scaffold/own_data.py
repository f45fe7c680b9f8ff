"""The files in `data/own/`: what may be put there, who keeps it, and what stands there that no model reads any more."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from mainline.repository import dvc
from mainline.repository.git import ask
from mainline.scaffold.dialect import TableError
from mainline.scaffold.outline import OWN, shell

LARGE = 5_000_000
"""Bytes of a data file beyond which DVC keeps it and not git."""


def check_names(data: Sequence[Path]) -> None:
    """Refuse names that cannot be declared, or cannot stand side by side on every disk.

    Raises:
        TableError: naming the file.
    """
    names: dict[str, str] = {}
    for name in (file.name for file in data):
        if not name.isprintable() or "${" in name:
            raise TableError(f"the file name {name!r} has what dvc.yaml cannot hold as it is; rename the file.")
        if _folded(name) in names:
            raise TableError(_alike(names[_folded(name)], name))
        names[_folded(name)] = name


def check_place(data: Sequence[Path], written: Mapping[str, str]) -> list[str]:
    """Return the files in `data/own` that others take the place of.

    Args:
        data: the files that are to be put there.
        written: the SHA-256 of what this command put there before, by path.

    Raises:
        TableError: when a file would take the place of one that nobody else has, or is called almost like it.
    """
    present = {_folded(path.name): path for path in Path(OWN).glob("*")}
    replaced = []
    for file in data:
        there = present.get(_folded(file.name))
        if there is None or (there.name == file.name and there.read_bytes() == file.read_bytes()):
            continue
        if there.name != file.name:
            raise TableError(_alike(there.as_posix(), file.name))
        name = there.as_posix()
        lacks = _lacks(there, written.get(name, ""))
        if lacks:
            raise TableError(f"{name} is another file than {file}, and {lacks}, and say it again.")
        replaced.append(name)
    return replaced


def unused(names: Sequence[str]) -> list[str]:
    """List what is in `data/own` beside the data files that are named."""
    kept = {*names, *(f"{name}.dvc" for name in names), f"{OWN}/.gitignore"}
    found = {path.as_posix() for path in Path(OWN).glob("*")} - kept
    return sorted(found)


def of_dvc(names: Sequence[str]) -> list[str]:
    """List the files that DVC is to keep: large ones, and those that it keeps already, which git would pass over."""
    return [name for name in names if Path(name).stat().st_size > LARGE or Path(f"{name}.dvc").exists()]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _lacks(path: Path, written: str) -> str:
    """Say who does not have a file as it is, and what to do; '' if git has it, DVC, or whom the command took it from.

    Args:
        path: the file.
        written: the SHA-256 of what this command put there; '' if it put nothing there.
    """
    name = shell(path.as_posix())
    tracked = Path(f"{path}.dvc")
    if not tracked.is_file():
        is_git_s = ask("rev-parse", f"HEAD:{path.as_posix()}") == ask("hash-object", path.as_posix())
        is_kept = is_git_s or written == digest(path)
        return "" if is_kept else f"git does not have it. Rename one of the two, or `git add {name}`, commit"
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    declared = yaml.safe_load(tracked.read_text(encoding="utf-8"))["outs"][0]["md5"]
    cache = dvc.run("cache", "dir").stdout.strip()
    is_kept = declared == md5 and Path(cache, "files/md5", md5[:2], md5[2:]).is_file()
    return "" if is_kept else f"DVC's cache does not have it. Rename one of the two, or `dvc add {name}`"


def _alike(there: str, name: str) -> str:
    if there == name:
        return (
            f"two files are called {name}; rename one, such as after its folder: they are kept side by side in {OWN}/."
        )
    return f"{there} and {name} are one name where a disk does not tell small letters from capitals; rename one."


def _folded(name: str) -> str:
    """Return what a disk of macOS or Windows takes a name for."""
    return unicodedata.normalize("NFC", name).casefold()
