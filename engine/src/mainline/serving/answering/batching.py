"""Requests that arrive together are predicted together: one row costs almost as much as ten.

Nobody waits for a batch to fill: it is what arrived in the same turn of the event loop. Large batches are predicted
by a thread of their own, so that small requests go on being answered.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

from mainline.serving.answering.answer import Answer
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem
from mainline.serving.answering.stages import Stages

INLINE_ROWS = 200
"""A request of up to so many rows is predicted by the event loop itself: about a millisecond."""
BATCH_ROWS = 1000
"""Up to so many rows of several requests are predicted together: the fixed cost of a batch is spread by then."""
Rows = Sequence[Mapping[str, Any]]
T = TypeVar("T")


class Share(NamedTuple):
    """One request's part of a batch: rows `start` to `stop` of the answer."""

    answer: Answer
    start: int
    stop: int


Outcome = Share | Exception
Done = Callable[[Outcome], None]
Waiting = tuple[Rows, Done]


class Batcher:
    """Collects requests by model and predicts them."""

    def __init__(self, queued_rows: int, timed: bool = False) -> None:
        """Let so many rows wait; with `timed`, answers say when their stages were."""
        self.most_rows = queued_rows
        """Rows that may wait."""
        self._timed = timed
        self._queued = 0
        self._waiting: dict[Model, list[Waiting]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bulk")

    @property
    def queued_rows(self) -> int:
        """Rows that wait for a prediction."""
        return self._queued

    def check_room(self, rows: int) -> None:
        """Refuse so many rows more where too many wait; an empty queue takes any.

        Raises:
            Problem: overloaded.
        """
        if self._queued and self._queued + rows > self.most_rows:
            detail = f"{self._queued} rows wait for a prediction already; send the request again in a second."
            raise Problem("overloaded", detail, headers=[(b"retry-after", b"1")])

    def submit(self, model: Model, rows: Rows, done: Done) -> None:
        """Predict the rows of one request and call `done` with their share of the batch or what went wrong.

        Raises:
            Problem: overloaded, when too many rows wait already.
        """
        self.check_room(len(rows))
        if not self._waiting:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._flush, loop)
        self._waiting.setdefault(model, []).append((rows, done))
        self._queued += len(rows)

    async def aside(self, rows: int, work: Callable[[], T]) -> T:
        """Do work for a request of so many rows in the thread of large batches; meanwhile these rows wait, too."""
        self._queued += rows
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._queued -= rows

    def close(self) -> None:
        """End the thread, after what it works on."""
        self._thread.shutdown()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        batches, self._waiting = self._waiting, {}
        for model, waiting in batches.items():
            for part in _parts([entry for entry in waiting if len(entry[0]) <= INLINE_ROWS]):
                self._settle(part, _predict(model, [rows for rows, _ in part], self._timed))
            for entry in waiting:
                if len(entry[0]) > INLINE_ROWS:
                    job = loop.run_in_executor(self._thread, _predict, model, [entry[0]], self._timed)
                    job.add_done_callback(partial(self._settle_job, entry))

    def _settle_job(self, entry: Waiting, job: asyncio.Future[list[Outcome]]) -> None:
        self._settle([entry], job.result())

    def _settle(self, waiting: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
        for (rows, done), outcome in zip(waiting, outcomes, strict=True):
            self._queued -= len(rows)
            done(outcome)


def _parts(waiting: list[Waiting]) -> list[list[Waiting]]:
    """Cut requests into batches of at most `BATCH_ROWS` rows."""
    parts: list[list[Waiting]] = []
    count = BATCH_ROWS
    for entry in waiting:
        if count + len(entry[0]) > BATCH_ROWS:
            parts.append([])
            count = 0
        parts[-1].append(entry)
        count += len(entry[0])
    return parts


def _predict(model: Model, requests: Sequence[Rows], timed: bool) -> list[Outcome]:
    """Predict several requests as one; where that fails, each half of them, so that one spoils no others."""
    rows = requests[0] if len(requests) == 1 else [row for request in requests for row in request]
    try:
        answer = _timed(model, rows) if timed else model.answer(model.reader.read(rows))
    except Exception as error:
        if len(requests) > 1:
            half = len(requests) // 2
            return _predict(model, requests[:half], timed) + _predict(model, requests[half:], timed)
        return [error]
    shares: list[Outcome] = []
    start = 0
    for request in requests:
        shares.append(Share(answer, start, start + len(request)))
        start += len(request)
    return shares


def _timed(model: Model, rows: Rows) -> Answer:
    """Return the answer to rows, which says when its stages were."""
    stages = Stages()
    read = model.reader.read(rows)
    stages.end("check")
    return model.answer(read, stages)
