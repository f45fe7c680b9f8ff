"""When the rows are: the column or columns of time, the zone, and the periods that the data is cut into."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from shlex import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from mainline.clocks import of_zone
from mainline.contract import Array
from mainline.scaffold import moments
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import NONE, Finding, Sure, Wishes
from mainline.scaffold.moments import Grain
from mainline.text import count

UNITS = ("month", "quarter", "year", "week", "day")
"""Lengths of a period, in the order in which they are tried."""
FEWEST, MOST = 6, 40
"""How many periods are wanted."""
LEAST = 3
"""One to fit on, one to validate and one to test."""
HELD_BACK = 0.15
"""Share of rows that validation and test should have each."""
_HOUR = re.compile(r"(hour|hr|h|hours)", re.IGNORECASE)
_PARTS = {
    "year": re.compile(r"(year|yr)", re.I),
    "month": re.compile(r"(month|mo|mon|mnth)", re.I),
    "day": re.compile(r"(day|dy|mday)", re.I),
}
_BIRTH = re.compile(r"birth|dob|born|expir|updated|modified|deadline|due", re.IGNORECASE)


@dataclass(frozen=True)
class Schedule:
    """The time of n rows, and the periods from the oldest to the newest."""

    name: str
    """The column of the time, or a new one if the time is put together."""
    parts: tuple[str, ...]
    """The columns that it is put together of: one, a date and an hour, or year, month, day and perhaps hour."""
    values: Array
    """datetime64[ns] in UTC."""
    named: Array
    """The period of each row, by the clock of the zone; some may be before or after `periods`, and have no label."""
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
    def is_local(self) -> bool:
        """Whether the times are readings of a place's clock, which its zone turns into UTC."""
        return self.zone not in ("", "UTC")

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
    found = _times(columns, wishes)
    if found is None:
        year = next((name for name, column in columns.items() if is_year(column)), "")
        doubt = f", not by '{year}', which is a feature" if year else ""
        option = f"--time {quote(year) if year else 'COLUMN'}"
        return None, [Finding("time", f"none: rows are split by a hash{doubt}", "likely", option)]
    name, parts, values, zoned = found
    if np.isnat(values).any():
        if wishes.time:
            raise TableError(
                f"'{name}' is missing in {count(int(np.isnat(values).sum()), 'row')}; each row needs its time."
            )
        return None, [Finding("time", f"none: '{name}' is missing in some rows", "unsure", "--time COLUMN")]
    zone = "" if zoned else _checked(wishes.zone or "UTC")
    utc = _localised(values, zone)
    unit, periods, counts = _cut(values[labelled], wishes)
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
    named = np.array(moments.periods(values, unit))
    in_test = np.isin(named, periods[len(periods) - test :]) & labelled
    days = len(np.unique(utc[in_test].astype("datetime64[D]")))
    exact = moments.grain(values)
    made = Schedule(name, parts, utc, named, zone, unit, periods, validation, test, sum(counts[-test:]), days, exact)
    return made, [*_findings(made, columns, wishes, counts), *_unlabelled(made, named)]


def dated(columns: Mapping[str, Column], wishes: Wishes) -> dict[str, Column]:
    """Return the columns, with whole numbers as times if they are meant so.

    They are if a person names them. A year is also if each row has another one, and nothing else is a time.
    """
    name = wishes.time
    if name is None and not any(column.kind == "time" for column in columns.values()) and _of_parts(columns) is None:
        name = next(
            (each for each, column in columns.items() if is_year(column) and column.distinct == len(column.values)),
            None,
        )
    column = columns.get(name or "")
    times = moments.of_numbers(column.values) if column is not None and column.is_number else None
    if column is None or times is None:
        return dict(columns)
    return {
        **columns,
        column.name: replace(column, kind="time", values=times.values, format=times.format, of_number=True),
    }


