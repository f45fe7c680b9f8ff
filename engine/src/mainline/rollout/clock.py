"""The time that a rollout goes by: what the clock on the wall says, at the pace of one that nobody sets."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_JUMP = 1.0
"""Seconds from which on a difference is a jump; below it the system is only brought into step."""


@dataclass
class Clock:
    """Seconds since 1970 that never jump by themselves; whoever asks learns of a jump and may follow it."""

    wall: Callable[[], float] = field(default_factory=lambda: time.time)
    steady: Callable[[], float] = field(default_factory=lambda: time.monotonic)

    def __post_init__(self) -> None:
        self._offset = self.wall() - self.steady()

    def now(self) -> float:
        """Return the time."""
        return self.steady() + self._offset

    def jump(self) -> float:
        """Return by how many seconds the clock on the wall was set since the last call, and follow it from here on.

        A machine that slept is one whose clock was set: nothing happened meanwhile.
        """
        apart = self.wall() - self.steady() - self._offset
        if abs(apart) < _JUMP:
            return 0.0
        self._offset += apart
        return apart
