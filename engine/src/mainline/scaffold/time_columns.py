"""The columns that say when a row is: one of times, a date and an hour, or year, month and day apart."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from mainline.contract import Array
from mainline.scaffold import moments
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Wishes

_HOUR = re.compile(r"(hour|hr|h|hours|stunde|heure|hora)", re.IGNORECASE)
_PARTS = {
    "year": re.compile(r"(year|yr|jahr|année|annee|año)", re.I),
    "month": re.compile(r"(month|mo|mon|mnth|monat|mois|mes)", re.I),
    "day": re.compile(r"(day|dy|mday|tag|jour|día|dia)", re.I),
}
"""Names of parts of a date, also in German, French and Spanish."""
_BIRTH = re.compile(r"birth|dob|born|expir|updated|modified|deadline|due", re.IGNORECASE)


def find(columns: Mapping[str, Column], wishes: Wishes) -> tuple[str, tuple[str, ...], Array, bool] | None:
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


def dated(columns: Mapping[str, Column], wishes: Wishes) -> dict[str, Column]:
    """Return the columns, with whole numbers as times if they are meant so.

    They are if a person names them. If nothing else is a time, they also are if all of them are days, such as 20130131,
    or if they are years and each row has another one.
    """
    name = wishes.time
    if name is None and not any(column.kind == "time" for column in columns.values()) and _of_parts(columns) is None:
        name = next((each for each, column in columns.items() if _is_sure(column)), None)
    column = columns.get(name or "")
    times = moments.of_numbers(column.values) if column is not None and column.is_number else None
    if column is None or times is None:
        return dict(columns)
    return {
        **columns,
        column.name: replace(column, kind="time", values=times.values, format=times.format, of_number=True),
    }


def _is_sure(column: Column) -> bool:
    """Say whether numbers are times, and that of their row, although nobody said so."""
    if column.is_number and moments.are_days(column.values):
        return not _BIRTH.search(column.name)
    return is_year(column) and column.distinct == len(column.values)


def is_year(column: Column) -> bool:
    """Say whether a column is called a year, and its numbers are such."""
    times = moments.of_numbers(column.values) if column.is_number and _PARTS["year"].fullmatch(column.name) else None
    return times is not None and times.format == "%Y"


def _of_parts(columns: Mapping[str, Column]) -> tuple[str, tuple[str, ...], Array, bool] | None:
    """Put a time together from columns named year and month, and day and hour if there are; or its month's first."""
    found = {}
    for part, pattern in _PARTS.items():
        for name, column in columns.items():
            if column.kind == "integer" and pattern.fullmatch(name) and part not in found:
                found[part] = name
    if not {"year", "month"} <= found.keys():
        return None
    numbers = {"day": 1} | {part: columns[name].values for part, name in found.items()}
    hours = _hours(columns) if "day" in found else ""
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
