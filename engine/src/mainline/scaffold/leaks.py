"""Columns that say the label: they add up to it, or predict it almost alone."""

from collections.abc import Callable, Mapping

import numpy as np

from mainline.contract import Array
from mainline.scaffold import sums
from mainline.scaffold.column import Column
from mainline.text import few

ALMOST_ALONE = 0.97
"""Share of the label's variance that one column explains in rows that it was not told of."""
_NEIGHBOURS = 6
_SAMPLE = 20_000


def suspects(columns: Mapping[str, Column], label: Array, classes: int = 0) -> dict[str, str]:
    """Return the columns that say the label, each with the reason.

    Args:
        columns: those that may become features.
        label: n numbers or codes of classes, NaN where the label is missing.
        classes: how many there are; 0 for numbers.
    """
    rows = np.flatnonzero(~np.isnan(label))
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:_SAMPLE])
    found: dict[str, str] = {}
    for name, column in columns.items():
        share = explained(column, label, rows, classes)
        if share > ALMOST_ALONE:
            found[name] = f"it predicts the label almost alone ({share:.1%} of its variance)"
    numbers = {name: column.floats()[rows] for name, column in columns.items() if column.is_number}
    while len(rest := {name: values for name, values in numbers.items() if name not in found}) > 1:
        parts, how = sums.of_label(rest, label[rows])
        if not parts:
            break
        found |= dict.fromkeys(parts, f"the label is a {how} of {few(parts, 4)}")
    return found


def explained(column: Column, label: Array, rows: Array, classes: int = 0) -> float:
    """Return the share of the label's variance that a column alone explains, each row by others like it.

    A row is predicted by the mean of the other rows with the same value, if a column has few values, or by that of its
    neighbours in the order of the numbers; what explains more counts. The variance of classes is that of all of them
    together: a rare class counts by its rows, so that a column which says every other class is found.

    Args:
        column: that explains.
        label: n numbers, or codes of classes.
        rows: those that count; each has a label.
        classes: how many there are; numbers and two classes are one column of numbers.
    """
    truth = label[rows]
    codes = column.codes[0][rows]
    ways: list[Callable[[Array], float]] = []
    if len(np.unique(codes)) * 10 <= len(rows):
        ways.append(lambda target: _by_value(codes, target))
    if column.is_number:
        order = _order(column.floats()[rows])
        ways.append(lambda target: _by_order(target[order]))
    if not ways:
        return 0.0
    targets = [truth] if classes <= 2 else [(truth == one).astype(float) for one in range(classes)]
    total = sum(float(((target - target.mean()) ** 2).sum()) for target in targets)
    missed = min(sum(map(way, targets)) for way in ways)
    return 1 - missed / total if total else 0.0


def _by_value(codes: Array, truth: Array) -> float:
    """Predict each row by the mean of the others of its value, and return the sum of the squared errors."""
    groups = codes + 1
    counts, sums = np.bincount(groups), np.bincount(groups, truth)
    others = counts[groups] - 1
    alone = others == 0
    predicted = np.where(alone, truth.mean(), (sums[groups] - truth) / np.maximum(others, 1))
    return float(((truth - predicted) ** 2).sum())


def _order(values: Array) -> Array:
    """Return the order of n numbers; equal ones stand by chance, since rows may be sorted by the label."""
    return np.lexsort((np.random.default_rng(0).random(len(values)), values))


def _by_order(ranked: Array) -> float:
    """Predict each row by the mean of its neighbours in an order, and return the sum of the squared errors."""
    width = _NEIGHBOURS // 2
    padded = np.concatenate([np.zeros(1), np.cumsum(ranked)])
    place = np.arange(len(ranked))
    first, last = np.maximum(place - width, 0), np.minimum(place + width + 1, len(ranked))
    predicted = (padded[last] - padded[first] - ranked) / (last - first - 1)
    return float(((ranked - predicted) ** 2).sum())
