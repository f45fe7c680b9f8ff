"""The exact median of each column of float32 numbers, in memory that does not grow with the rows."""

from collections.abc import Callable, Iterable

import numpy as np

from mainline.contract import Array

_HALF = 1 << 16
"""Values of half of a float32's bits."""


def medians(tables: Callable[[], Iterable[Array]], columns: int) -> Array:
    """Return the median of each of c columns, shape (c,), without NaN; 0 for a column of nothing else.

    Numbers are counted by the upper half of their bits, then by the lower half where the median lies (radix
    selection), so the rows are read twice and 2 x 65,536 counts a column are kept.

    Args:
        tables: yields tables of shape (n, c), of numbers that float32 holds, the same ones at each call.
        columns: c.
    """
    upper = np.zeros((columns, _HALF), np.int64)
    for table in tables():
        for place, ordered in enumerate(_ordered(table)):
            upper[place] += np.bincount(ordered >> 16, minlength=_HALF)
    count = upper.sum(axis=1)
    ranks = [np.maximum(count - 1, 0) // 2, count // 2]
    ends = upper.cumsum(axis=1)
    within = [_bucket(ends, rank) for rank in ranks]
    lower = np.zeros((2, columns, _HALF), np.int64)
    for table in tables():
        for place, ordered in enumerate(_ordered(table)):
            for side in range(2):
                here = ordered[(ordered >> 16) == within[side][place]]
                lower[side, place] += np.bincount(here & (_HALF - 1), minlength=_HALF)
    found = []
    for side, rank in enumerate(ranks):
        before = ends[np.arange(columns), within[side]] - upper[np.arange(columns), within[side]]
        low = _bucket(lower[side].cumsum(axis=1), rank - before)
        found.append(_numbers((within[side] << 16 | low).astype(np.uint32)))
    return np.where(count > 0, (found[0] + found[1]) / 2, 0.0)


def _bucket(ends: Array, rank: Array) -> Array:
    """Return in which bucket of each of c columns the value of a rank is, shape (c,); `ends` are running counts."""
    return np.minimum((ends <= rank[:, None]).sum(axis=1), _HALF - 1)


def _ordered(table: Array) -> Iterable[Array]:
    """Yield each column without NaN as whole numbers that are ordered as its numbers are."""
    for column in np.asarray(table, np.float32).T:
        bits = (column[~np.isnan(column)] + np.float32(0)).view(np.uint32)  # adding 0 makes one of the two zeros
        yield np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31)).astype(np.int64)


def _numbers(ordered: Array) -> Array:
    """Return the numbers of which `_ordered` made whole ones, as float64."""
    bits = np.where(ordered >> 31, ordered & np.uint32((1 << 31) - 1), ~ordered)
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)
