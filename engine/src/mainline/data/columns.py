"""From a batch or a request to the typed columns that features are computed on."""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mainline import clocks
from mainline.contract import Array, Field
from mainline.errors import RequestError, UseCaseError

DAY = 1440
"""Minutes of a day: times are counted in minutes."""
EXACT = 2**53
"""The largest whole number up to which float64 holds all: an optional integer goes no further."""
_DTYPE: dict[tuple[str, bool], Any] = {
    ("string", False): object, ("integer", False): np.int64, ("number", False): np.float64, ("time", False): np.int64,
    ("string", True): object, ("integer", True): np.float64, ("number", True): np.float64, ("time", True): np.float64,
}  # fmt: skip
"""By kind, and by whether a value may be absent."""
_PYTHON: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "time": (str,)}
_LARGEST = {"integer": 2**63 - 1, "number": sys.float_info.max}
"""The largest number that a column holds. Larger ones are refused, as are infinity and NaN: JSON has neither."""
_ARTICLE = {"string": "a", "integer": "an", "number": "a", "time": "a"}


def from_batch(batch: Mapping[str, Array], fields: Sequence[Field]) -> dict[str, Array]:
    """Take the request's columns, and those of its local clocks, out of n rows of a validated batch.

    Args:
        batch: columns as read from a file: objects with None for missing text, datetime64 in UTC for times.
        fields: the use case's request.
    """
    return clocks.with_local({field.name: _column(batch[field.name], field) for field in fields}, fields)


def type_of(field: Field) -> Any:
    """Return the dtype of a field's column: whatever but text may be absent is float64, which has NaN for that."""
    return _DTYPE[field.kind, field.optional]


def bounds(field: Field) -> tuple[float | None, float | None]:
    """Return the least and the greatest value that a field takes; None where there is no such bound."""
    if not (field.optional and field.kind == "integer"):
        return field.minimum, field.maximum
    low = -EXACT if field.minimum is None else max(field.minimum, -EXACT)
    return low, EXACT if field.maximum is None else min(field.maximum, EXACT)


def from_rows(rows: Sequence[Mapping[str, Any]], fields: Sequence[Field]) -> dict[str, Array]:
    """Turn n requests, as parsed from JSON, into typed columns, with those of local clocks.

    Raises:
        RequestError: for a field that is unknown, absent though required, or of another type.
    """
    known = {field.name for field in fields}
    for number, row in enumerate(rows):
        if not row.keys() <= known:
            unknown = sorted(row.keys() - known)[0]
            raise RequestError(number, unknown, "is unknown", f"the fields are {', '.join(sorted(known))}")
    found = {
        field.name: np.array(
            [_value(row, field, number) for number, row in enumerate(rows)], _DTYPE[field.kind, field.optional]
        )
        for field in fields
    }
    return clocks.with_local(found, fields)


def to_rows(columns: Mapping[str, Array], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Write n rows of typed columns as requests a client could send; inverse of `from_rows`."""
    names = [field.name for field in fields]
    values = [[_plain(value, field) for value in columns[field.name].tolist()] for field in fields]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def parse_time(text: str, clock: clocks.Clock | None = None) -> int:
    """Return the minutes since 1970-01-01 UTC of an ISO 8601 time; one without an offset is read by the clock.

    Raises:
        ValueError: when the text is no such time, or says no offset and there is no clock.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return int(moment.timestamp() // 60)
    if clock is None:
        raise ValueError("no UTC offset")
    return int(clock.utc(np.array(moment.replace(tzinfo=UTC).timestamp() // 60, np.int64)))


def format_time(minutes: int) -> str:
    """Write minutes since 1970-01-01 UTC as ISO 8601; inverse of `parse_time`."""
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _column(values: Array, field: Field) -> Array:
    """Return n values of a batch in the type that a request's have.

    Raises:
        UseCaseError: where a request could not hold what the batch does.
    """
    if field.kind == "string":
        return np.array(["" if value is None or value != value else value for value in values], dtype=object)
    if field.kind == "time":
        moments = values.astype("datetime64[m]")
        values, absent = moments.astype(np.int64), np.isnat(moments)
    else:
        absent = values != values
    place = f"src/usecase/interface.py: REQUEST: '{field.name}' is {_ARTICLE[field.kind]} {field.kind}"
    if absent.any() and not field.optional:
        raise UseCaseError(
            f"{place}, but {int(absent.sum())} of {len(values)} rows of the batch have none; declare optional=True."
        )
    whole = values.dtype.kind != "f" or np.array_equal(values[~absent], np.floor(values[~absent]))
    if field.kind == "integer" and not whole:
        raise UseCaseError(f"{place}, but the batch has fractional values; declare it a number.")
    column = values.astype(type_of(field))
    return np.where(absent, np.nan, column) if absent.any() else column


def _value(row: Mapping[str, Any], field: Field, number: int) -> Any:
    value = row.get(field.name)
    if value is None:
        if field.optional:
            return "" if field.kind == "string" else np.nan
        raise RequestError(
            number, field.name, "is missing", f"send {_ARTICLE[field.kind]} {field.kind}, such as {field.example!r}"
        )
    read = _read(value, field.kind)
    if read is None:
        raise RequestError(
            number, field.name, f"is {value!r}", f"send {_ARTICLE[field.kind]} {field.kind}, such as {field.example!r}"
        )
    refused = _outside(read, field)
    if refused:
        raise RequestError(number, field.name, f"is {value!r}", refused)
    if field.kind != "time":
        return read
    try:
        return parse_time(value, clocks.of(field))
    except ValueError as error:
        allowed = f"a time of {field.zone} or one with an offset" if field.zone else "UTC"
        raise RequestError(
            number, field.name, f"is {value!r}", f"send {allowed}, such as {field.example!r}", f" ({error})"
        ) from error


def _read(value: Any, kind: str) -> Any:
    """Return a value in the type of its kind, or None if it is of another; 7.0 is an integer, as in JSON Schema."""
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, _PYTHON[kind]) and not isinstance(value, bool)
    return value if fits and (kind not in _LARGEST or abs(value) <= _LARGEST[kind]) else None


def _outside(value: Any, field: Field) -> str:
    """Say what the field allows where a value of the right type is outside of it; '' where it is not."""
    if field.minimum is not None and value < field.minimum:
        return f"it must be at least {field.minimum:.16g}"
    if field.maximum is not None and value > field.maximum:
        return f"it must be at most {field.maximum:.16g}"
    if field.optional and field.kind == "integer" and abs(value) > EXACT:
        return f"it must be {f'at most {EXACT}' if value > 0 else f'at least {-EXACT}'}, as it may be absent"
    if field.pattern is not None and re.search(_whole(field.pattern), value) is None:
        return f"it must match {field.pattern}"
    if field.kind == "string" and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        return "it must be valid Unicode"
    return ""


def _whole(pattern: str) -> str:
    """Give a final `$` the meaning it has in JSON Schema: Python's own also matches before a last line break."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


def _plain(value: Any, field: Field) -> Any:
    if value != value or (value == "" and field.optional):
        return None if field.optional else value
    if field.kind == "time":
        return format_time(int(value))
    return int(value) if field.kind == "integer" else value
