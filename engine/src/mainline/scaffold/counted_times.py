"""Numbers that may count a time: seconds since 1970, or parts of one, or days since 1900 as a spreadsheet has them."""

import re
from collections.abc import Mapping
from typing import Literal

import pandas as pd

from mainline.scaffold.column import Column

Unit = Literal["s", "ms", "us", "ns"]
UNITS: Mapping[Unit, str] = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
YEARS = 1990, 2050
"""What the times of a table lie in if its numbers are taken for one; a number of ten digits may be a customer's."""
MOST_REPEATED = 0.5
"""Share of the rows that may repeat a number of another row."""
SHEET = "1899-12-30"
"""The day 0 of spreadsheets."""
_NAMED = re.compile(r"date|datum|time|zeit|stamp|^(day|tag|jour|when|wann|fecha|data)$", re.IGNORECASE)
"""Names of columns whose numbers are taken for days of a spreadsheet: 41275 may as well be a price."""


def say(column: Column, *, private: bool = False) -> str:
    """Say that numbers may be times, and what to write; '' if they are hardly such.

    Args:
        column: of a table.
        private: whether no value may be shown.
    """
    found = _counted(column)
    if found is None:
        return ""
    counted, given, first, last = found
    between = "" if private else f", from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return (
        f"'{column.name}' is taken as a number, and may be a time: {counted}{between}. If it is, write 2024-12-31 "
        f"17:04 into the file, as pandas.to_datetime(column, {given}) makes it."
    )


def summarise(column: Column) -> str:
    """Say in a few words that numbers may be times; '' if they are hardly such."""
    found = _counted(column)
    return f"'{column.name}' is a number, and may be {found[0]}: {found[2]:%Y-%m-%d} and later" if found else ""


def option(column: Column) -> str:
    """Return how pandas makes times of numbers; '' if they are hardly such."""
    found = _counted(column)
    return f"pandas.to_datetime(column, {found[1]}), in the file" if found else ""


def _counted(column: Column) -> tuple[str, str, pd.Timestamp, pd.Timestamp] | None:
    """Return what numbers may count, how pandas is told so, and the first and the last time; None if nothing."""
    if not column.is_number or column.distinct < 2 or column.distinct < MOST_REPEATED * len(column.present):
        return None
    ends = pd.Series([column.present.min(), column.present.max()], dtype="float64")
    for unit, name in UNITS.items():
        times = pd.to_datetime(ends, unit=unit, errors="coerce")
        if _is_near(times):
            return f"{name} since 1970", f"unit='{unit}'", times[0], times[1]
    times = pd.to_datetime(ends, unit="D", origin=SHEET, errors="coerce")
    if _NAMED.search(column.name) and _is_near(times):
        return "days since 1900, as in a spreadsheet", f"unit='D', origin='{SHEET}'", times[0], times[1]
    return None


def _is_near(times: "pd.Series[pd.Timestamp]") -> bool:
    """Say whether all times are of the years that a table may be of; NaT is of none."""
    return bool(times.dt.year.between(YEARS[0], YEARS[1] - 1).all())
