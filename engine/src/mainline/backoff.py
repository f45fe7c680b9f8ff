"""How long to wait before what failed is tried again."""

from dataclasses import dataclass

_DOUBLINGS = 60
"""More than any wait needs; without an end the number of failures would overflow a float."""


def wait(failures: int, shortest: float, longest: float) -> float:
    """Return the seconds after so many failures in a row: the shortest wait, doubled for each after the first.

    Never more than the longest wait, unless the shortest is more.
    """
    return max(shortest, min(shortest * 2 ** min(max(failures - 1, 0), _DOUBLINGS), longest))


@dataclass
class BackOff:
    """Doubles the wait after each failure in a row, from the usual one to the longest; seconds of any clock."""

    longest: float
    failures: int = 0
    until: float = 0.0

    def fail(self, usual: float, now: float) -> None:
        """Count a failure."""
        self.failures += 1
        self.until = now + wait(self.failures, usual, self.longest)

    def reset(self) -> None:
        """Begin anew."""
        self.failures, self.until = 0, 0.0
