"""Bounds of a column, rounded out: what a client may send, and what goes to quarantine."""

import math

import numpy as np

from mainline.scaffold.column import Column
from mainline.scaffold.leaks import explained
from mainline.scaffold.plan import Plan


def outer(column: Column) -> tuple[float, float]:
    """Return bounds half the range of the data further out, of two digits; what is never negative stays so.

    Whole numbers that are never 0 stay so as well: they count something, and a feature may divide by them.
    """
    values = column.present.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    room = (high - low) / 2
    step = 10.0 ** math.floor(math.log10(room)) if room else 1.0
    below, above = math.floor((low - room) / step) * step, math.ceil((high + room) / step) * step
    if low >= 0:
        below = max(below, 1.0 if column.kind == "integer" and low >= 1 else 0.0)
    if high <= 0:
        above = min(above, 0.0)
    return _tidy(below, column), _tidy(above, column)


def thirds(plan: Plan, longest: int) -> tuple[str, tuple[float, ...]]:
    """Return the number that explains most of the label, and what cuts the rows into thirds; '' if there is none.

    Names of more than `longest` letters are passed over.
    """
    label = plan.codes
    rows = np.flatnonzero(~np.isnan(label))
    named = [name for name in plan.numbers if len(name) <= longest]
    told = {name: explained(plan.columns[name], label, rows, len(plan.target.classes)) for name in named}
    for name in sorted(told, key=lambda name: -told[name]):
        cuts = tuple(float(f"{cut:.3g}") for cut in np.quantile(plan.columns[name].present, [1 / 3, 2 / 3]))
        if cuts[0] < cuts[1]:
            return name, cuts
    return "", ()


def _tidy(value: float, column: Column) -> float:
    return int(value) if column.kind == "integer" or value.is_integer() else float(f"{value:.6g}")
