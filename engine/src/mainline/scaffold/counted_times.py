"""Numbers that may count a time: how many seconds, or parts of one, have passed since 1970."""

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


def say(column: Column, *, private: bool = False) -> str:
    """Say that numbers may be times, and what to write; '' if they are hardly such.

    Args:
        column: of a table.
        private: whether no value may be shown.
    """
    if not column.is_number or column.distinct < 2 or column.distinct < MOST_REPEATED * len(column.present):
        return ""
    low, high = column.present.min(), column.present.max()
    for unit, name in UNITS.items():
        first, last = (pd.to_datetime(float(number), unit=unit, errors="coerce") for number in (low, high))
        if YEARS[0] <= first.year <= last.year < YEARS[1]:
            between = "" if private else f", from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            return (
                f"'{column.name}' is taken as a number, and may be a time: {name} since 1970{between}. If it is, write "
                f"2024-12-31 17:04 into the file, as pandas.to_datetime(column, unit='{unit}') makes it."
            )
    return ""
