"""How much one feature says about another, between 0 and 1, whatever kinds they are."""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from mainline.contract import Array

ROWS = 20_000
"""Rows, spread evenly over all, that are looked at: the third digit does not matter here."""


def strongest(columns: Mapping[str, Array], name: str) -> tuple[str, float]:
    """Return the other column that says most about one of n rows each, and how much; ("", NaN) if there is none."""
    step = max(1, len(columns[name]) // ROWS)
    found = {
        other: association(columns[name][::step], values[::step]) for other, values in columns.items() if other != name
    }
    known = {other: strength for other, strength in found.items() if strength == strength}
    strongest = max(known, key=lambda other: known[other], default="")
    return strongest, known.get(strongest, float("nan"))


def association(one: Array, other: Array) -> float:
    """Measure how two columns of n rows go together, rows with a missing number left out; NaN if one is constant.

    Two numbers: the absolute rank correlation (Spearman). A number and a text: the correlation ratio (the root
    of the share of the ranks' variance that lies between the groups). Two texts: Cramer's V.
    """
    texts = [values.dtype.kind in "OUS" for values in (one, other)]
    known = ~(_missing(one) | _missing(other))
    left, right = (_codes(v[known]) if text else _ranks(v[known]) for v, text in zip((one, other), texts, strict=True))
    if any(len(values) == 0 or (values == values[0]).all() for values in (left, right)):
        return float("nan")
    if all(texts):
        return _cramer(left, right)
    if not any(texts):
        return float(abs(np.corrcoef(left, right)[0, 1]))
    return _ratio(left, right) if texts[0] else _ratio(right, left)


def _missing(values: Array) -> Array:
    return np.zeros(len(values), bool) if values.dtype.kind in "OUS" else np.isnan(values)


def _codes(values: Array) -> Array:
    return np.unique(values.astype("U"), return_inverse=True)[1]


def _ranks(values: Array) -> Array:
    return stats.rankdata(values)


def _ratio(codes: Array, values: Array) -> float:
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=values) / counts
    between = np.sum(counts * (means - values.mean()) ** 2)
    return float(np.sqrt(between / np.sum((values - values.mean()) ** 2)))


def _cramer(one: Array, other: Array) -> float:
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    square = np.sum((table - expected) ** 2 / expected)
    return float(np.sqrt(square / table.sum() / (min(table.shape) - 1)))
