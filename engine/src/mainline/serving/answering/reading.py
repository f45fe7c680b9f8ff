"""From parsed requests to typed columns: what `mainline.data.columns.from_rows` takes, many times as fast.

Values are checked by column and, for text, remembered: most requests hold text that was seen before. What does
not pass is looked at again, one value at a time, by `from_rows` itself, which then says what is wrong.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np

from mainline.clocks import with_local
from mainline.contract import Array, Field
from mainline.data import columns as typed
from mainline.errors import RequestError
from mainline.serving.answering.problems import SHOWN, Problem, shown

_REMEMBERED, _SHORT = 50_000, 64
"""How many texts a column remembers, and how long they may be: what bounds its memory."""
_OBJECTS = {dict}
_MANY = 64
"""From so many numbers on NumPy compares them sooner than Python does."""
Row = Mapping[str, Any]


class Requests(NamedTuple):
    """n requests of one model, by field."""

    given: dict[str, Sequence[Any]]
    """The n values as they were sent, None where absent."""
    columns: dict[str, Array]
    """The same, typed: shape (n,) each."""


class _Odd(Exception):  # noqa: N818 - never leaves this module
    """A value that the fast way does not take."""


class _Column(Protocol):
    def __call__(self, values: Sequence[Any]) -> Array: ...


class Reader:
    """Reads requests of one model."""

    def __init__(self, fields: Sequence[Field], text_length: int) -> None:
        self.fields = tuple(fields)
        self._names = [field.name for field in fields]
        self._known = frozenset(self._names)
        self._width = {len(fields)}
        self._absent = dict.fromkeys(self._names)
        self._get = itemgetter(*self._names) if len(fields) > 1 else lambda row: (row[self._names[0]],)
        self._length = text_length
        self._clocked = [field for field in fields if field.zone]
        self._columns: dict[str, _Column] = {field.name: _column(field, partial(self._one, field)) for field in fields}

    def read(self, rows: Sequence[Row]) -> Requests:
        """Turn n parsed requests into typed columns.

        Raises:
            Problem: invalid-request, naming up to `SHOWN` fields with their values and what is allowed.
        """
        try:
            return self._read(rows)
        except _Odd:
            errors = self._explain(rows)
        if not errors:  # one value at a time all is well; say it with the slow way's words or take its columns
            return Requests(self._by_field(rows), typed.from_rows(rows, self.fields))
        first = errors[0]
        detail = f"row {first['row']}: {first['field']}: {first['found']}; {first['allowed']}"
        raise Problem("invalid-request", detail, errors=errors)

    def _read(self, rows: Sequence[Row]) -> Requests:
        if set(map(type, rows)) != _OBJECTS:
            raise _Odd
        given = self._by_field(rows)
        columns = {name: self._columns[name](values) for name, values in given.items()}
        return Requests(given, with_local(columns, self._clocked) if self._clocked else columns)

    def _by_field(self, rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
        if set(map(len, rows)) == self._width:
            try:  # a row with as many keys as there are fields, and each of these among them, has no other
                return dict(zip(self._names, zip(*map(self._get, rows), strict=True), strict=True))
            except KeyError:
                raise _Odd from None
        if not all(row.keys() <= self._known for row in rows):
            raise _Odd
        whole = [self._get({**self._absent, **row}) for row in rows]
        return dict(zip(self._names, zip(*whole, strict=True), strict=True))

    def _explain(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = []
        for number, row in enumerate(rows):
            try:
                self._read([row])
            except _Odd:
                errors += self._wrong(number, row)
            if len(errors) >= SHOWN:
                break
        return errors[:SHOWN]

    def _wrong(self, number: int, row: Any) -> list[dict[str, Any]]:
        """List what is wrong with one row: unknown fields first, then each field in its order."""
        if not isinstance(row, dict):
            allowed = "send an object of named fields."
            return [{"row": number, "field": "", "value": shown(row), "found": f"is {shown(row)}", "allowed": allowed}]
        fields = f"the fields are {', '.join(sorted(self._known))}."
        errors = [
            {"row": number, "field": shown(name)[1:-1], "value": shown(row[name]), "found": "is unknown",
             "allowed": fields} for name in sorted(row.keys() - self._known)
        ]  # fmt: skip
        for field in self.fields:
            try:
                self._one(field, row.get(field.name))
            except _Refusal as refusal:
                found, allowed = refusal.args
                value = shown(row.get(field.name))
                errors.append({"row": number, "field": field.name, "value": value, "found": found, "allowed": allowed})
        return errors

    def _one(self, field: Field, value: Any) -> Any:
        """Return one value as `from_rows` types it.

        Raises:
            _Refusal: with what was found and what is allowed.
        """
        if isinstance(value, str) and len(value) > self._length:
            raise _Refusal(f"is {shown(value)}", f"send at most {self._length} characters.")
        try:
            return typed.from_rows([{field.name: value}], [field])[field.name][0]
        except RequestError as error:
            found = error.found if value is None else f"is {shown(value)}"
            raise _Refusal(found + error.detail, error.allowed) from None


class _Refusal(_Odd):
    """A value that is not allowed: what was found, what is allowed."""


def _column(field: Field, one: Any) -> _Column:
    if field.kind == "string":
        return _Text(field, one)
    return _Time(field, one) if field.kind == "time" else _Number(field)


class _Text:
    """Reads n texts as an object array, '' where absent."""

    def __init__(self, field: Field, one: Any) -> None:
        self._one = one
        self._optional = field.optional
        self._start = {None} if field.optional else set()
        self._seen: set[Any] = set(self._start)

    def __call__(self, values: Sequence[Any]) -> Array:
        try:
            known = self._seen.issuperset(values)
        except TypeError as error:  # a list or an object
            raise _Odd from error
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

    def __init__(self, field: Field, one: Any) -> None:
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
            raise _Odd
        if self._whole and float in types:
            values = self._integers(values)
        given = values
        if absent:
            given = [value for value in values if value is not None]
            values = [np.nan if value is None else value for value in values]
        total = sum(given)
        if total != total:  # NaN, which comparisons below may overlook
            raise _Odd
        if given and not (self._low <= min(given) and max(given) <= self._high):
            raise _Odd
        return np.array(values, self._dtype)

    @staticmethod
    def _integers(values: Sequence[Any]) -> list[Any]:
        """Turn floats without a fraction into integers, which they are in JSON Schema; leave what is absent."""
        if not all(type(value) is not float or value.is_integer() for value in values):
            raise _Odd
        return [int(value) if type(value) is float else value for value in values]

    def _read_many(self, values: Sequence[Any]) -> Array:
        """Read numbers of the column's own type; those of another may lie on a bound only once they are converted."""
        try:
            column = np.fromiter(values, self._exact, len(values))
        except OverflowError as error:
            raise _Odd from error
        # Python compares an integer with a float exactly, NumPy as two floats; NaN is between no two numbers.
        if not (self._low <= column.min().item() and column.max().item() <= self._high):
            raise _Odd
        return column.astype(self._dtype, copy=False)
