"""What `features.compute` returned, value by value: the first row that no model can be fitted on is named."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

import numpy as np

from mainline import faults
from mainline.conformance.arrays import check_computed
from mainline.conformance.code import FEATURES
from mainline.contract import Array, Columns
from mainline.data.columns import format_time
from mainline.errors import UseCaseError

_FLOAT32 = "numbers are rounded to float32, whose largest is 3.4e38"


@dataclass(frozen=True)
class Place:
    """Where n rows come from: their period (or another name), and the columns that name a row, of shape (n,) each.

    `times` are the columns in minutes since 1970-01-01 UTC.
    """

    period: str
    key: Columns
    times: Sequence[str] = ()

    def of(self, row: int) -> str:
        """Name a row by its number and its key."""
        named = ", ".join(f"{name} {self._shown(name, values[row])}" for name, values in self.key.items())
        return f"{self.period}, row {row}{f' ({named})' if named else ''}"

    def _shown(self, name: str, value: Any) -> str:
        is_time = name in self.times and isinstance(value, int | float | np.number) and not np.isnan(value)
        return format_time(int(value)) if is_time else str(value)


def check_types(computed: Columns, numeric: Iterable[str], categorical: Iterable[str], place: Place) -> None:
    """Refuse text or objects as a number, and anything but text as a category.

    Args:
        computed: every declared feature, an array of shape (n,) each.
        numeric: the names of features that are numbers.
        categorical: the names of features that are text.
        place: where the rows come from.

    Raises:
        UseCaseError: naming the feature, what it holds, and the first row of that.
    """
    for name in numeric:
        values = computed[name]
        if values.dtype.kind not in "biuf":
            row, found = _first(values, lambda value: not isinstance(value, int | float | np.number))
            raise UseCaseError(
                f"{FEATURES}: '{name}' is in NUMERIC and holds {found} in {place.of(row)}; its dtype is "
                f"{values.dtype}. Return numbers as float32, NaN where one is missing, or list it in CATEGORICAL."
            )
    for name in categorical:
        values = computed[name]
        if values.dtype.kind == "U" or all(isinstance(value, str) for value in values.tolist()):
            continue
        row, found = _first(values, lambda value: not isinstance(value, str))
        raise UseCaseError(
            f"{FEATURES}: '{name}' is in CATEGORICAL and holds {found} in {place.of(row)}. Return text, '' where it is "
            "missing, or list it in NUMERIC."
        )


def check_finite(computed: Columns, numeric: Iterable[str], place: Place) -> None:
    """Refuse a number that is infinite, or becomes so as float32.

    Raises:
        UseCaseError: naming the feature, how many of the n rows, and the first.
    """
    for name in numeric:
        with np.errstate(over="ignore"):
            infinite = np.isinf(np.asarray(computed[name], np.float32))
        if infinite.any():
            row = int(infinite.argmax())
            huge = "" if np.isinf(computed[name][row]) else f"; {_FLOAT32}"
            raise UseCaseError(
                f"{FEATURES}: '{name}' is {computed[name][row]} in {int(infinite.sum()):,} of {len(infinite):,} rows, "
                f"first in {place.of(row)}{huge}. Is it a division by zero? Return NaN where there is no value."
            )


def missing(values: Array) -> Array:
    """Mark the rows without a value: NaN, or '' for text. Shape (n,)."""
    if values.dtype.kind in "UO":
        return np.asarray(values == "")
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)


def check_missing(computed: Columns, allowed: Mapping[str, float], place: Place) -> None:
    """Refuse a feature that lacks a value in more rows than it may.

    Args:
        computed: n rows of features.
        allowed: by feature, the share of rows that may lack it; other features are not looked at.
        place: where the rows come from.

    Raises:
        UseCaseError: naming the feature, its share, the share allowed, and the first row without a value.
    """
    for name, limit in allowed.items():
        lacking = missing(computed[name])
        if len(lacking) and lacking.mean() > limit:
            raise UseCaseError(
                f"{FEATURES}: '{name}' has no value in {int(lacking.sum()):,} of {len(lacking):,} rows "
                f"({lacking.mean():.2%}), first in {place.of(int(lacking.argmax()))}; MISSING allows {limit:.2%}."
            )


def valueless(computed: Columns) -> set[str]:
    """Name the features that have no value in any of n rows."""
    return {name for name, values in computed.items() if missing(values).all()}


def check_present(lacking: Sequence[set[str]], period: str) -> None:
    """Refuse a feature without a single value.

    Args:
        lacking: of each part of the rows, the features that have none.
        period: where the rows come from.

    Raises:
        UseCaseError: naming it.
    """
    for name in sorted(set.intersection(*lacking)):
        raise UseCaseError(
            f"{FEATURES}: '{name}' has no value in any row of {period}. Does it look up a column or a key that its "
            "table never has?"
        )


def check_converted(error: Exception, numeric: Sequence[str], rows: int, place: Place) -> None:
    """Say which feature made a failed conversion fail, if the line that failed had the features by name.

    Code that converts all features in one call, as the shipped one does, fails without naming one: numpy knows of
    none. Only what is not n numbers by itself is blamed.

    Args:
        error: what the code raised.
        numeric: the names of features that are numbers.
        rows: n.
        place: where the rows come from.

    Raises:
        UseCaseError: naming the feature.
    """
    if not isinstance(error, TypeError | ValueError):
        return
    for name, values in _of_failed_line(error, numeric):
        if _is_column(values, rows):
            continue
        check_computed({name: values}, [name], rows)
        check_types({name: values}, [name], [], place)


def _of_failed_line(error: Exception, names: Sequence[str]) -> list[tuple[str, Any]]:
    """Return what the innermost function of the use case had under these names in its mappings."""
    frames = [frame for frame, line in walk_tb(error.__traceback__) if faults.place(frame.f_code.co_filename, line)]
    local = frames[-1].f_locals.values() if frames else ()
    # What the function was given has names of its own, such as a field of the request that is made into a feature.
    made = [each for each in local if type(each) is dict]
    return [(name, each[name]) for each in made for name in names if name in each]


def _is_column(values: Any, rows: int) -> bool:
    try:
        return np.asarray(values, np.float32).shape == (rows,)
    except (TypeError, ValueError):
        return False


def first_failing(compute: Callable[[Array], object], rows: int) -> int | None:
    """Find a row of n that a computation fails on by itself, in about 2 log2 n attempts.

    None if no row alone fails, or if the first and the last one both do: then it is not about a row. A breakpoint in
    the computation is passed over, since it is the same rows again.
    """
    hook, sys.breakpointhook = sys.breakpointhook, lambda *_, **__: None
    try:
        return _first_failing(compute, rows)
    finally:
        sys.breakpointhook = hook


def _first_failing(compute: Callable[[Array], object], rows: int) -> int | None:
    chosen = np.arange(rows)
    if not rows or (_fails(compute, chosen[:1]) and _fails(compute, chosen[-1:])):
        return None
    while len(chosen) > 1:
        halves = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
        failing = next((half for half in halves if _fails(compute, half)), None)
        if failing is None:
            return None
        chosen = failing
    return int(chosen[0]) if _fails(compute, chosen) else None


def _fails(compute: Callable[[Array], object], rows: Array) -> bool:
    try:
        compute(rows)
    except Exception:
        return True
    return False


def _first(values: Array, is_wrong: Callable[[object], bool]) -> tuple[int, str]:
    """Return the first row that is wrong, and what it holds."""
    listed = values.tolist()
    row = next((number for number, value in enumerate(listed) if is_wrong(value)), 0)
    return row, f"{type(listed[row]).__name__} {listed[row]!r:.40}" if listed else "nothing"