def is_year(column: Column) -> bool:
    """Say whether a column is called a year, and its numbers are such."""
    times = moments.of_numbers(column.values) if column.is_number and _PARTS["year"].fullmatch(column.name) else None
    return times is not None and times.format == "%Y"


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


def _unlabelled(made: Schedule, named: Array) -> list[Finding]:
    """Say that the window ends before periods of which no row has a label, or begins after them."""
    outside = sorted({*named.tolist()} - {*made.periods})
    if not outside:
        return []
    periods = f"{count(len(outside), made.unit)} without a label, such as {outside[-1]}"
    return [Finding("window", f"{periods}: outside, until you move it", "sure", "data.through in params.yaml")]


def _times(columns: Mapping[str, Column], wishes: Wishes) -> tuple[str, tuple[str, ...], Array, bool] | None:
    """Find the time: its name, its columns, n times as they are written, and whether those are in UTC."""
    times = [column for column in columns.values() if column.kind == "time" and column.distinct > 1]
    if wishes.time:
        if wishes.time not in {column.name for column in times}:
            known = ", ".join(column.name for column in times) or "none"
            may = "Whole numbers such as 1950, 195001 or 19500131 can be times."
            raise TableError(f"'{wishes.time}' is not a column of times; those are {known}. {may}")
        times = [columns[wishes.time]]
    usual = [column for column in times if not _BIRTH.search(column.name)] or (times if wishes.time else [])
    if not usual:
        return _of_parts(columns)
    whole = sorted(usual, key=lambda column: column.missing)[0]
    hours = _hours(columns)
    if hours and moments.grain(whole.values) != "minute" and not whole.zoned:
        added = whole.values + columns[hours].values.astype("timedelta64[h]")
        return _new_name(columns), (whole.name, hours), added.astype("datetime64[ns]"), False
    return whole.name, (whole.name,), whole.values, whole.zoned


def _of_parts(columns: Mapping[str, Column]) -> tuple[str, tuple[str, ...], Array, bool] | None:
    """Put a time together from columns named year, month and day, and an hour if there is one."""
    found = {}
    for part, pattern in _PARTS.items():
        for name, column in columns.items():
            if column.kind == "integer" and pattern.fullmatch(name) and part not in found:
                found[part] = name
    if len(found) < len(_PARTS):
        return None
    numbers = {part: columns[name].values for part, name in found.items()}
    hours = _hours(columns)
    if hours:
        numbers["hour"] = columns[hours].values
    try:
        values = pd.to_datetime(pd.DataFrame(numbers)).to_numpy("datetime64[ns]")
    except ValueError:
        return None
    return _new_name(columns), (*found.values(), *([hours] if hours else [])), values, False


def _hours(columns: Mapping[str, Column]) -> str:
    """Name the column of whole hours of the day; '' if there is none."""
    for name, column in columns.items():
        if (
            column.kind == "integer"
            and _HOUR.fullmatch(name)
            and column.values.min() >= 0
            and column.values.max() <= 24
        ):
            return name
    return ""


def _new_name(columns: Mapping[str, Column]) -> str:
    return next(name for name in ("time", "moment", "at", "time of row") if name not in columns)


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
    minutes = values.astype("datetime64[m]").astype(np.int64)
    return of_zone(zone).utc(minutes).astype("datetime64[m]").astype("datetime64[ns]")


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
    fitting = [unit for unit, (names, _) in found.items() if FEWEST <= len(names) <= MOST]
    chosen = next(iter(fitting), "") or min(found, key=lambda unit: abs(len(found[unit][0]) - FEWEST), default="")
    return (chosen, *found[chosen]) if chosen else ("", (), [])


def _split(counts: list[int]) -> tuple[int, int]:
    """Return how many of the newest periods validate and test, so that each has a fair share of the rows."""
    wanted, total = HELD_BACK * sum(counts), 0
    test = 0
    while total < wanted and test < (len(counts) - 1) // 2:
        test += 1
        total += counts[-test]
    test = max(test, 1)
    return max(1, min(test, len(counts) - test - 1)), test
