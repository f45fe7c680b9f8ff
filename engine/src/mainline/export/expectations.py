"""What pandera checks of a table, as expectations of Great Expectations 1.x: a name and its arguments each."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandera.api.checks import Check
from pandera.pandas import Column, DataFrameSchema

Expectation = dict[str, Any]
"""`type`, `kwargs` and `meta`, as the library reads them."""
Statistics = Mapping[str, Any]
"""The arguments of a check by their names in pandera."""

_BETWEEN, _WITHIN = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
_OUTSIDE, _LENGTHS = "expect_column_values_to_not_be_in_set", "expect_column_value_lengths_to_be_between"
_MATCHES = "expect_column_values_to_match_regex"


def expectation(kind: str, /, because: str = "", **arguments: Any) -> Expectation:
    """Write one expectation.

    Args:
        kind: its name in the library.
        because: where the limit is declared that it holds; '' if the schema itself says it.
        arguments: its arguments; None leaves one out.
    """
    given = {name: _plain(value) for name, value in arguments.items() if value is not None}
    return {"type": kind, "kwargs": given, "meta": {"limit": because} if because else {}}


def of_table(schema: DataFrameSchema) -> tuple[list[Expectation], list[str]]:
    """Say what a schema asks of a table.

    Returns:
        The expectations, and in words what of the schema has no counterpart among them.
    """
    names = [name for name, column in schema.columns.items() if not column.regex]
    required = [name for name in names if schema.columns[name].required]
    exact = bool(schema.strict) and len(required) == len(schema.columns)
    found = [expectation("expect_table_columns_to_match_set", column_set=required, exact_match=exact)]
    if schema.ordered and exact:
        found.append(expectation("expect_table_columns_to_match_ordered_list", column_list=names))
    lacking = [f"a check of the whole table: {_said(check)}" for check in schema.checks]
    lacking += [f"an optional column: {name}" for name in names if name not in required]
    lacking += [f"columns by a pattern: {name}" for name in schema.columns if name not in names]
    for name in required:
        expected, left = _of_column(name, schema.columns[name])
        found += expected
        lacking += left
    if schema.unique:
        found.append(_unique([schema.unique] if isinstance(schema.unique, str) else list(schema.unique)))
    return found, lacking


def _of_column(name: str, column: Column) -> tuple[list[Expectation], list[str]]:
    """Say what is asked of one column, and what has no counterpart."""
    found, lacking = [], []
    kind = type_name(getattr(column.dtype, "type", None))
    if kind:
        found.append(expectation("expect_column_values_to_be_of_type", column=name, type_=kind))
    elif column.dtype is not None:
        lacking.append(f"the type {column.dtype} of {name}")
    if not column.nullable:
        found.append(expectation("expect_column_values_to_not_be_null", column=name))
    for check in column.checks:
        try:
            found += [expectation(kind, column=name, **given) for kind, given in _of_check(check)]
        except (LookupError, TypeError, ValueError):
            lacking.append(f"{_said(check)} of {name}")
    if column.unique:
        found.append(_unique([name]))
    return found, lacking


def type_name(dtype: Any) -> str:
    """Name a type as Great Expectations finds it in a pandas table; '' if it cannot compare it.

    A time in UTC is a `Timestamp` there, whatever its unit.
    """
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "Timestamp"
    if isinstance(dtype, pd.StringDtype):
        return "str"
    if isinstance(dtype, np.dtype):
        return "str" if dtype.kind in "US" else str(dtype)
    return ""


def _of_check(check: Check) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the counterparts of a check.

    Raises:
        LookupError: when there is none.
    """
    given = dict(check.statistics or {})
    if check.raise_warning or check.name not in _COUNTERPARTS:
        raise LookupError(check.name)
    yield _COUNTERPARTS[check.name](given)


def _in_range(given: Statistics) -> tuple[str, dict[str, Any]]:
    return _BETWEEN, {
        "min_value": given["min_value"], "max_value": given["max_value"],
        "strict_min": None if given["include_min"] else True, "strict_max": None if given["include_max"] else True,
    }  # fmt: skip


def _length(given: Statistics) -> tuple[str, dict[str, Any]]:
    exact = given.get("exact_value")
    least, most = (given.get("min_value"), given.get("max_value")) if exact is None else (exact, exact)
    return _LENGTHS, {"min_value": least, "max_value": most}


def _matches(pattern: Any) -> str:
    """Return the pattern as pandera means it, from the beginning of the text; Great Expectations finds it anywhere."""
    text = pattern.pattern if isinstance(pattern, re.Pattern) else str(pattern)
    return text if text.startswith("^") and "|" not in text else f"^(?:{text})"


_COUNTERPARTS: dict[str, Callable[[Statistics], tuple[str, dict[str, Any]]]] = {
    "greater_than_or_equal_to": lambda given: (_BETWEEN, {"min_value": given["min_value"]}),
    "greater_than": lambda given: (_BETWEEN, {"min_value": given["min_value"], "strict_min": True}),
    "less_than_or_equal_to": lambda given: (_BETWEEN, {"max_value": given["max_value"]}),
    "less_than": lambda given: (_BETWEEN, {"max_value": given["max_value"], "strict_max": True}),
    "in_range": _in_range,
    "equal_to": lambda given: (_WITHIN, {"value_set": [given["value"]]}),
    "not_equal_to": lambda given: (_OUTSIDE, {"value_set": [given["value"]]}),
    "isin": lambda given: (_WITHIN, {"value_set": list(given["allowed_values"])}),
    "notin": lambda given: (_OUTSIDE, {"value_set": list(given["forbidden_values"])}),
    "str_length": _length,
    "str_matches": lambda given: (_MATCHES, {"regex": _matches(given["pattern"])}),
    "str_contains": lambda given: (_MATCHES, {"regex": getattr(given["pattern"], "pattern", given["pattern"])}),
    "str_startswith": lambda given: (_MATCHES, {"regex": f"^{re.escape(given['string'])}"}),
    "str_endswith": lambda given: (_MATCHES, {"regex": rf"{re.escape(given['string'])}\Z"}),
}
"""pandera's own checks by name; what a use case wrote itself is code, which no other tool can run."""


def _unique(names: list[str]) -> Expectation:
    if len(names) == 1:
        return expectation("expect_column_values_to_be_unique", column=names[0])
    return expectation("expect_compound_columns_to_be_unique", column_list=names, ignore_row_if="never")


def _said(check: Check) -> str:
    return f"the check {check.name or check.error or 'without a name'}"


def _plain(value: Any) -> Any:
    """Turn a value into one that JSON has; a time becomes text.

    Raises:
        TypeError: when there is none.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, str | bool | int | float):
        return value
    raise TypeError(type(value).__name__)
