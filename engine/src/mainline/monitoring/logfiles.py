"""The files of a prediction log as `serving/prediction_log.py` writes them: named, whole lines, and what is missing.

Two files that begin with the same line are copies of each other: no server writes the same line twice, since the line
has a time, a trace and the seconds that the answer took. The longest of them counts.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mainline.errors import MainlineError

_NAME = re.compile(r"predictions-(\d{8}T\d{6})-([0-9a-f]{8})-(\d{6,9})\.jsonl")
_PIECE = 2**16
_LONGEST_LINE = 2**24
"""Bytes in which a first line ends; the service's own limits keep lines far below."""
_READ = 2**18
_LINE_BREAK = ord("\n")


@dataclass(frozen=True)
class LogFile:
    """One file: who wrote it as which of its files, and its whole lines.

    `identity` names the file by its first line, `content` by that and what it holds now; `torn` are the bytes after the
    last line break.
    """

    path: Path
    started: str
    writer: str
    number: int
    identity: str
    content: str
    size: int
    torn: int

    @property
    def name(self) -> str:
        """What the server called the file."""
        return self.path.name


@dataclass(frozen=True)
class Listing:
    """The files of a folder, oldest first; names of copies, and of files that no server names so."""

    files: tuple[LogFile, ...]
    copies: tuple[str, ...]
    strange: tuple[str, ...]


def find(*directories: Path) -> Listing:
    """Look at the files of a log and of the folders in it; one that vanishes meanwhile is not there.

    A folder whose name begins with a dot is not of the log: what was shipped is noted in one, under the same names.

    Raises:
        MainlineError: when there is no such folder.
    """
    for directory in directories:
        if not directory.is_dir():
            raise MainlineError(
                f"there is no prediction log in {directory}. Name its folder (--logs), or declare "
                "service.log.directory."
            )
    seen: dict[str, LogFile] = {}
    copies, strange = [], []
    for path in (path for directory in directories for path in _listed(directory)):
        if not _NAME.fullmatch(path.name) or path.is_symlink():
            strange.append(path.name)
            continue
        file = look(path)
        if file is None:
            continue
        other = seen.get(file.identity)
        if other is not None:
            file, shorter = (other, file) if other.size >= file.size else (file, other)
            copies.append(shorter.name)
        seen[file.identity] = file
    files = sorted(seen.values(), key=lambda file: (file.started, file.writer, file.number))
    return Listing(tuple(files), tuple(copies), tuple(strange))


def is_written(file: LogFile, files: Iterable[LogFile]) -> bool:
    """Say whether the server may still write to a file: it is the last of its writer."""
    return not any(other.writer == file.writer and other.number > file.number for other in files)


def holes(numbers: Mapping[str, set[int]]) -> list[tuple[str, list[int]]]:
    """Return the numbers that are missing before the last one of each writer, by writer.

    Args:
        numbers: the files seen so far, by writer; a server counts them from 1.
    """
    found = []
    for writer, seen in sorted(numbers.items()):
        missing = [number for number in range(1, max(seen)) if number not in seen]
        if missing:
            found.append((writer, missing))
    return found


def named(name: str) -> tuple[str, int]:
    """Return writer and number from the name of a file of the log."""
    matched = _NAME.fullmatch(name)
    if matched is None:
        raise ValueError(f"'{name}' is not a name of the prediction log")
    return matched[2], int(matched[3])


def take(file: LogFile, target: Path, ended: bool) -> int:
    """Hold the whole lines of a file that were seen in another place, and count them.

    A file that ended in a whole line is linked: it is read where it lies, and stays if it is removed meanwhile. Any
    other is copied, since the server may go on writing.

    Args:
        file: as it was found.
        target: a path on which only this process writes; what a kill left there goes.
        ended: whether the server writes to another file by now.

    Raises:
        FileNotFoundError: when the file is gone, or has fewer lines than were seen.
    """
    target.unlink(missing_ok=True)  # opened to write, a link that a kill left would empty the log's own file
    if ended and not file.torn and _link(file, target):
        return _count_lines(file, target, None)
    with target.open("wb") as copy:
        return _count_lines(file, file.path, copy)


def _link(file: LogFile, target: Path) -> bool:
    """Link a file that is as large as was seen; False if it is not, or if its file system or owner allows no link."""
    try:
        os.link(file.path, target)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    if target.stat().st_size == file.size:
        return True
    target.unlink()
    return False


def _count_lines(file: LogFile, source: Path, copy: BinaryIO | None) -> int:
    """Read as many bytes as the lines that were seen have, once, and write them to a copy if there is one."""
    lines, left = 0, file.size
    piece = memoryview(bytearray(_READ))
    with source.open("rb", buffering=0) as opened:
        while left:
            part = piece[: opened.readinto(piece[:left])]
            if not part:
                raise FileNotFoundError(f"{file.name} was cut short")
            lines += int(np.count_nonzero(np.frombuffer(part, np.uint8) == _LINE_BREAK))
            left -= len(part)
            if copy is not None:
                copy.write(part)
    return lines


def _listed(directory: Path) -> list[Path]:
    found = directory.rglob("*.jsonl")
    return sorted(path for path in found if not any(part[0] == "." for part in path.relative_to(directory).parts[:-1]))


def look(path: Path) -> LogFile | None:
    """Read where a file begins and ends; None if it is gone or has no whole line."""
    matched = _NAME.fullmatch(path.name)
    assert matched is not None
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST_LINE)
            whole, size = _end_of_lines(file.fileno())
            start = max(0, whole - _PIECE)
            last = os.pread(file.fileno(), whole - start, start)
    except FileNotFoundError:
        return None
    if not first.endswith(b"\n"):
        return None
    identity = hashlib.sha256(first).hexdigest()[:16]
    content = hashlib.sha256(first + last + str(whole).encode()).hexdigest()[:16]
    return LogFile(path, matched[1], matched[2], int(matched[3]), identity, content, whole, size - whole)


def _end_of_lines(descriptor: int) -> tuple[int, int]:
    """Return the bytes up to the last line break, and all bytes."""
    size = end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _PIECE)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1, size
        end = start
    return 0, size
