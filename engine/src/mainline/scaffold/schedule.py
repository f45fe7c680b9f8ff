"""When the rows are: the column or columns of time, the zone, and the periods that the data is cut into."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from mainline.clocks import of_zone
from mainline.contract import Array
from mainline.scaffold import moments, time_columns
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import NONE, Finding, Sure, Wishes
from mainline.scaffold.moments import Grain
from mainline.text import count

UNITS = ("month", "quarter", "year", "week", "day")
"""Lengths of a period, in the order in which they are tried."""
FEWEST, MOST = 6, 40
"""How many periods are wanted."""
MOST_MONTHS, ROWS_OF_MONTH = 240, 15
"""How many months are taken for all that, if half of them have so many rows, as the days of a month at work have."""
LEAST = 3
"""One to fit on, one to validate and one to test."""
HELD_BACK = 0.15
"""Share of rows that validation and test should have each."""
FEW = 0.05
"""Share of rows without a time up to which a column is the time all the same, and these rows go to quarantine."""


@dataclass(frozen=True)
class Schedule:
    """The time of n rows, and the periods from the oldest to the newest."""

    name: str
    """The column of the time, or a new one if the time is put together."""
    parts: tuple[str, ...]
    """The columns that it is put together of: one, a date and an hour, or year, month, day and perhaps hour."""
    values: Array
    """datetime64[ns] in UTC; NaT in rows without a time, which go to quarantine."""
    named: Array
    """The period of each row by the clock of the zone, '' without a time; those outside of `periods` have no label."""
    zone: str
    """The zone of the clock that the text is written by; '' if the text says it."""
    unit: str
    periods: tuple[str, ...]
    validation: int
    test: int
    rows_of_test: int
    days_of_test: int
    grain: Grain
    """How exact the times are, by the clock of the zone."""

    @property
    def is_known(self) -> Array:
        """Which of the n rows have a time."""
        return ~np.isnat(self.values)

    @property
    def delivered(self) -> Array:
        """The period that each row is delivered with: its own, or that of the rows around it if it has no time."""
        return pd.Series(self.named).where(self.is_known).ffill().bfill().to_numpy()

    @property
    def is_local(self) -> bool:
        """Whether the times are readings of a place's clock, which its zone turns into UTC."""
        return self.zone not in ("", "UTC")

    @property
    def is_weekly(self) -> bool:
        """Whether all rows are of the same day of the week, which then says nothing."""
        days = self.values[self.is_known].astype("datetime64[D]").astype(np.int64)
        return self.grain == "day" and len(np.unique(days % 7)) == 1

    @property
    def is_put_together(self) -> bool:
        """Whether the time is in more than one column."""
        return len(self.parts) > 1


def infer(columns: Mapping[str, Column], wishes: Wishes, labelled: Array) -> tuple[Schedule | None, list[Finding]]:
    """Tell when the rows are, and cut the data into periods; None for data without time.

    Args:
        columns: those that are not the label.
        wishes: what a person says.
        labelled: which of the n rows have a label, and so can be learned from.

    Raises:
        TableError: when a named column is not a time, or a zone is not known.
    """
    if wishes.time == NONE:
        return None, [Finding("time", "none: rows are split by a hash", "told", "--time COLUMN")]
    found = time_columns.find(columns, wishes)
    if found is None:
        year = next((name for name, column in columns.items() if time_columns.is_year(column)), "")
        doubt = f", not by '{year}', which is a feature" if year else ""
        option = f"--time {quote(year) if year else 'COLUMN'}"
        return None, [Finding("time", f"none: rows are split by a hash{doubt}", "likely", option)]
    name, parts, values, zoned = found
    is_known = ~np.isnat(values)
    absent = int((~is_known).sum())
    if absent > FEW * len(values) and not wishes.time:
        return None, [_too_many_absent(name, absent, len(values))]
    zone = "" if zoned else _checked(wishes.zone or "UTC")
    utc = _localised(values, zone)
    unit, periods, counts = _cut(values[labelled & is_known], wishes)
    if not unit:
        return None, [
            Finding(
                "time",
                f"none: '{name}' gives no {LEAST} periods in a row with labels in each",
                "likely",
                "--period UNIT",
            )
        ]
    validation, test = _split(counts)
    named = np.full(len(values), "", dtype=object)
    named[is_known] = moments.periods(values[is_known], unit)
    in_test = np.isin(named, periods[len(periods) - test :]) & labelled
    days = len(np.unique(utc[in_test].astype("datetime64[D]")))
    exact = moments.grain(values)
    made = Schedule(name, parts, utc, named, zone, unit, periods, validation, test, sum(counts[-test:]), days, exact)
    return made, [*_findings(made, columns, wishes, counts), *_unlabelled(made, named)]


