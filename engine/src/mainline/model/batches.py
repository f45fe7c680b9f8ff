"""How far a prediction depends on the rows that are predicted with it.

Trees, boosting and nearest neighbours give a row the same prediction alone and among others, to the last bit. Products
of matrices do not: linear algebra sums in another order for one row than for many.
"""

import math
from collections.abc import Callable

import numpy as np

from mainline.contract import Array, Columns

ROWS, SIZES = 200, (1, 3, 16)
"""How many rows are predicted again, and in batches of how many."""

HEADROOM = 4
"""How much larger than measured a difference may be on rows and processors that were not tried."""


def difference(predict: Callable[[Columns], Array], rows: Columns) -> float:
    """Return how far a prediction moves, at most, when the same row is predicted alone, with a few, or with all n.

    Not a number where one of the two is none.
    """
    whole = predict(rows)
    chosen = np.unique(np.linspace(0, len(whole) - 1, min(ROWS, len(whole))).astype(int))
    again = [_in_batches(predict, rows, chosen, size) for size in SIZES]
    return max(float(_apart(whole[chosen], found)[_unequal(whole[chosen], found)].max(initial=0.0)) for found in again)


def differ(one: Array, other: Array, tolerance: float = 0.0) -> Array:
    """Say of n rows whether two computations of them differ by more than a tolerance; NaN equals NaN. Shape (n,)."""
    wrong = _unequal(one, other)
    if tolerance:
        wrong &= ~(_apart(one, other) <= tolerance)
    return np.asarray(wrong if wrong.ndim == 1 else wrong.any(axis=1))


def _unequal(one: Array, other: Array) -> Array:
    return np.asarray(~((one == other) | ((one != one) & (other != other))))


def _apart(one: Array, other: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.abs(one - other)


def bound(measured: float) -> float:
    """Return the tolerance to state for a measured difference: 0 for none, else a power of ten with some headroom.

    A round figure is the same wherever the package is built, though last bits are not.
    """
    if measured == 0 or not math.isfinite(measured):
        return 0.0 if measured == 0 else math.inf
    return 10.0 ** math.ceil(math.log10(HEADROOM * measured))


def _in_batches(predict: Callable[[Columns], Array], rows: Columns, chosen: Array, size: int) -> Array:
    parts = (chosen[first : first + size] for first in range(0, len(chosen), size))
    return np.concatenate([predict({name: values[part] for name, values in rows.items()}) for part in parts])
