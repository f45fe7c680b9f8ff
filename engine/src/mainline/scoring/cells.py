"""From a cell of a CSV or Parquet file to the value that JSON would have given a request."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from mainline import missing_values
from mainline.contract import Field, Kind

_FLAGS = {"true": 1, "false": 0}


def misfit(row: Mapping[Any, Any]) -> str:
    """Say why a CSV row has not one cell per column, so that nobody knows which is which; '' where it has."""
    if None in row:
        return "the row has more cells than the header"
    return "the row has fewer cells than the header" if None in row.values() else ""


def request(row: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """Take a request's fields out of a row of a file; its other cells are left."""
    return {field.name: _value(row.get(field.name), field.kind) for field in fields}


def _value(value: Any, kind: Kind) -> Any:
    if value is None or value != value:
        return None
    if kind == "string":
        return (str(value) if isinstance(value, int) else value) or None
    if isinstance(value, str) and value.strip() in missing_values.IN_NUMBERS:
        return None
    if kind == "time":
        return value.isoformat() if isinstance(value, datetime) else value
    if isinstance(value, str):
        return _number(value)
    if isinstance(value, bool):
        return int(value)
    return float(value) if isinstance(value, Decimal) else value


def _number(text: str) -> Any:
    """Read a number, or a flag as pandas writes it; other text is refused by name when the request is read."""
    for convert in (int, float) if text.isascii() and "_" not in text else ():  # Python's own reading goes further
        try:
            return convert(text)
        except ValueError:
            continue
    return _FLAGS.get(text.strip().lower(), text)