def _findings(made: Schedule, columns: Mapping[str, Column], wishes: Wishes, counts: list[int]) -> list[Finding]:
    put = " and ".join(f"'{part}'" for part in made.parts)
    how = columns[made.parts[0]].format
    said = "whole numbers read as" if columns[made.parts[0]].of_number else "written"
    found = [
        Finding(
            "time",
            f"{put}{f', {said} {how}' if how else ''}",
            "told" if wishes.time else "likely",
            "--time COLUMN, --time none",
        )
    ]
    if columns[made.parts[0]].other_format:
        found.append(
            Finding(
                "dates",
                f"read as {how}, not {columns[made.parts[0]].other_format}: so the rows are in order",
                "likely",
                "--date-format FORMAT",
            )
        )
    absent = int((~made.is_known).sum())
    if absent:
        without = f"'{made.name}' in {count(absent, 'row')} of {len(made.values):,}, which go to quarantine"
        found.append(Finding("missing", without, "told" if wishes.time else "likely", "--time none"))
    if made.zone and (made.grain == "minute" or wishes.zone):  # a date is the same on every clock
        sure: Sure = "told" if wishes.zone else "unsure"
        found.append(Finding("zone", f"{made.zone}: the table names none", sure, "--zone Europe/Berlin"))
    span = f"{made.periods[0]} to {made.periods[-1]}: {count(len(made.periods), made.unit)}"
    rows = f"{min(counts):,} to {count(max(counts), 'row')}" if min(counts) < max(counts) else count(max(counts), "row")
    found.append(
        Finding(
            "periods",
            f"{span} of {rows}",
            "told" if wishes.period else "likely",
            "--period day|week|month|quarter|year",
        )
    )
    return found


def _too_many_absent(name: str, absent: int, rows: int) -> Finding:
    """Say that a column is not the time, since too many rows have none, and how it can be all the same."""
    said = f"none: '{name}' is missing in {count(absent, 'row')} of {rows:,}; as the time it costs these rows"
    return Finding("time", said, "unsure", f"--time {quote(name)}")


def _unlabelled(made: Schedule, named: Array) -> list[Finding]:
    """Say that the window ends before periods of which no row has a label, or begins after them."""
    outside = sorted({*named.tolist()} - {*made.periods, ""})
    if not outside:
        return []
    periods = f"{count(len(outside), made.unit)} without a label, such as {outside[-1]}"
    return [Finding("window", f"{periods}: outside, until you move it", "sure", "data.through in params.yaml")]


def _checked(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TableError(f"'{zone}' is not a zone; name one such as UTC or Europe/Berlin.") from error
    return zone


def _localised(values: Array, zone: str) -> Array:
    """Turn n readings of a zone's clock into UTC; where it is changed, the offset before counts."""
    if zone in ("", "UTC"):
        return values.astype("datetime64[ns]")
    is_known = ~np.isnat(values)
    minutes = values[is_known].astype("datetime64[m]").astype(np.int64)
    utc = np.full(len(values), np.datetime64("NaT", "ns"))
    utc[is_known] = of_zone(zone).utc(minutes).astype("datetime64[m]")
    return utc


def _cut(values: Array, wishes: Wishes) -> tuple[str, tuple[str, ...], list[int]]:
    """Choose a length of periods so that there are few, with rows in each: unit, names and rows; '' if none fits.

    Args:
        values: the times of the rows that have a label.
        wishes: what a person says.
    """
    found = {}
    for unit in (wishes.period,) if wishes.period else UNITS:
        counts = Counter(moments.periods(values, unit))
        names = sorted(counts)
        if len(names) >= LEAST and moments.length(names, unit) == len(names):
            found[unit] = (tuple(names), [counts[name] for name in names])
    if wishes.period and not found:
        raise TableError(f"there are not {LEAST} {wishes.period}s in a row with labels in each; name another --period.")
    fitting = [unit for unit, (_, rows) in found.items() if FEWEST <= len(rows) <= _most(unit, rows)]
    chosen = next(iter(fitting), "") or min(found, key=lambda unit: abs(len(found[unit][0]) - FEWEST), default="")
    return (chosen, *found[chosen]) if chosen else ("", (), [])


def _most(unit: str, rows: list[int]) -> int:
    """Return how many periods are taken: more months than others, since a model of last year's data is an old one."""
    return MOST_MONTHS if unit == "month" and np.median(rows) >= ROWS_OF_MONTH else MOST


def _split(counts: list[int]) -> tuple[int, int]:
    """Return how many of the newest periods validate and test, so that each has a fair share of the rows."""
    wanted, total = HELD_BACK * sum(counts), 0
    test = 0
    while total < wanted and test < (len(counts) - 1) // 2:
        test += 1
        total += counts[-test]
    test = max(test, 1)
    return max(1, min(test, len(counts) - test - 1)), test
