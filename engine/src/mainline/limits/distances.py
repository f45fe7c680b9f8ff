"""How far two sketches lie apart, by column, 0 to 1: in known values, and in the share of missing ones.

Of numbers it is the distance of Kuiper over the bins of the sketch: how far the one distribution function lies above
the other at most, and how far below it. That of Kolmogorov and Smirnov is the larger of the two, so it hardly feels
values that draw together around the middle, as those of a feed that stands still. Of texts it is the largest
difference of one value's share: many values that each move a little, as a schedule does, do not add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mainline.contract import Array
from mainline.limits.sketches import Sketch

Kind = Literal["kuiper", "kolmogorov"]
"""How distances are measured; `kolmogorov` is what packages of before were played back by, with total variation."""


@dataclass(frozen=True)
class Distances:
    """Two sketches apart; a column without a known row has no distance of values."""

    values: Mapping[str, float]
    missing: Mapping[str, float]


@dataclass(frozen=True)
class Column:
    """Counts of one column by day and bin, shape (days, bins), and of its missing values, shape (days, 1).

    The bins of a number are in order.
    """

    counts: Array
    missing: Array
    is_number: bool

    @property
    def known(self) -> "Column":
        """The column whose bins say whether a value is missing."""
        known = self.counts.sum(axis=1, keepdims=True)
        return Column(np.hstack([self.missing, known]), np.zeros_like(self.missing), is_number=False)

    def distance(self, rows: Array, others: Array, kind: Kind) -> Array:
        """Return how far counts, shape (k, bins), lie from others, 0 to 1; NaN where one has no rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            first, second = (counts / counts.sum(axis=1, keepdims=True) for counts in (rows, others))
        apart = first - second
        if not self.is_number:
            return np.asarray(np.abs(apart).max(axis=1) if kind == "kuiper" else np.abs(apart).sum(axis=1) / 2)
        apart = np.cumsum(apart, axis=1)
        if kind == "kolmogorov":
            return np.asarray(np.abs(apart).max(axis=1))
        return np.asarray(np.maximum(apart.max(axis=1), 0) + np.maximum(-apart.min(axis=1), 0))


def between(sketch: Sketch, other: Sketch, kind: Kind = "kuiper") -> Distances:
    """Return how far two sketches lie apart."""
    columns = by_name([sketch, other])
    values = {name: _apart(column, kind) for name, column in columns.items()}
    return Distances(
        {name: value for name, value in values.items() if np.isfinite(value)},
        {name: _apart(column.known, kind) for name, column in columns.items()},
    )


def by_name(days: Sequence[Sketch]) -> dict[str, Column]:
    """Return the counts by column that all days have; texts beyond the named ones are one bin."""
    numbers = {
        name: _column([day.numbers[name].counts for day in days], [day.numbers[name].missing for day in days], True)
        for name in days[0].numbers
        if all(name in day.numbers for day in days)
    }
    texts = {}
    for name in (name for name in days[0].texts if all(name in day.texts for day in days)):
        values = sorted({value for day in days for value in day.texts[name].counts})
        counts = [[*(day.texts[name].counts.get(value, 0) for value in values), day.texts[name].others] for day in days]
        texts[name] = _column(counts, [day.texts[name].missing for day in days], False)
    return numbers | texts


def _column(counts: Sequence[Sequence[int]], missing: Sequence[int], is_number: bool) -> Column:
    return Column(np.array(counts, np.float64), np.array(missing, np.float64)[:, None], is_number)


def _apart(column: Column, kind: Kind) -> float:
    """Return how far the first day of two lies from the second."""
    return float(column.distance(column.counts[:1], column.counts[1:], kind)[0])
