"""Columns that say the label: they add up to it, or predict it almost alone."""

from collections.abc import Mapping

import numpy as np

from mainline.contract import Array
from mainline.scaffold import sums
from mainline.scaffold.column import Column
from mainline.text import few

ALMOST_ALONE = 0.97
"""Share of the label's variance that one column explains in rows that it was not told of."""
_NEIGHBOURS = 6
_SAMPLE = 20_000


def suspects(columns: Mapping[str, Column], label: Array, seed: int = 0) -> dict[str, str]:
    """Return the columns that say the label, each with the reason.

    Args:
        columns: those that may become features.
        label: n numbers or codes of classes, NaN where the label is missing.
        seed: of the sample of rows, if there are many.
    """
    rows = np.flatnonzero(~np.isnan(label))
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:_SAMPLE])
    found: dict[str, str] = {}
    for name, column in columns.items():
        share = explained(column, label, rows)
        if share > ALMOST_ALONE:
            found[name] = f"it predicts the label almost alone ({share:.1%} of its variance)"
    numbers = {name: column.floats()[rows] for name, column in columns.items() if column.is_number}
    while len(rest := {name: values for name, values in numbers.items() if name not in found}) > 1:
        parts, how = sums.of_label(rest, label[rows], seed)
        if not parts:
            break
        found |= dict.fromkeys(parts, f"the label is a {how} of {few(parts, 4)}")
    return found


def explained(column: Column, label: Array, rows: Array) -> float:
    """Return the share of the label's variance that a column alone explains, each row by others like it.

    A row is predicted by the mean of the other rows with the same value or, where a column has many values, of its
    neighbours in the order of the values. Classes count one by one, and the worst explained decides.
    """
    truth = label[rows]
    codes = column.codes[0][rows]
    few = len(np.unique(codes)) * 10 <= len(rows)
    if not few and not column.is_number:
        return 0.0
    targets = [truth]
    classes = np.unique(truth)
    if 2 < len(classes) <= 30 and np.array_equal(classes, np.arange(len(classes))):
        targets = [(truth == one).astype(float) for one in classes]
    return min(_share(codes, target) if few else _near(column.floats()[rows], target) for target in targets)


def _share(codes: Array, truth: Array) -> float:
    """Predict each row by the mean of the others of its value."""
    groups = codes + 1
    counts, sums = np.bincount(groups), np.bincount(groups, truth)
    others = counts[groups] - 1
    alone = others == 0
    predicted = np.where(alone, truth.mean(), (sums[groups] - truth) / np.maximum(others, 1))
    return _r2(predicted, truth)


def _near(values: Array, truth: Array) -> float:
    """Predict each row by the mean of its neighbours in the order of the values."""
    order = np.argsort(values, kind="stable")
    ranked = truth[order]
    width = _NEIGHBOURS // 2
    padded = np.concatenate([np.zeros(1), np.cumsum(ranked)])
    place = np.arange(len(ranked))
    first, last = np.maximum(place - width, 0), np.minimum(place + width + 1, len(ranked))
    predicted = (padded[last] - padded[first] - ranked) / (last - first - 1)
    return _r2(predicted, ranked)


def _r2(predicted: Array, truth: Array) -> float:
    total = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - predicted) ** 2).sum()) / total if total else 0.0
