"""Times in text: which format they are written in, and whether day and month could be the other way round."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from mainline.contract import Array
from mainline.scaffold.dialect import TableError

DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y",
    "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
    "%d-%b-%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d", "%Y%m%d", "%Y-%m", "%m/%Y", "%b %Y",
    "%B %Y",
)  # fmt: skip
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p")
CLOCKS = ("", *(f"{between}{clock}" for between in (" ", ", ") for clock in _CLOCKS))
_ISO = tuple(f"%Y-%m-%dT{clock}" for clock in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f"))
_COMPACT = {4: ("%Y%m%dT%H%M",), 6: ("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S.%f")}
"""ISO 8601 without signs between, by the digits behind the T: Python would read 0504 also as 5 hours and 4 seconds."""
_BEHIND = re.compile(r"\dT(\d+)")
_WEEKS = ("%G-W%V", "%GW%V")
"""Weeks of ISO 8601, which stand for their Monday."""
_ZONED = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")
_CLOCK = re.compile(r":|\dT\d")
_LOOKS = re.compile(r"\d{1,4}[-/. ]|[A-Za-z]{3,9} \d|\d{1,2}-[A-Za-z]{3}-|\d{8}T\d{4}|\d{4}W\d\d$")
_LONGEST = 35
_YEAR = re.compile("%[Yy]")
YEARS = (1700, 2200)
"""What a time lies in; 9999 is a way to say that something has no end."""
NUMBERS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""How whole numbers of so many digits may be read as times."""
_DAYS = 8
"""Digits from which on numbers that are all days are meant so, and how many different ones that takes."""
Grain = Literal["year", "month", "day", "minute"]


@dataclass(frozen=True)
class Times:
    """n times as datetime64[ns], in UTC if they say their zone; NaT where the text is empty."""

    values: Array
    format: str
    zoned: bool
    other_format: str = ""


def of_text(cells: Array, wanted: str = "") -> Times | None:
    """Read n texts as times if each of them is one in the same format; None if they are not.

    Args:
        cells: the texts.
        wanted: the format that a person names, for dates that can be read in two ways or are written in one of their
            own; '' if none is named.

    Raises:
        TableError: when dates can be read in two ways, and nothing says which.
    """
    texts = pd.Series(cells, dtype="str")
    present = texts[texts != ""]
    sample = present.drop_duplicates().head(200)
    if sample.empty:
        return None
    known = formats_of(sample) if sample.map(may_be_one).all() else []
    formats = [
        text
        for text in dict.fromkeys(([wanted] if _YEAR.search(wanted) else []) + known)
        if _parse(sample, text) is not None
    ]
    unique = present.drop_duplicates()
    read = {text: parsed for text in formats if (parsed := _parse(unique, text)) is not None}
    if not read:
        return None
    chosen, other = _choose(_without_far_apart(read, wanted), unique, wanted)
    by_text = dict(zip(unique, read[chosen].to_numpy("datetime64[ns]"), strict=True))
    nat = np.datetime64("NaT", "ns")
    values = np.array([by_text.get(text, nat) for text in texts], "datetime64[ns]")
    return Times(values, chosen, "%z" in chosen, other)


def may_be_one(text: str) -> bool:
    """Say whether a text is of a form that times have."""
    return bool(_LOOKS.search(text)) and len(text) <= _LONGEST


def formats_of(texts: "pd.Series[str]") -> list[str]:
    """Return the ways of writing that texts may be in; those with a zone if most of them name one."""
    plain = [f"{date}{clock}" for date in DATES for clock in CLOCKS if clock == "" or "%d" in date] + [*_ISO]
    for digits in sorted({len(found[1]) for text in texts if (found := _BEHIND.search(text))} & _COMPACT.keys()):
        plain += _COMPACT[digits]
    zoned = [bool(_ZONED.search(text) and _CLOCK.search(text)) for text in texts]
    return [f"{text}%z" for text in plain if "%H" in text] if sum(zoned) * 2 > len(zoned) else [*plain, *_WEEKS]


def parse(
    texts: "pd.Series[str]", form: str, errors: Literal["raise", "coerce"] = "raise"
) -> "pd.Series[pd.Timestamp]":
    """Return the times that texts are in a format."""
    whole = texts + "-1" if complete(form) != form else texts
    return pd.to_datetime(whole, format=complete(form), utc="%z" in form, errors=errors)


def complete(form: str) -> str:
    """Return a format with what it lacks to name a day: of a week, which then needs `-1` behind it, its Monday."""
    return f"{form}-%u" if form in _WEEKS else form


def _parse(texts: "pd.Series[str]", form: str) -> "pd.Series[pd.Timestamp] | None":
    try:
        parsed = parse(texts, form)
    except (ValueError, pd.errors.OutOfBoundsDatetime):
        return None
    if "%z" in form:
        parsed = parsed.dt.tz_localize(None)
    return None if parsed.isna().any() or not parsed.dt.year.between(*YEARS).all() else parsed


