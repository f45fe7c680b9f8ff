"""Each column by itself, beside the label and from period to period; and all columns beside each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mainline.contract import Array
from mainline.data import profile
from mainline.experiments.associations import ROWS as LOOKED
from mainline.experiments.associations import association
from mainline.look.sheet import Sheet
from mainline.scaffold import labels, leaks
from mainline.scaffold.column import Column
from mainline.scaffold.findings import Wishes
from mainline.text import clip

BINS = 12
"""Bars of a histogram of numbers."""
LONGEST = 60
"""Letters of a text that are shown."""
TOP = 8
"""Texts that have a bar of their own."""
FEWEST = 20
"""Rows in which both of two columns have a value, below which nobody can say how they go together."""
WIDEST = 30
"""Columns of the picture of associations: those that go most with the label, or else the first ones."""
FEW = 200
"""Rows of a period from which its distribution can be told from another one."""
LEVELS = 200
"""Different texts beyond which an association, or a drift, is of chance for the most part."""
_PAIRED = 5_000
"""Rows by which pairs are measured: there are many pairs."""
_TAILS = (0.01, 0.99)
"""Shares of the rows between which a histogram of numbers reaches."""


class Bar(NamedTuple):
    """A value or a range of values, with its share of the rows that have one."""

    name: str
    share: float


@dataclass(frozen=True)
class Portrait:
    """What is known of a column.

    `level` is, by period, the mean of numbers or the share of the commonest text; `missing_by` the share of rows
    without a value; `drift` the stability index against all rows before it (`data/profile.py`). They are NaN in a
    period of fewer than `FEW` rows, and empty if there are no periods.
    """

    column: Column
    missing: float
    low: float
    middle: float
    high: float
    bars: tuple[Bar, ...]
    strength: float
    """How much it says about the label, 0 to 1; NaN if it cannot be said."""
    leak: str
    """Why it seems to say the label; '' if it does not."""
    hidden: str
    level: tuple[float, ...] = ()
    missing_by: tuple[float, ...] = ()
    drift: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def most_drift(self) -> float:
        """The largest stability index of a period; NaN if there is none."""
        known = [value for value in self.drift if value == value]
        return max(known, default=float("nan"))


@dataclass(frozen=True)
class Gallery:
    """All portraits, and how strongly each two columns go together: `pairs[i][j]` of `compared[i]` and `[j]`."""

    sheet: Sheet
    portraits: tuple[Portrait, ...]
    compared: tuple[str, ...]
    pairs: Array
    task: str
    """What the label is to predict as; '' without a label."""


def paint(sheet: Sheet) -> Gallery:
    """Look at every column of a sheet.

    Raises:
        TableError: when nothing can be predicted of the label.
    """
    task, suspected = "", {}
    if sheet.label:
        target = labels.infer(sheet.columns[sheet.label], Wishes())
        task, codes = target.task, target.codes(sheet.columns[sheet.label])
        others = {n: c for n, c in sheet.columns.items() if n != sheet.label and c.kind != "time"}
        suspected = leaks.suspects(others, codes, len(target.classes))
    found = tuple(_portrait(sheet, column, suspected.get(name, "")) for name, column in sheet.columns.items())
    compared = _compared(found, sheet.label)
    return Gallery(sheet, found, compared, _pairs(sheet.columns, compared), task)


def _portrait(sheet: Sheet, column: Column, leak: str) -> Portrait:
    numbers = _numbers(column)
    known = numbers[~np.isnan(numbers)] if numbers is not None else np.zeros(0)
    low, middle, high = np.quantile(known, (0, 0.5, 1)).tolist() if len(known) else (float("nan"),) * 3
    is_label = column.name == sheet.label
    strength = float("nan") if is_label or not sheet.label else _strength(column, sheet.columns[sheet.label], LOOKED)
    level, missing, drift = _over_time(sheet, column)
    return Portrait(
        column, column.missing / max(len(column.values), 1), low, middle, high, _bars(column), strength, leak,
        sheet.hidden.get(column.name, ""), level, missing, drift,
    )  # fmt: skip


def _numbers(column: Column) -> Array | None:
    """Return numbers, or times as seconds since 1970, shape (n,); None for texts."""
    if column.is_number:
        return column.floats()
    if column.kind != "time":
        return None
    seconds = column.values.astype("datetime64[s]").astype(np.int64).astype(np.float64)
    return np.where(column.is_missing, np.nan, seconds)


def _bars(column: Column) -> tuple[Bar, ...]:
    """Return a histogram of numbers, or the commonest texts; each value of few whole numbers has a bar."""
    if not len(column.present):
        return ()
    if column.kind == "text" or (column.kind == "integer" and column.distinct <= BINS):
        counts = Counter(column.present.tolist())
        named = counts.most_common(TOP) if column.kind == "text" else sorted(counts.items())
        return tuple(Bar(clip(str(value), LONGEST), rows / len(column.present)) for value, rows in named)
    numbers = _numbers(column)
    known = numbers[~np.isnan(numbers)] if numbers is not None else np.zeros(0)
    low, high = np.quantile(known, _TAILS)
    if low == high:
        low, high = known.min(), known.max()
    if low == high:
        return (Bar(f"{low:g}", 1.0),)
    edges = np.linspace(low, high, BINS + 1)
    if not (np.diff(edges) > 0).all():  # so near to each other that no number is between them
        return (Bar(_range(column, low, high), 1.0),)
    counted, edges = np.histogram(known, edges)
    names = [_range(column, *pair) for pair in pairwise(edges.tolist())]
    return tuple(Bar(name, rows / len(known)) for name, rows in zip(names, counted.tolist(), strict=True))


def _range(column: Column, first: float, last: float) -> str:
    if column.kind == "time":
        ends = [np.datetime64(int(end), "s").astype("datetime64[D]").item().isoformat() for end in (first, last)]
        return " to ".join(ends)
    return f"{first:.4g} to {last:.4g}"


def _over_time(sheet: Sheet, column: Column) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return level, share missing and drift by period."""
    if not sheet.periods or column.kind == "time":
        return (), (), ()
    commonest = Counter(column.present.tolist()).most_common(1)[0][0] if len(column.present) else ""
    values = column.floats() if column.is_number else column.values
    level: list[float] = []
    missing: list[float] = []
    drift: list[float] = []
    for place in range(len(sheet.periods)):
        rows = sheet.places == place
        here = values[rows]
        if len(here) < FEW:
            for found in (level, missing, drift):
                found.append(float("nan"))
            continue
        gaps = column.is_missing[rows]
        missing.append(float(gaps.mean()))
        known = here[~gaps]
        shown = known if column.is_number else known == commonest
        level.append(float(shown.mean()) if len(known) else float("nan"))
        before = values[(sheet.places >= 0) & (sheet.places < place)]
        enough = len(before) >= FEW and (column.is_number or column.distinct <= LEVELS)
        drift.append(profile.stability_index(before, here) if enough else float("nan"))
    return tuple(level), tuple(missing), tuple(drift)


