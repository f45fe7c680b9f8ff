"""What was computed, by the content that it was computed from; each entry is there whole or not at all."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mainline import exclusion

FOLDER = Path(".mainline/backtest")
"""Where entries are; git ignores it, and nothing is lost with it but time."""
_PARTIAL = ".partial"
KEPT_DAYS = 30
"""Days after its last use, after which an entry is removed: what it depended on has changed since."""


def key(*parts: Any) -> str:
    """Return the key of what depends on some values that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def digest(files: Iterable[Path], root: Path) -> str:
    """Return a hash of the names and contents of files."""
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(f"{file.relative_to(root)}:{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


@contextmanager
def held(folder: Path = FOLDER) -> Iterator[Path]:
    """Give the folder to this process alone, without what a killed one left half done.

    Raises:
        MainlineError: when another one has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with exclusion.alone(folder / "lock", "./mainline backtest"):
        for left in folder.glob(f"*/*{_PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        remove_unused(folder)
        yield folder.resolve()


def used(entry: Path) -> None:
    """Note that an entry is needed still."""
    os.utime(entry)


def remove_unused(folder: Path) -> None:
    """Remove entries that no command has used for `KEPT_DAYS`."""
    since = time.time() - KEPT_DAYS * 86_400
    for entry in folder.glob("*/*"):
        if entry.stat().st_mtime < since:
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()


@contextmanager
def making(entry: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and rename it into the place of an entry; after an error, remove it."""
    partial = entry.with_name(entry.name + _PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(entry)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
