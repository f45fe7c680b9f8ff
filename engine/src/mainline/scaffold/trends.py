"""Columns that go with time alone, of which each new value lies beyond those that a model was fitted on."""

import numpy as np

from mainline.contract import Array
from mainline.scaffold.column import Column

REASON = "each new one is beyond those that were fitted"
_FEWEST = 3
"""Values below which a column is a flag, such as before and after a change."""


def reason(column: Column, times: Array) -> str:
    """Say why a column only goes with n times: a number that grows or falls, a text that never comes back; '' if not.

    Such are a year beside a date, a counter, and the name of a season. Rows without a time do not count.
    """
    if column.kind == "time" or column.missing or column.distinct < _FEWEST:
        return ""
    known = ~np.isnat(times)
    times = times[known]
    if column.is_number:
        values = column.values[known]
        order = np.lexsort((values, times))
        lows, highs = _extremes(values[order], times[order])
        grows = (lows[1:] >= highs[:-1]).all() or (highs[1:] <= lows[:-1]).all()
        return f"it only grows or falls with time: {REASON}" if grows else ""
    codes = column.codes[0][known]
    order = np.argsort(codes, kind="stable")
    first, last = _extremes(times[order], codes[order])
    stretch = np.argsort(first, kind="stable")
    once = (last[stretch][:-1] < first[stretch][1:]).all()
    return f"none of its texts comes back later: {REASON}" if once else ""


def _extremes(values: Array, groups: Array) -> tuple[Array, Array]:
    """Return the smallest and the largest value of each group of rows that stand beside each other."""
    begins = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    return np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
