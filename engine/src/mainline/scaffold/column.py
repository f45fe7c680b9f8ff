"""One column of a table: numbers, text, times, or nothing to learn from."""

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mainline.contract import Array
from mainline.missing_values import IN_NUMBERS
from mainline.scaffold import moments, nearly_numbers, nearly_times, signs
from mainline.scaffold.dialect import Dialect, TableError
from mainline.scaffold.nearly_numbers import NearlyNumbers
from mainline.scaffold.nearly_times import NearlyTimes

Kind = Literal["number", "integer", "text", "time"]
_MOST_MARKERS = 2
"""Placeholders of one column of numbers that are taken for missing, beside a spreadsheet's errors."""
_LARGEST = 2**53
FAR = 1e37
"""What numbers stay below, since features are float32 and bounds lie further out."""
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_PADDED = re.compile(r"[+-]?0\d+(\.\d+)?")


@dataclass(frozen=True)
class Column:
    """n cells of one kind: float64 with NaN, int64, text with '' or datetime64[ns] in UTC or without a zone."""

    name: str
    kind: Kind
    values: Array
    markers: tuple[str, ...] = ()
    """What stands for a missing number, beside what does everywhere."""
    declared: tuple[str, ...] = ()
    """What a person says stands for a missing value, in this column alone."""
    format: str = ""
    """How a time is written in text; '' in Parquet."""
    zoned: bool = False
    """Whether the times say their zone."""
    other_format: str = ""
    """The other way in which the same dates can be read: day and month the other way round."""
    of_number: bool = False
    """Whether the times are written as whole numbers, such as a year."""
    numbers: NearlyNumbers | None = None
    """What is known of a column of text in which numbers stand; None if none do."""
    sign: str = ""
    """What stands beside each number in the file, such as €."""

    @cached_property
    def missing(self) -> int:
        """How many cells hold nothing."""
        return int(self.is_missing.sum())

    @cached_property
    def is_missing(self) -> Array:
        """Which cells hold nothing, shape (n,)."""
        if self.kind == "text":
            return self.values == ""
        return pd.isna(self.values)

    @cached_property
    def present(self) -> Array:
        """The cells that hold something."""
        return self.values[~self.is_missing]

    @cached_property
    def codes(self) -> tuple[Array, Array]:
        """For each cell the number of its value, -1 where it is missing, and the values in their order."""
        texts = pd.Series(self.values).where(~self.is_missing, None) if self.kind == "text" else self.values
        codes, values = pd.factorize(texts, sort=True)
        return codes, np.asarray(values)

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.codes[1])

    @property
    def is_number(self) -> bool:
        """Whether the cells are numbers."""
        return self.kind in ("number", "integer")

    @cached_property
    def is_far(self) -> bool:
        """Whether a number is infinite or too large to compute with."""
        return self.is_number and bool((np.abs(self.present.astype(np.float64)) > FAR).any())

    @cached_property
    def doubtful(self) -> dict[str, int]:
        """Texts that may be values or stand for missing ones, each with its number of cells; they are values here."""
        if self.kind != "text":
            return {}
        counts = Counter(self.present.tolist())
        return {
            text: count for text, count in counts.items()
            if (cell := text.strip()) and (cell in IN_NUMBERS or nearly_numbers.may_be_missing(cell))
        }  # fmt: skip

    @property
    def stray(self) -> tuple[str, ...]:
        """A few cells of text among numbers, for which the column was taken as text."""
        return self.numbers.stray if self.numbers else ()

    @cached_property
    def times(self) -> NearlyTimes | None:
        """What is known of a column of text that looks like times; None if it does not."""
        return nearly_times.of_text(self.present) if self.kind == "text" else None

    def floats(self) -> Array:
        """Return numbers as float64, shape (n,)."""
        return self.values.astype(np.float64)


def of_text(name: str, cells: Array, dialect: Dialect, date_format: str = "", declared: tuple[str, ...] = ()) -> Column:
    """Tell the kind of n texts, and convert them; those that are declared stand for missing values.

    Raises:
        TableError: when no cell is one that is declared.
    """
    _check_declared(name, set(cells), declared)
    cells = np.array(["" if cell in declared else cell for cell in cells], dtype=object)
    found = _of_text(name, cells, dialect, date_format)
    if found.kind == "text" and (sign := signs.of_texts(cells)):
        amounts = _of_text(name, np.array([signs.bare(cell, sign) for cell in cells], dtype=object), dialect, "")
        if amounts.is_number:
            found = replace(amounts, kind="number", values=amounts.floats(), sign=sign)
    return replace(found, declared=declared)