def _without_far_apart(read: dict[str, "pd.Series[pd.Timestamp]"], wanted: str) -> dict[str, "pd.Series[pd.Timestamp]"]:
    """Leave out readings that take days for years: of 13/05/01 to 13/05/31 they make thirty years.

    Years of two digits stand first or last; where they do not stand, the same texts are times that are further apart.
    """
    spans = {text: times.max() - times.min() for text, times in read.items() if "%y" in text}
    if wanted in read or not spans:
        return read
    closest = min(spans, key=lambda text: spans[text])
    far = [text for text in spans if text.startswith("%y") != closest.startswith("%y") and spans[text] > spans[closest]]
    return {text: times for text, times in read.items() if text not in far}


def _choose(read: dict[str, "pd.Series[pd.Timestamp]"], texts: "pd.Series[str]", wanted: str) -> tuple[str, str]:
    """Return the format, and the one that reads other times from the same texts and was turned down; or ''.

    Of two ways, the one is right in which the rows are in the order of time; if neither or both, nobody can tell.
    """
    formats = [text for text in read if wanted in ("", text)] or list(read)
    first = formats[0]
    others = [text for text in formats[1:] if not read[text].equals(read[first])]
    if not others:
        return first, ""
    in_order = [text for text in (first, *others) if _is_in_order(read[text])]
    if len(in_order) != 1:
        shown = next(
            text for text in texts if read[first][texts == text].iloc[0] != read[others[0]][texts == text].iloc[0]
        )
        both = " or ".join(f"{read[text][texts == shown].iloc[0]:%d %B %Y}" for text in (first, others[0]))
        raise TableError(f"'{shown}' is {both}; say which: --date-format '{first}' or --date-format '{others[0]}'.")
    return in_order[0], next(text for text in (first, *others) if text != in_order[0])


def _is_in_order(times: "pd.Series[pd.Timestamp]") -> bool:
    return bool(times.is_monotonic_increasing or times.is_monotonic_decreasing)


def of_numbers(values: Array) -> Times | None:
    """Read n whole numbers as years, months or days, such as 1950, 195001 or 19500131; None if they are not."""
    present = values[~np.isnan(values.astype(np.float64))]
    if not len(present) or (present != present.round()).any() or present.min() < 1 or np.isinf(present.max()):
        return None
    digits = {len(f"{int(number)}") for number in (present.min(), present.max())}
    form = NUMBERS.get(digits.pop(), "") if len(digits) == 1 else ""
    texts = pd.Series(values).map(lambda number: "" if np.isnan(number) else f"{int(number)}").astype("str")
    parsed = _parse(texts[texts != ""], form) if form else None
    if parsed is None:
        return None
    return Times(parsed.reindex(texts.index).to_numpy("datetime64[ns]"), form, zoned=False)


def are_days(values: Array) -> bool:
    """Say whether n whole numbers can only be meant as days, such as 20130131, or as moments, such as 20130131170400.

    One number of 8 digits in some 500 is a day between 1700 and 2200, so several that all are one are no accident.
    """
    times = of_numbers(values)
    return times is not None and times.format.startswith("%Y%m%d") and len(np.unique(times.values)) >= _DAYS


def grain(values: Array) -> Grain:
    """Return the longest unit that each of some times is the beginning of, as a clock reads them."""
    present = values[~np.isnat(values)]
    units: dict[Grain, str] = {"year": "Y", "month": "M", "day": "D"}
    return next(
        (name for name, unit in units.items() if (present == present.astype(f"datetime64[{unit}]")).all()), "minute"
    )


def periods(values: Array, unit: str) -> list[str]:
    """Name the period of each of n times: day, ISO week, month, quarter or year."""
    times = pd.DatetimeIndex(values)
    if unit == "week":
        iso = times.isocalendar()
        return [f"{year:04d}-W{week:02d}" for year, week in zip(iso["year"], iso["week"], strict=True)]
    if unit == "quarter":
        return [f"{time.year:04d}-Q{(time.month - 1) // 3 + 1}" for time in times]
    return times.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[unit]).tolist()


def length(names: Sequence[str], unit: str) -> int:
    """Return how many periods there are from the first to the last of sorted names, with those that have no rows."""
    frequency = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}[unit]
    if unit == "week":
        first, last = (pd.Timestamp.fromisocalendar(int(name[:4]), int(name[6:]), 1) for name in (names[0], names[-1]))
        return (last - first).days // 7 + 1
    return len(pd.period_range(names[0].replace("-Q", "Q"), names[-1].replace("-Q", "Q"), freq=frequency))
