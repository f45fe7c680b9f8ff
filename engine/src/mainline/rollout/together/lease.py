"""Who may decide, and until when, by the clock of each machine alone: no time of one is compared with another's.

A leader decides for a part of its lease, counted from before its last renewal was sent. Another server stands for
election if it has seen the same record for the whole lease, counted from when it saw it first, which is later. So the
one has stopped before another begins.
"""

import time
from collections.abc import Callable

_HELD = 0.8
"""The part of a lease in which its leader decides; the rest is for clocks that run at different rates."""


class Lease:
    """What one server knows of the term."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self.seen = ""
        """The id of the record that was seen last."""
        self._since, self._length = steady(), 0.0
        self._until = float("-inf")

    @property
    def leads(self) -> bool:
        """Whether this server decides."""
        return self.left > 0

    @property
    def left(self) -> float:
        """Seconds for which this server still decides."""
        return self._until - self._steady()

    @property
    def is_over(self) -> bool:
        """Whether nobody decides any more: there is no record, or the same one for a whole lease."""
        return not self.seen or self._steady() - self._since > self._length

    def now(self) -> float:
        """Return the moment that a renewal is counted from."""
        return self._steady()

    def see(self, found: str, length: float) -> None:
        """Take note of the record that hangs in git, and of its lease in seconds."""
        if found != self.seen:
            self.lose()
            self.seen, self._since, self._length = found, self._steady(), length

    def hold(self, written: str, began: float, length: float) -> None:
        """Decide from now on: this server's record, which it began to write at a moment, hangs in git."""
        self.seen, self._since, self._length = written, self._steady(), length
        self._until = began + _HELD * length

    def lose(self) -> None:
        """Decide no longer."""
        self._until = float("-inf")
