"""Requests that nobody sent: made up from what the fields of `interface.REQUEST` allow."""

import re
import string
from collections.abc import Mapping
from typing import Any

import numpy as np

from mainline.claims.declarations import module
from mainline.clocks import with_local
from mainline.contract import Array, Columns, Field
from mainline.data.columns import from_rows, type_of

ROWS = 200
YEAR = 525_600  # minutes
FAR = 1e6
"""How far a number goes where the request declares no bound."""
LETTERS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


def made_up(seed: int = 0) -> dict[str, Array]:
    """Return `ROWS` requests; the first is that of the examples, in the last all that is optional is absent."""
    random = np.random.default_rng(seed)
    fields = module("interface").REQUEST
    example = from_rows([{field.name: field.example for field in fields}], fields)
    return with_local({field.name: _column(field, example[field.name][0], ROWS, random) for field in fields}, fields)


def known(requests: Columns, seed: int = 0) -> dict[str, dict[str, Array]]:
    """Return what feature tables might answer to n requests: numbers, a quarter of them not known."""
    random = np.random.default_rng(seed)
    rows = len(next(iter(requests.values())))
    return {
        table.name: {
            name: np.where(random.random(rows) < 0.25, np.nan, random.normal(50, 20, rows)) for name in table.columns
        }
        for table in module("tables").FEATURE_TABLES
    }


def take(columns: Columns, rows: Array) -> dict[str, Array]:
    """Take some of n rows, in the given order; what is taken cannot be written to."""
    taken = {name: values[rows] for name, values in columns.items()}
    for values in taken.values():
        values.setflags(write=False)
    return taken


def differing(left: Mapping[str, Array], right: Mapping[str, Array]) -> str:
    """Name the first column that differs by more than its last bits; '' if none does. NaN equals NaN."""
    for name, values in left.items():
        other = right[name]
        if values.dtype.kind in "biuf" and other.dtype.kind in "biuf":
            same = np.isclose(values.astype(float), other.astype(float), rtol=1e-6, atol=0, equal_nan=True)
        else:
            same = values.astype(str) == other.astype(str)
        if not np.all(same):
            return name
    return ""


def _column(field: Field, example: Any, rows: int, random: np.random.Generator) -> Array:
    if field.kind == "string":
        return _texts(field, str(example), rows, random)
    low, high = _bounds(field, float(example))
    if field.kind == "number":
        values: Array = random.uniform(low, high, rows)
    else:
        values = random.integers(int(low), int(high), rows, endpoint=True).astype(type_of(field))
    values[0] = example
    if field.optional:
        values[-1] = np.nan
    return values


def _bounds(field: Field, example: float) -> tuple[float, float]:
    if field.kind == "time":
        return example - YEAR, example + YEAR
    low, high = field.minimum, field.maximum
    return (example - FAR if low is None else low), (example + FAR if high is None else high)


def _texts(field: Field, example: str, rows: int, random: np.random.Generator) -> Array:
    """Return the example and what it becomes by other letters in place of its own, as far as the pattern allows."""
    texts = np.array([example] * rows, dtype=object)
    for row in range(1, rows):
        changed = "".join(_other(letter, random) for letter in example)
        if field.pattern is None or re.search(field.pattern, changed):
            texts[row] = changed
    if field.optional:
        texts[-1] = ""
    return texts


def _other(letter: str, random: np.random.Generator) -> str:
    alike = next((letters for letters in LETTERS if letter in letters), letter)
    return alike[random.integers(len(alike))]
