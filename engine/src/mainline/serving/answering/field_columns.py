"""The values of one field as a typed column: checked together, and text that was seen before is remembered."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from mainline.contract import Array, Field
from mainline.data import columns as typed

_REMEMBERED, _SHORT = 50_000, 64
"""How many texts a column remembers, and how long they may be: what bounds its memory."""
_MANY = 64
"""From so many numbers on NumPy compares them sooner than Python does."""


class OddError(Exception):
    """A value that the fast way does not take."""


class RefusedError(OddError):
    """A value that is not allowed: what was found, what is allowed."""


class FieldReader(Protocol):
    """Types n values of one field."""

    def __call__(self, values: Sequence[Any]) -> Array:
        """Return the column, shape (n,).

        Raises:
            OddError: when a value is not one that the fast way takes.
        """


def reader_of(field: Field, one: Callable[[Any], Any]) -> FieldReader:
    """Return what reads a field.

    Args:
        field: what its values may be.
        one: types one value; asked for text and times that were not seen before.
    """
    if field.kind == "string":
        return _Text(field, one)
    return _Time(field, one) if field.kind == "time" else _Number(field)


class _Text:
    """Reads n texts as an object array, '' where absent."""

    def __init__(self, field: Field, one: Callable[[Any], Any]) -> None:
        self._one = one
        self._optional = field.optional
        self._start = {None} if field.optional else set()
        self._seen: set[Any] = set(self._start)

    def __call__(self, values: Sequence[Any]) -> Array:
        try:
            known = self._seen.issuperset(values)
        except TypeError as error:  # a list or an object
            raise OddError from error
        if not known:
            self._learn(values)
        if self._optional and None in values:
            values = ["" if value is None else value for value in values]
        return np.fromiter(values, object, len(values))

    def _learn(self, values: Sequence[Any]) -> None:
        if len(self._seen) > _REMEMBERED:
            self._seen = set(self._start)
        for value in values:
            self._one(value)
            if isinstance(value, str) and len(value) <= _SHORT:
                self._seen.add(value)


class _Time:
    """Reads n ISO 8601 times as minutes since 1970-01-01 UTC: int64, or float64 where one may be absent (NaN)."""

    def __init__(self, field: Field, one: Callable[[Any], Any]) -> None:
        self._one = one
        self._dtype: Any = typed.type_of(field)
        self._start: dict[Any, float] = {None: np.nan} if field.optional else {}
        self._seen = dict(self._start)

    def __call__(self, values: Sequence[Any]) -> Array:
        try:
            return np.fromiter(map(self._seen.__getitem__, values), self._dtype, len(values))
        except (KeyError, TypeError):
            return np.array([self._learn(value) for value in values], self._dtype)

    def _learn(self, value: Any) -> float:
        minutes = self._one(value).item()
        if len(self._seen) > _REMEMBERED:
            self._seen = dict(self._start)
        if value is not None and len(value) <= _SHORT:
            self._seen[value] = minutes
        return float(minutes) if self._dtype is np.float64 else int(minutes)


class _Number:
    """Reads n numbers as int64 or float64; float64 where one may be absent (NaN)."""

    def __init__(self, field: Field) -> None:
        whole = field.kind == "integer"
        largest = 2**63 - 1 if whole else np.finfo(np.float64).max.item()
        self._whole = whole
        self._exact: Any = np.int64 if whole else np.float64
        self._dtype: Any = typed.type_of(field)
        low, high = typed.bounds(field)
        self._low = -largest if low is None else max(low, -largest)
        self._high = largest if high is None else min(high, largest)
        self._own = {int} if whole else {float}
        self._allowed = {int, float}
        self._optional = field.optional

    def __call__(self, values: Sequence[Any]) -> Array:
        types = set(map(type, values))
        if types == self._own and len(values) >= _MANY:
            return self._read_many(values)
        absent = self._optional and type(None) in types
        if absent:
            types.discard(type(None))
        if not types <= self._allowed:
            raise OddError
        if self._whole and float in types:
            values = self._integers(values)
        given = values
        if absent:
            given = [value for value in values if value is not None]
            values = [np.nan if value is None else value for value in values]
        total = sum(given)
        if total != total:  # NaN, which comparisons below may overlook
            raise OddError
        if given and not (self._low <= min(given) and max(given) <= self._high):
            raise OddError
        return np.array(values, self._dtype)

    @staticmethod
    def _integers(values: Sequence[Any]) -> list[Any]:
        """Turn floats without a fraction into integers, which they are in JSON Schema; leave what is absent."""
        if not all(type(value) is not float or value.is_integer() for value in values):
            raise OddError
        return [int(value) if type(value) is float else value for value in values]

    def _read_many(self, values: Sequence[Any]) -> Array:
        """Read numbers of the column's own type; those of another may lie on a bound only once they are converted."""
        try:
            column = np.fromiter(values, self._exact, len(values))
        except OverflowError as error:
            raise OddError from error
        # Python compares an integer with a float exactly, NumPy as two floats; NaN is between no two numbers.
        if not (self._low <= column.min().item() and column.max().item() <= self._high):
            raise OddError
        return column.astype(self._dtype, copy=False)
