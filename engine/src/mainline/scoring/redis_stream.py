"""Predictions for the entries of a Redis stream: each is answered at least once, whatever dies meanwhile.

One batch is under way at a time, and an entry is acknowledged with its answer. What was given out before and has no
answer, because a consumer was killed, is taken over one entry at a time: one that ends its consumer ends it alone, and
is given up after some tries.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

import orjson

from mainline import backoff, interrupts
from mainline.declared.streams import Stream
from mainline.errors import MainlineError
from mainline.scoring import row_answers
from mainline.scoring.redis_entries import Entries, Entry
from mainline.serving.answering.problems import Problem
from mainline.text import count

if TYPE_CHECKING:
    from redis.exceptions import RedisError

Contents = Callable[[Sequence[bytes | None]], list[dict[str, Any]]]
"""Returns the members of the answer to each row; None stands for a row that is too long."""
SHORTEST, LONGEST = 0.1, 5.0
"""Seconds until Redis is tried again."""
PAUSE = 0.2
"""Seconds until it is asked again whether there is room for answers."""
_HOPELESS = ("WRONGTYPE", "NOPERM", "unknown command", "ERR unknown", "user executing the script")
"""Words of what no waiting mends; the last ones are said by Redis 6.2 and 7.0 of a right that a script lacks."""


class StreamError(MainlineError):
    """Redis refuses what no waiting mends."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"Redis refuses the declared stream ({_line(error)}). It needs Redis 6.2 or Valkey, a user that may use "
            "streams and scripts there, and two names (stream.requests, stream.answers) that hold nothing else."
        )


class RedisStream:
    """A consumer of the declared stream."""

    def __init__(self, declared: Stream, answer: Contents, stopped: threading.Event) -> None:
        """Prepare it; nothing is asked yet.

        Args:
            declared: the section `stream`.
            answer: predicts.
            stopped: ends it after the batch that is under way.

        Raises:
            ParamsError: as `Entries`.
        """
        self._declared, self._contents, self._stopped = declared, answer, stopped
        self.entries = Entries(declared)
        self._is_joined = self._has_own = self._is_full = False
        self._claim_at = 0.0
        self._unwritten: list[tuple[Entry, bytes]] = []
        self.answered = self.refused = self.gone = 0
        """Entries with an answer of this consumer; those of them that are a problem; those that were deleted before."""

    def run(self) -> None:
        """Answer until stopped; Redis may go away and come back.

        Raises:
            StreamError: when it refuses for good.
        """
        from redis.exceptions import RedisError

        failures = 0
        try:
            while not self._stopped.is_set():
                try:
                    self._step()
                except RedisError as error:
                    self._is_joined = False
                    _check_hope(error)
                    self.entries.close()  # the address may lead to another server by now, as after a failover
                    if not failures:
                        _tell(f"Redis does not answer as it should ({_line(error)}); tried again until it does.")
                    failures += 1
                    self._stopped.wait(backoff.wait(failures, SHORTEST, LONGEST))
                else:
                    if failures:
                        _tell("Redis answers again.")
                    failures = 0
        finally:
            self._leave()

    def _step(self) -> None:
        """Do the next thing that is to be done; each takes a second or so, besides the predicting."""
        if not self._is_joined:
            self.entries.join()
            self._is_joined = self._has_own = True
        if self._unwritten:
            self._write()
        room = self.entries.room()
        if self._is_full != (room < 1):
            self._is_full = room < 1
            _tell(f"{self._declared.answers} is full; entries wait until answers are deleted." if self._is_full else
                  f"{self._declared.answers} has room again.")  # fmt: skip
        if self._is_full:
            self._stopped.wait(PAUSE)
        elif self._has_own:
            self._has_own = self._answer_again(self.entries.own())
        else:
            # In turn: many entries of a consumer that is gone hold up no new one.
            taken_over = monotonic() >= self._claim_at and self._take_over()
            self._answer(self.entries.new(min(self._declared.batch, room - taken_over), is_waiting=not taken_over))

    def _take_over(self) -> bool:
        """Answer an entry of a consumer that is gone; return whether there was one."""
        claimed, deleted, is_last = self.entries.abandoned()
        self._lose(deleted)
        found = self._answer_again(claimed)
        if not found and is_last:
            self._claim_at = monotonic() + min(1.0, self._declared.claim_seconds)
        return found

    def _answer_again(self, entries: Sequence[Entry]) -> bool:
        """Answer an entry that was given out before; return whether there was one."""
        for entry in entries:
            if entry.fields is None:
                self.entries.acknowledge(entry)
                self._lose(1)
            elif (deliveries := self.entries.deliveries(entry)) > self._declared.deliveries:
                said = (
                    f"The entry was given out {deliveries} times, and no consumer lived to answer it; it is given up."
                )
                self._prepare([entry], [row_answers.refusal(Problem("prediction-failed", said))])
                self._write()
            else:
                self._answer([entry])
        return bool(entries)

    def _answer(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        flaws = [entry.flaw for entry in entries]
        sent = [b"" if flaw else (entry.fields or {})[b"row"] for entry, flaw in zip(entries, flaws, strict=True)]
        found = self._contents([None if len(row) > row_answers.LONGEST else row for row in sent])
        refusals = [row_answers.refusal(Problem("invalid-request", flaw)) if flaw else None for flaw in flaws]
        self._prepare(entries, [refused or one for refused, one in zip(refusals, found, strict=True)])
        self._write()

    def _prepare(self, entries: Sequence[Entry], contents: Sequence[dict[str, Any]]) -> None:
        """Keep answers until they are written: what Redis does not take now is not predicted again."""
        self._unwritten = [(entry, orjson.dumps(content)) for entry, content in zip(entries, contents, strict=True)]
        self.refused += sum("error" in content for content in contents)

    def _write(self) -> None:
        self.answered += self.entries.answer(self._unwritten)
        self._unwritten = []

    def _lose(self, number: int) -> None:
        if number:
            self.gone += number
            _tell(f"{count(number, 'entry')} of {self._declared.requests} deleted before an answer was written.")

    def _leave(self) -> None:
        from redis.exceptions import RedisError

        with contextlib.suppress(RedisError):  # without Redis, another consumer strikes it off later
            self.entries.leave()


def answer_until_told(declared: Stream, answer: Contents) -> str:
    """Answer entries until SIGTERM or Ctrl-C, after which the batch under way is answered; return what was done.

    Raises:
        MainlineError: when Redis cannot be used as declared.
    """
    stopped = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    stream = RedisStream(declared, answer, stopped)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    interrupts.end()
    _tell(f"Answering {declared.requests} on {declared.answers} as {stream.entries.consumer} of {declared.group}.")
    stream.run()
    gone = f"; {count(stream.gone, 'entry')} deleted before" if stream.gone else ""
    return f"Stopped after {count(stream.answered, 'answer')}, {stream.refused:,} of them problems{gone}."


def _check_hope(error: "RedisError") -> None:
    """Refuse to go on after what waiting does not mend.

    Raises:
        StreamError: if so.
    """
    from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError

    if isinstance(error, AuthenticationError | AuthorizationError | NoPermissionError):
        raise StreamError(error) from error
    if any(word in str(error) for word in _HOPELESS):
        raise StreamError(error) from error


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:300]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