def _of_text(name: str, cells: Array, dialect: Dialect, date_format: str) -> Column:
    stripped = np.array([cell.strip() for cell in cells], dtype=object)
    counts = Counter(stripped.tolist())
    numbers, written, others = _numbers(counts, dialect)
    if numbers is not None:
        markers = tuple(sorted({str(cell) for cell in set(cells) if np.isnan(numbers[cell.strip()])} - {*IN_NUMBERS}))
        values = np.array([numbers[cell] for cell in stripped], dtype=np.float64)
        whole = all("." not in text and "e" not in text.lower() for text in map(dialect.unlocalised, counts))
        if whole and not np.isnan(values).any() and np.all(np.abs(values) <= _LARGEST):
            return Column(name, "integer", values.astype(np.int64))
        return Column(name, "number", values, markers)
    found = moments.of_text(np.where(np.isin(stripped, IN_NUMBERS), "", stripped), date_format)
    if found is not None:
        return Column(
            name, "time", found.values, format=found.format, zoned=found.zoned, other_format=found.other_format
        )
    beside = Counter(cell for cell in cells if cell.strip() in others)
    nearly = NearlyNumbers(written, dict(beside.most_common())) if written else None
    return Column(name, "text", np.array(cells, dtype=object), numbers=nearly)


def of_arrow(name: str, column: "pa.ChunkedArray", declared: tuple[str, ...] = ()) -> Column | None:
    """Take a column of Parquet in its own type; None for a type that no request can hold.

    Raises:
        TableError: when no cell is one that is declared to stand for a missing value.
    """
    found = _of_arrow(name, column)
    if found is None or not declared:
        return found
    if found.kind == "time":
        raise TableError(f"--missing {name} {declared[0]}: the column holds times, which are missing where they are.")
    if found.kind == "text":
        _check_declared(name, set(found.values), declared)
        return replace(found, values=np.where(np.isin(found.values, declared), "", found.values), declared=declared)
    numbers = _as_numbers(name, declared)
    _check_declared(name, set(found.floats()), numbers)
    values = np.where(np.isin(found.floats(), numbers), np.nan, found.floats())
    return replace(found, kind="number", values=values, declared=declared)


def _as_numbers(name: str, declared: tuple[str, ...]) -> tuple[float, ...]:
    try:
        return tuple(map(float, declared))
    except ValueError as error:
        raise TableError(f"--missing {name} {declared[0]}: the column holds numbers; say one of them.") from error


def _check_declared(name: str, cells: Container[object], declared: tuple[Any, ...]) -> None:
    absent = next((value for value in declared if value not in cells), None)
    if absent is not None:
        raise TableError(f"--missing {name} {absent}: no cell of '{name}' is that; write it as it stands there.")


def _fits(column: "pa.ChunkedArray") -> bool:
    """Whether every whole number of a column fits int64; those of uint64 may not."""
    return not pa.types.is_uint64(column.type) or pc.max(column).as_py() in range(2**63)


def _of_arrow(name: str, column: "pa.ChunkedArray") -> Column | None:
    kind: Any = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        texts = ["" if value is None else str(value) for value in column.to_pylist()]
        return Column(name, "text", np.array(texts, dtype=object))
    if pa.types.is_integer(kind) and not column.null_count and _fits(column):
        return Column(name, "integer", column.to_numpy().astype(np.int64))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Column(name, "number", column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return Column(name, "text", np.array(["" if value is None else value for value in column.to_pylist()], object))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        times = pd.to_datetime(pd.Series(column.to_pandas()), utc=True).dt.tz_localize(None)
        zoned = pa.types.is_timestamp(kind) and kind.tz is not None
        return Column(name, "time", times.to_numpy("datetime64[ns]"), zoned=zoned)
    return None


def _numbers(counts: Counter[str], dialect: Dialect) -> tuple[dict[str, float] | None, int, set[str]]:
    """Convert each different text to a number, NaN where it says that there is none.

    Returns:
        The number of each text, None if the column is not of numbers; how many cells are numbers, 0 if these begin with
        zeros, as numbers that name something do; and the texts for which the column is not of numbers.
    """
    numbers: dict[str, float] = {}
    others: set[str] = set()
    padded = 0
    for text in counts:
        written = dialect.unlocalised(text)
        if text in IN_NUMBERS:
            numbers[text] = np.nan
        elif _PLAIN.fullmatch(written):
            numbers[text] = float(written)
            padded += bool(_PADDED.fullmatch(written))
        else:
            others.add(text)
    found = sum(counts[text] for text, value in numbers.items() if value == value)
    if not found or padded or not np.isfinite([value for value in numbers.values() if value == value]).all():
        return None, 0, set()
    errors = set(filter(nearly_numbers.is_error, others))
    markers = set(filter(nearly_numbers.may_be_missing, others)) - errors
    unread = others - errors - (markers if len(markers) <= _MOST_MARKERS else set())
    return None if unread else numbers | dict.fromkeys(others, np.nan), found, unread
