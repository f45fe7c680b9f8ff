"""Numbers that only grow with time, of which each new one lies beyond those that a model was fitted on."""

import numpy as np

from mainline.contract import Array
from mainline.scaffold.column import Column

REASON = "each new one is beyond those that were fitted"
_FEWEST = 3
"""Values below which a number is a flag, such as before and after a change."""


def follows(column: Column, times: Array) -> bool:
    """Say whether a number only grows, or only falls, with n times, such as a year beside a date, or a counter."""
    if not column.is_number or column.missing or column.distinct < _FEWEST:
        return False
    order = np.lexsort((column.values, times))
    when, values = times[order], column.values[order]
    first = np.flatnonzero(np.r_[True, when[1:] != when[:-1]])
    lows, highs = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    return bool((lows[1:] >= highs[:-1]).all() or (highs[1:] <= lows[:-1]).all())