def _strength(one: Column, other: Column, rows: int) -> float:
    """Measure how two columns go together, by some of their rows; NaN if one has too many texts, or both few rows."""
    if any(column.kind == "text" and column.distinct > LEVELS for column in (one, other)):
        return float("nan")
    step = max(1, len(one.values) // rows)
    left, right = (_comparable(column, step) for column in (one, other))
    known = ~(one.is_missing[::step] | other.is_missing[::step])
    if known.sum() < FEWEST:
        return float("nan")
    return association(left[known], right[known])


def _comparable(column: Column, step: int) -> Array:
    numbers = _numbers(column)
    return column.values[::step] if numbers is None else numbers[::step]


def _compared(portraits: tuple[Portrait, ...], label: str) -> tuple[str, ...]:
    """Name the columns that are held against each other, the label first, then what goes most with it."""
    fit = [
        one for one in portraits
        if one.column.distinct > 1 and not (one.column.kind == "text" and one.column.distinct > LEVELS)
    ]  # fmt: skip
    ranked = sorted(fit, key=lambda one: (one.name != label, -np.nan_to_num(one.strength)))
    return tuple(one.name for one in ranked[:WIDEST])


def _pairs(columns: Mapping[str, Column], names: tuple[str, ...]) -> Array:
    found = np.eye(len(names))
    for place, name in enumerate(names):
        for other in range(place):
            found[place, other] = found[other, place] = _strength(columns[name], columns[names[other]], _PAIRED)
    return found
