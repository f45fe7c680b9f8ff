"""What partitions came out as, kept for the next run: one file each, named by its key and sealed by a hash.

They are in `.dvc/tmp`, which git ignores and DVC does not clean. A run that ends well keeps what it used and nothing
else: one window of a stage.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mainline import files

FOLDER = Path(".dvc/tmp/partitions")
_PARTIAL = ".partial"
_SEAL = 64  # characters of a SHA-256


class DamagedError(Exception):
    """The bytes of an entry are not those that were kept."""


class Entry(NamedTuple):
    """The bytes of each file that a partition's work wrote, by path, and what it reported."""

    files: Mapping[str, bytes]
    report: Any

    def write(self) -> None:
        """Write the files."""
        for name, content in self.files.items():
            files.replace(Path(name), content)


def read(stage: str, key: str) -> Entry | None:
    """Return the entry of a key; None if there is none.

    Raises:
        DamagedError: when it is not what was kept.
    """
    try:
        content = (FOLDER / stage / key).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedError from error
    body = memoryview(content)[_SEAL:]
    if content[:_SEAL] != hashlib.sha256(key.encode() + body).hexdigest().encode():
        raise DamagedError
    end = content.index(b"\n", _SEAL)
    head = json.loads(content[_SEAL:end])
    files, place = {}, end + 1
    for name, size in head["files"]:
        files[name] = content[place : place + size]
        place += size
    return Entry(files, head["report"])


def write(stage: str, key: str, entry: Entry) -> None:
    """Keep an entry, whole or not at all."""
    sizes = [[name, len(content)] for name, content in entry.files.items()]
    head = json.dumps({"files": sizes, "report": entry.report}).encode() + b"\n"
    parts = [head, *entry.files.values()]
    seal = hashlib.sha256(key.encode())  # an entry under another key is damaged
    for part in parts:
        seal.update(part)
    target = FOLDER / stage / key
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f"{key}.{os.getpid()}{_PARTIAL}")  # another run may keep the same at this moment
    try:
        with half.open("wb") as file:
            file.writelines([seal.hexdigest().encode(), *parts])
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def remove(stage: str, key: str) -> None:
    """Forget an entry, if it can be."""
    with contextlib.suppress(OSError):
        (FOLDER / stage / key).unlink()


def families(stage: str) -> list[str]:
    """List what the keys of a stage begin with until the first hyphen, the one of the oldest entry first."""
    found: dict[str, int] = {}
    for path in (FOLDER / stage).glob("*-*"):
        with contextlib.suppress(OSError):
            family, written = path.name.partition("-")[0], path.stat().st_mtime_ns
            found[family] = min(written, found.get(family, written))
    return sorted(found, key=lambda family: (found[family], family))


def drop(stage: str, family: str) -> None:
    """Remove all entries of a family."""
    for path in [*(FOLDER / stage).glob(f"{family}-*")]:
        with contextlib.suppress(OSError):
            path.unlink()


def prune(stage: str, used: Iterable[str]) -> None:
    """Remove all entries of a stage but those used, and what killed runs left half written."""
    used = set(used)
    for path in [*(FOLDER / stage).glob("*")]:
        if path.name not in used:
            with contextlib.suppress(OSError):
                path.unlink()


def forget(stage: str) -> None:
    """Remove what is kept of a stage."""
    shutil.rmtree(FOLDER / stage, ignore_errors=True)
