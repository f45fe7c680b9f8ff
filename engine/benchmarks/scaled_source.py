"""The flights many times over: takes the place of `src/usecase/source.py` in a copy, beside the shipped one.

Copy 0 of a month is the month. Each other copy has flight numbers of its own, its planes in another order, and all
delays of a flight moved by the same -3 to 3 minutes. Years after 2013 are 2013 with another number.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

COPIES = 1
FLIGHT_NUMBERS = 10_000
YEAR = 2013


def describe() -> dict[str, str]:
    """Name the source, and how often each month stands in it."""
    return {**_shipped().describe(), "copies": str(COPIES)}


def fetch(months: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, month, rows) as the shipped source does, the flights `COPIES` times."""
    first = sorted({f"{YEAR}{month[4:]}" for month in months})
    batches = {(table, month): rows for table, month, rows in _shipped().fetch(first)}
    for (table, month), rows in batches.items():
        if month is None:
            yield table, None, rows
    for month in months:
        for table in ("flights", "weather"):
            rows = batches[table, f"{YEAR}{month[4:]}"]
            many = pd.concat([_copy(rows, number) for number in range(COPIES)]) if table == "flights" else rows
            yield table, month, _in_year(many, int(month[:4])).reset_index(drop=True)


def _shipped() -> Any:
    """The source that ships, under another name in the copy."""
    return import_module("usecase.shipped")


def _copy(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    if not number:
        return rows
    random = np.random.default_rng((number, int(rows["month"].iloc[0])))
    later = random.integers(-3, 4, len(rows))
    delays = {name: (rows[name] + later).clip(-60) for name in ("dep_delay", "arr_delay")}
    planes = random.permutation(rows["tailnum"].to_numpy(object))
    return rows.assign(flight=rows["flight"] + FLIGHT_NUMBERS * number, tailnum=planes, **delays)


def _in_year(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    if year == YEAR:
        return rows
    moved = (rows["time_hour"] + pd.DateOffset(years=year - YEAR)).dt.as_unit("ms")
    return rows.assign(year=year, time_hour=moved)
