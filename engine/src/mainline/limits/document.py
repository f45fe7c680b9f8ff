"""The document `monitor.json` of a package: what its window was like day by day, and the limits that it earned."""

from typing import Literal

import numpy as np

from mainline.contract import Array, Columns
from mainline.limits import playback, sketches
from mainline.limits.playback import Limits
from mainline.limits.sketches import Count, Numbers, Part, Sketch, Texts
from mainline.limits.windows import Quality

NAME = "monitor.json"
LEAST = 0.25
"""A day with a smaller share of the median day's rows, as at the ends of a window, is not a day to compare with."""


class Column(Part):
    """The worst of any day: shares of rows without a value, not whole, and outside of the range of the fitted rows.

    `varies` says that no day had one value. What is None is not a number's, or the package was built without it.
    """

    missing: float
    fractional: float | None
    outside: float | None = None
    varies: bool


class Earned(Part):
    """What a window was like, and what playing it back allows.

    `whole` is the sketch of all days, with the predictions of models that had not seen them. `features` and
    `predictions` are None if there are too few days, and so is `quality`.
    """

    format: Literal[1] = 1
    first: str
    last: str
    days: Count
    window_days: Count
    every_days: Count
    margin: float
    segment_rows: Count
    baseline: Literal["constant", "rule"]
    columns: dict[str, Column]
    whole: Sketch
    features: Limits | None
    predictions: Limits | None
    quality: Quality | None


def usual(days: dict[int, Sketch]) -> dict[int, Sketch]:
    """Return the days with about as many rows as the others, in order."""
    least = float(np.median([day.rows for day in days.values()])) * LEAST
    return {day: days[day] for day in sorted(days) if days[day].rows >= least}


def by_day(columns: Columns, predicted: Array | None, day: Array, bins: sketches.Bins) -> dict[int, Sketch]:
    """Sketch n rows by day; `predicted` may be None."""
    order = np.argsort(day, kind="stable")
    days, starts = np.unique(day[order], return_index=True)
    found = {}
    for one, rows in zip(days.tolist(), np.split(order, starts[1:]), strict=True):
        part = {name: values[rows] for name, values in columns.items()}
        found[one] = sketches.of_columns(part, None if predicted is None else predicted[rows], bins)
    return found


def worst(days: list[Sketch]) -> dict[str, Column]:
    """Return the worst of some days by column."""
    return {name: _worst(days, name) for name in (*days[0].numbers, *days[0].texts)}


def play_predictions(days: list[Sketch], length: int, every: int, margin: float) -> Limits | None:
    """Play the predictions of a window back, as `playback.play` does its features."""
    return playback.play([sketches.of_predictions(day) for day in days], length, every, margin)


def _worst(days: list[Sketch], name: str) -> Column:
    columns: list[Numbers | Texts] = [day.numbers[name] if name in day.numbers else day.texts[name] for day in days]
    missing = max(column.missing / day.rows for column, day in zip(columns, days, strict=True))
    numbers = [column for column in columns if isinstance(column, Numbers)]
    if not numbers:
        return Column(missing=missing, fractional=None, varies=False)
    fractional = max(column.fractional / day.rows for column, day in zip(numbers, days, strict=True))
    outside = max(column.outside / day.rows for column, day in zip(numbers, days, strict=True))
    varies = all(column.low != column.high for column in numbers if sum(column.counts))
    return Column(missing=missing, fractional=fractional, outside=outside, varies=varies)
