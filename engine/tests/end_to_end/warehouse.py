"""The flights of 2013 cut into weeks, in a world that changes: from a day on, LaGuardia's schedules are padded.

Airlines announce an arrival `PADDED` minutes later than before, and planes fly as they did: so each of these flights is
that much earlier against its schedule. `python warehouse.py FOLDER`, in a project of the flights, writes the weeks.
"""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from mainline import periods

FIRST, THROUGH, LAST = "2013-W02", "2013-W27", "2013-W35"
"""The first week, the last that the first model knows, and the last that can be played."""
CHANGED = date(2013, 7, 15)
AIRPORT, PADDED = "LGA", 25


def write(folder: Path) -> None:
    """Write each week's tables into a folder of its name, and the static tables beside them."""
    from usecase import source  # the flights' own, of the project that this runs in

    for table, part, rows in _tables(source):
        path = folder / (part or "") / f"{table}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path)


def _tables(source: Any) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    first, last = periods.span(FIRST)[0], periods.span(LAST)[1]
    months: dict[str, list[pd.DataFrame]] = {}
    for table, month, rows in source.fetch(periods.between(f"{first:%Y-%m}", f"{last:%Y-%m}")):
        if month is None:
            yield table, None, rows
        else:
            months.setdefault(table, []).append(rows)
    for table, batches in months.items():
        whole = pd.concat(batches, ignore_index=True)
        day = pd.to_datetime(whole[["year", "month", "day"]])
        if table == "flights":
            whole = padded(whole, (whole["origin"] == AIRPORT) & (day >= pd.Timestamp(CHANGED)))
        for week in periods.between(FIRST, LAST):
            begin, end = map(pd.Timestamp, periods.span(week))
            yield table, week, whole[(day >= begin) & (day < end)].reset_index(drop=True)


def padded(flights: pd.DataFrame, at: "pd.Series[bool]") -> pd.DataFrame:
    """Announce the arrival of some flights later; nothing else of them changes."""
    clock = flights["sched_arr_time"]
    minute = (clock // 100 * 60 + clock % 100 + PADDED) % 1440
    return flights.assign(
        sched_arr_time=clock.where(~at, minute // 60 * 100 + minute % 60),
        arr_delay=flights["arr_delay"].where(~at, flights["arr_delay"] - PADDED),
    )


def deliver(whole: Path, delivered: Path, today: date) -> None:
    """Let the source have each week that is over."""
    delivered.mkdir(exist_ok=True)
    for path in sorted(whole.iterdir()):
        there = delivered / path.name
        is_over = path.suffix or periods.span(path.name)[1] <= today
        if is_over and not there.exists():
            there.symlink_to(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
