"""The prediction log: JSON lines in rotated files, written by a thread of its own.

Rows wait in memory for at most `flush_seconds`; a normal stop writes them. A disk that refuses is tried again with
the next rows: rows are dropped and counted, requests never wait.
"""

import contextlib
import fcntl
import os
import secrets
import threading
import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zlib import crc32

import orjson

from mainline.data import pseudonyms
from mainline.data.pseudonyms import Pseudonyms
from mainline.declared.service import Log
from mainline.seconds import DAY
from mainline.serving import json_lines
from mainline.serving.answering.metrics import ServiceMetrics
from mainline.serving.logs import warn

MOST_WAITING = 2**24
"""Bytes that wait for a slow disk; what comes beyond is dropped and counted."""
ENOUGH = 2**18
"""Bytes that are written before their time, so that memory stays small under load."""
_WRITTEN = 1.0
"""Seconds since the last write to a file within which another server may still write it."""
PATTERN = "predictions-*.jsonl"


class PredictionLog:
    """Appends lines to the newest file of a directory."""

    def __init__(self, directory: Path, settings: Log, metrics: ServiceMetrics) -> None:
        self._directory, self._settings, self._metrics = directory, settings, metrics
        self._share = int(settings.sample * 2**32)
        self._waiting: list[tuple[bytes, int]] = []
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self.writer = secrets.token_hex(4)  # in containers that share a directory all processes have the same number
        self._file: int | None = None
        self._path = directory
        self._size, self._number, self._written, self._begun = 0, 0, 0, 0.0
        self._stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Mend what a kill cut off, and begin to write."""
        for path in sorted(self._directory.glob(PATTERN)):
            with contextlib.suppress(OSError):
                json_lines.cut_half_line(path, _WRITTEN)
        self._thread.start()

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """What hides personal values, by the key that was the newest when it was first asked for.

        Raises:
            MainlineError: when there is no key, and none can be kept.
        """
        return pseudonyms.newest()

    def samples(self, request_id: str) -> bool:
        """Say whether a request is logged; the same for each server and each version."""
        return self._share >= 2**32 or crc32(request_id.encode()) < self._share

    def add(self, lines: bytes, rows: int) -> None:
        """Take lines of n rows; never waits."""
        with self._lock:
            if self._waiting_bytes + len(lines) > MOST_WAITING:
                self._metrics.log_dropped += rows
                return
            self._waiting_bytes += len(lines)
            self._waiting.append((lines, rows))
        if self._waiting_bytes > ENOUGH:
            self._wake.set()

    def close(self) -> None:
        """Write what waits and end."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self._end_file()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._settings.flush_seconds)
            self._wake.clear()
            self._write_waiting()
            self._end_in_time()
        self._write_waiting()

    def _write_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not waiting:
            return
        rows = sum(count for _, count in waiting)
        content = b"".join(lines for lines, _ in waiting)
        self._written = 0
        try:
            self._write(content)
        except OSError as error:
            if not self._metrics.log_failing:
                warn("the prediction log is not written; answers go on", error=str(error))
            kept = content.rfind(b"\n", 0, self._written) + 1
            self._abandon_file(kept)
            rows_kept = _rows(waiting, kept)
            self._metrics.log_rows += rows_kept
            self._metrics.log_dropped += rows - rows_kept
            self._metrics.log_failing = True
        else:
            self._metrics.log_rows += rows
            self._metrics.log_failing = False

    def _write(self, content: bytes) -> None:
        # A file without a name was removed: what is written to it nobody can read.
        if self._file is None or self._size >= self._settings.rotate_bytes or not os.fstat(self._file).st_nlink:
            self._end_file()
            self._begin_file()
        assert self._file is not None
        view = memoryview(content)
        while self._written < len(content):
            self._written += os.write(self._file, view[self._written :])
        self._size += len(content)

    def _end_in_time(self) -> None:
        """Write no more to a file that is to be shipped by now."""
        after = self._settings.ship_seconds
        if after and self._file is not None and time.monotonic() - self._begun > after:
            self._end_file()

    def _begin_file(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._remove_old()
        self._number += 1
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self._path = self._directory / f"predictions-{started}-{self.writer}-{self._number:06d}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        with contextlib.suppress(OSError):
            # As long as it is open, this tells whoever ships files that it is not at its end.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._size, self._begun = 0, time.monotonic()

    def _end_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _abandon_file(self, kept: int) -> None:
        """Leave the file with the lines that were whole, none without a line; the next rows go into another.

        Args:
            kept: bytes of the write that failed which are whole lines.
        """
        self._size += kept
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
                if not self._size:
                    self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._end_file()

    def _remove_old(self) -> None:
        """Keep what is younger than `keep_days`, the newest `keep_bytes` of it."""
        kept, oldest = 0, time.time() - self._settings.keep_days * DAY
        found = []
        for path in self._directory.glob(PATTERN):
            with contextlib.suppress(FileNotFoundError):  # another server may clear the same directory
                found.append((path.stat(), path))
        for status, path in sorted(found, key=lambda pair: pair[0].st_mtime, reverse=True):
            kept += status.st_size
            if kept > self._settings.keep_bytes or status.st_mtime < oldest:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:  # lines are worth more than room
                    warn("an old file of the prediction log cannot be removed", file=str(path), error=str(error))


def _rows(waiting: list[tuple[bytes, int]], size: int) -> int:
    """Count the rows in the first bytes of what waited, which end in a whole line."""
    found = 0
    for lines, rows in waiting:
        if size < len(lines):
            return found + sum(len(orjson.loads(line)["prediction"]) for line in lines[:size].splitlines())
        found, size = found + rows, size - len(lines)
    return found
