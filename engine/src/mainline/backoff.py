"""How long to wait before what failed is tried again."""

_DOUBLINGS = 60
"""More than any wait needs; without an end the number of failures would overflow a float."""


def wait(failures: int, shortest: float, longest: float) -> float:
    """Return the seconds after so many failures in a row: the shortest wait, doubled for each after the first.

    Never more than the longest wait, unless the shortest is more.
    """
    return max(shortest, min(shortest * 2 ** min(max(failures - 1, 0), _DOUBLINGS), longest))
