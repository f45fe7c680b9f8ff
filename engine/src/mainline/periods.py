"""Periods of data, the split by time, and what a period is from how it is written.

A day is `2013-01-31`, a week `2013-W05` (ISO 8601: it begins on a Monday, and week 1 has the year's first Thursday), a
month `2013-01`, a quarter `2013-Q1`, a year `2013`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Unit = Literal["day", "week", "month", "quarter", "year"]

WRITTEN: Mapping[Unit, str] = {
    "day": r"\d{4}-\d{2}-\d{2}",
    "week": r"\d{4}-W\d{2}",
    "month": r"\d{4}-(0[1-9]|1[0-2])",
    "quarter": r"\d{4}-Q[1-4]",
    "year": r"\d{4}",
}
"""How the periods of each unit are written."""

HOW = "a day as 2013-01-31, a week as 2013-W05, a month as 2013-01, a quarter as 2013-Q1 or a year as 2013"
_LONGEST = 80
"""Letters of a part's name that people are shown."""


def unit(period: str) -> Unit:
    """Say whether a period is a day, a week, a month, a quarter or a year.

    Raises:
        ValueError: for what is none of them.
    """
    found = next((unit for unit, pattern in WRITTEN.items() if re.fullmatch(pattern, period, re.ASCII)), None)
    if found is None:
        raise ValueError(f"write {HOW}")
    _first_day(period, found)  # 2013-02-30 and 2013-W54 are written well, and are not there
    return found


def count(period: str) -> int:
    """Number a period so that neighbours of its unit differ by one."""
    found = unit(period)
    day = _first_day(period, found)
    match found:
        case "day":
            return day.toordinal()
        case "week":
            return (day.toordinal() - 1) // 7
        case "month":
            return day.year * 12 + day.month - 1
        case "quarter":
            return day.year * 4 + (day.month - 1) // 3
        case "year":
            return day.year


def name(number: int, unit: Unit) -> str:
    """Name the period of a number; inverse of `count`."""
    match unit:
        case "day":
            return date.fromordinal(number).isoformat()
        case "week":
            year, week, _ = date.fromordinal(number * 7 + 1).isocalendar()
            return f"{year:04d}-W{week:02d}"
        case "month":
            return f"{number // 12:04d}-{number % 12 + 1:02d}"
        case "quarter":
            return f"{number // 4:04d}-Q{number % 4 + 1}"
        case "year":
            return f"{number:04d}"


def span(period: str) -> tuple[date, date]:
    """Return the first day of a period, and the first day after it."""
    found = unit(period)
    return _first_day(period, found), _first_day(shift(period, 1), found)


def between(first: str, last: str) -> tuple[str, ...]:
    """List the periods from first through last, which are of one unit."""
    return tuple(name(number, unit(first)) for number in range(count(first), count(last) + 1))


def shift(period: str, by: int) -> str:
    """Name the period so many after a period; before it if `by` is negative."""
    return name(count(period) + by, unit(period))


def before(period: str) -> str:
    """Name the period before."""
    return shift(period, -1)


def told(parts: Sequence[str]) -> str:
    """Say for people which periods a part of the data has: the first and the last, or the only one.

    A part of data without time and key names every field of the request; it is cut, since a line cannot hold them.
    """
    ends = dict.fromkeys((parts[0], parts[-1]))
    return " to ".join(end if len(end) <= _LONGEST else f"{end[: _LONGEST - 1]}…" for end in ends)


@dataclass(frozen=True)
class Split:
    """Parts of the data by purpose, as the prepared files are named: fit on train, choose by validation, judge on test.

    With time these are periods in the order of time.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


SIDES = Split(("train",), ("validation",), ("test",))
"""The parts of data without time."""


def split(periods: tuple[str, ...], validation: int, test: int) -> Split:
    """Cut a window so that validation and test come after everything the model is fitted on."""
    fitted = len(periods) - validation - test
    return Split(periods[:fitted], periods[fitted : fitted + validation], periods[fitted + validation :])


def _first_day(period: str, unit: Unit) -> date:
    year, rest = int(period[:4]), period[5:]
    match unit:
        case "day":
            return date.fromisoformat(period)
        case "week":
            return date.fromisocalendar(year, int(rest[1:]), 1)
        case "month":
            return date(year, int(rest), 1)
        case "quarter":
            return date(year, int(rest[1:]) * 3 - 2, 1)
        case "year":
            return date(year, 1, 1)
