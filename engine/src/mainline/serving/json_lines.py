"""Files of JSON lines on the disk: whole lines or none of them, and every line that can be read."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from mainline.serving.logs import warn

_PIECE = 2**20
"""Bytes in which the end of the last line is looked for."""


def append(file: Path, content: bytes) -> None:
    """Bring lines to the disk, or nothing of them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        try:
            written = os.write(descriptor, content)
            if written < len(content):
                raise OSError(f"{file}: {written} of {len(content)} bytes were written; the disk is full")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def cut_half_line(file: Path, idle: float = 0.0) -> None:
    """Remove the half line at the end of a file, which a kill in the middle of a write leaves.

    Args:
        file: it is written line by line.
        idle: seconds; a file that was written to since then keeps what it has, since its writer may be at work.
    """
    with file.open("r+b") as opened:
        end = size = opened.seek(0, os.SEEK_END)
        while end:
            begin = max(0, end - _PIECE)
            opened.seek(begin)
            last = opened.read(end - begin).rfind(b"\n")
            if last >= 0:
                end = begin + last + 1
                break
            end = begin
        is_written = idle > 0 and time.time() - file.stat().st_mtime <= idle
        if end < size and not is_written:
            opened.truncate(end)


def read(file: Path, holding: bytes = b"") -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines that hold some bytes; what is not one is left out."""
    with file.open("rb") as content:
        for number, line in enumerate(content, 1):
            if holding not in line:
                continue
            try:
                found = orjson.loads(line)
            except orjson.JSONDecodeError:
                warn("a line of a log is not JSON, and is left out", file=str(file), line=number)
                continue
            if isinstance(found, dict):
                yield found
