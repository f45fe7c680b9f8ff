"""The prediction log: JSON lines in rotated files, written by a thread of its own.

Rows wait in memory for at most `flush_seconds`; a normal stop writes them. A disk that refuses is tried again with
the next rows: rows are dropped and counted, requests never wait.
"""

import contextlib
import os
import secrets
import threading
import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from mainline.contract import Array
from mainline.data import pseudonyms
from mainline.data.pseudonyms import Pseudonyms
from mainline.declared.service import Log
from mainline.package.responses import Prediction
from mainline.seconds import DAY
from mainline.serving.answering.batching import Share
from mainline.serving.answering.messages import Request
from mainline.serving.answering.metrics import ServiceMetrics
from mainline.serving.answering.model import Model
from mainline.serving.logs import warn

MOST_WAITING = 2**24
"""Bytes that wait for a slow disk; what comes beyond is dropped and counted."""
ENOUGH = 2**18
"""Bytes that are written before their time, so that memory stays small under load."""
_CHUNK = 2**20
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
        self._size, self._number, self._written = 0, 0, 0
        self._stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Mend what a kill cut off, and begin to write."""
        for path in sorted(self._directory.glob(PATTERN)):
            with contextlib.suppress(OSError):
                _cut_after_last_line(path)
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

    def _begin_file(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._remove_old()
        self._number += 1
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self._path = self._directory / f"predictions-{started}-{self.writer}-{self._number:06d}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        self._size = 0

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


def log_line(model: Model, request: Request, share: Share, seconds: float, hide: Pseudonyms | None = None) -> bytes:
    """Write the line of the prediction log for a request of n rows: enough to compute each of them again.

    Inputs, features, predictions and stale tables are lists of n values, one per row, under one name each: less
    than a third of the bytes and of the time of an object per row. In the place of what is personal stand hashes,
    which `hide` makes; of a feature that is a number stands nothing.
    """
    answer, part = share.answer, slice(share.start, share.stop)
    inputs: dict[str, Any]
    features: dict[str, Any]
    if share.stop - share.start == 1:
        inputs = dict(zip(answer.given, answer.given_rows[share.start], strict=True))
        features = dict(zip(answer.features, answer.feature_rows[share.start], strict=True))
    else:
        inputs = {name: values[part] for name, values in answer.given.items()}
        features = {name: column[part] for name, column in answer.wide_features.items()}
    if hide is not None:
        inputs, features = _hidden(model, inputs, features, hide)
    line = {
        "time": answer.time,
        "request_id": request.id,
        "trace_id": request.trace[3:35],
        "key": request.key.id,
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "seconds": seconds,
        "inputs": inputs,
        "features": features,
        **_predictions(model, answer.predictions[part]),
        "stale": [pattern.stale for pattern in answer.patterns[part]],
    }
    if model.unusual:
        line["unusual"] = model.unusual.by_row(answer.unusual, share.start, share.stop)
    if request.experiment:
        line["experiment"], line["client"] = request.experiment[0], request.experiment[1].client
    return orjson.dumps(line, _plain, orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def _hidden(
    model: Model, inputs: dict[str, Any], features: dict[str, Any], by: Pseudonyms
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs and features of n rows without what is personal of them."""
    sent = {
        field.name: by.logged(field, inputs[field.name])
        for field in model.predictor.request if field.name in model.personal
    }  # fmt: skip
    seen = {name: _hide_feature(name, features[name], by) for name in features if name in model.personal}
    return inputs | sent, features | seen


def _hide_feature(name: str, values: Any, by: Pseudonyms) -> list[str | None]:
    return [by.text(name, value) if isinstance(value, str) and value else None for value in values]


def _predictions(model: Model, predictions: list[Prediction]) -> dict[str, Any]:
    """Return the members for n predictions: numbers, or classes beside the n probabilities of each."""
    if not model.classes:
        return {"prediction": predictions}
    shares = {str(name): [found["probabilities"][str(name)] for found in predictions] for name in model.classes}
    return {"prediction": [found["class"] for found in predictions], "probabilities": shares}


def _plain(column: Array) -> list[Any]:
    """Turn a column that orjson does not write, such as one of text, into a list."""
    return column.tolist()


def _rows(waiting: list[tuple[bytes, int]], size: int) -> int:
    """Count the rows in the first bytes of what waited, which end in a whole line."""
    found = 0
    for lines, rows in waiting:
        if size < len(lines):
            return found + sum(len(orjson.loads(line)["prediction"]) for line in lines[:size].splitlines())
        found, size = found + rows, size - len(lines)
    return found


def _cut_after_last_line(path: Path) -> None:
    """Remove the half line that a kill in the middle of a write leaves; files that are still written end in a line."""
    with path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        whole = 0
        while end and not whole:
            start = max(0, end - _CHUNK)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            whole, end = (start + found + 1 if found >= 0 else 0), start
        if whole < size and time.time() - path.stat().st_mtime > 1:
            file.truncate(whole)
