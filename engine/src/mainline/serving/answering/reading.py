"""From parsed requests to typed columns: what `mainline.data.columns.from_rows` takes, many times as fast.

Values are checked by column (`field_columns.py`). What does not pass is looked at again, one value at a time, by
`from_rows` itself, which then says what is wrong.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from mainline.clocks import with_local
from mainline.contract import Array, Field
from mainline.data import columns as typed
from mainline.errors import RequestError
from mainline.serving.answering.field_columns import FieldReader, OddError, RefusedError, reader_of
from mainline.serving.answering.problems import SHOWN, Problem, shown

_OBJECTS = {dict}
Row = Mapping[str, Any]


class Requests(NamedTuple):
    """n requests of one model, by field."""

    given: dict[str, Sequence[Any]]
    """The n values as they were sent, None where absent."""
    columns: dict[str, Array]
    """The same, typed: shape (n,) each."""


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
        self._columns: dict[str, FieldReader] = {
            field.name: reader_of(field, partial(self._one, field)) for field in fields
        }

    def read(self, rows: Sequence[Row]) -> Requests:
        """Turn n parsed requests into typed columns.

        Raises:
            Problem: invalid-request, naming up to `SHOWN` fields with their values and what is allowed.
        """
        try:
            return self._read(rows)
        except OddError:
            errors = self._explain(rows)
        if not errors:  # one value at a time all is well; say it with the slow way's words or take its columns
            return Requests(self._by_field(rows), typed.from_rows(rows, self.fields))
        first = errors[0]
        place = f"row {first['row']}: {first['field']}:" if first["field"] else f"row {first['row']}"
        detail = f"{place} {first['found']}; {first['allowed']}"
        raise Problem("invalid-request", detail, errors=errors)

    def _read(self, rows: Sequence[Row]) -> Requests:
        if set(map(type, rows)) != _OBJECTS:
            raise OddError
        given = self._by_field(rows)
        columns = {name: self._columns[name](values) for name, values in given.items()}
        return Requests(given, with_local(columns, self._clocked) if self._clocked else columns)

    def _by_field(self, rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
        if set(map(len, rows)) == self._width:
            try:  # a row with as many keys as there are fields, and each of these among them, has no other
                return dict(zip(self._names, zip(*map(self._get, rows), strict=True), strict=True))
            except KeyError:
                raise OddError from None
        if not all(row.keys() <= self._known for row in rows):
            raise OddError
        whole = [self._get({**self._absent, **row}) for row in rows]
        return dict(zip(self._names, zip(*whole, strict=True), strict=True))

    def _explain(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = []
        for number, row in enumerate(rows):
            try:
                self._read([row])
            except OddError:
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
             "allowed": fields} for name in sorted(row.keys() - self._known)[:SHOWN]
        ]  # fmt: skip
        for field in self.fields:
            try:
                self._one(field, row.get(field.name))
            except RefusedError as refusal:
                found, allowed = refusal.args
                value = shown(row.get(field.name))
                errors.append({"row": number, "field": field.name, "value": value, "found": found, "allowed": allowed})
        return errors

    def _one(self, field: Field, value: Any) -> Any:
        """Return one value as `from_rows` types it.

        Raises:
            RefusedError: with what was found and what is allowed.
        """
        if isinstance(value, str) and len(value) > self._length:
            raise RefusedError(f"is {shown(value)}", f"send at most {self._length} characters.")
        try:
            return typed.from_rows([{field.name: value}], [field])[field.name][0]
        except RequestError as error:
            found = error.found if value is None else f"is {shown(value)}"
            raise RefusedError(found + error.detail, error.allowed) from None
