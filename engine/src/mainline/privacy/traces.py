"""Does a file hold a key? Parquet, arrays, lines of JSON and tables are read by their columns, and the rest by bytes.

A key that is only digits is looked for in columns of its own name, since any number could be it; one with other
characters in every text.
"""

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mainline.contract import Field
from mainline.data.pseudonyms import Pseudonyms
from mainline.data.suppressions import written

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"


@dataclass(frozen=True)
class Sought:
    """Keys of a column, as data has them and as logs hide them by each key that is known."""

    column: str
    keys: tuple[str, ...]
    field: Field | None
    by: Sequence[Pseudonyms] = ()

    @cached_property
    def values(self) -> frozenset[str]:
        """All forms of the keys, written."""
        return frozenset(self.keys) | frozenset(self._hidden())

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The forms that are looked for in every text: those that are more than a number."""
        return tuple(sorted(value for value in self.values if not re.fullmatch(r"-?[0-9.]+", value)))

    @cached_property
    def names(self) -> frozenset[str]:
        """What columns of the key are called: its own name, that of rolled rows, and that of a built table."""
        return frozenset((self.column, f"input.{self.column}", "key"))

    @cached_property
    def _forms(self) -> tuple[bytes, ...]:
        return tuple(sorted({form for value in self.values for form in _spellings(value)}))

    @cached_property
    def _bytes(self) -> "re.Pattern[bytes] | None":
        parts = self._one_of
        return re.compile(rb"(?<![0-9A-Za-z])(?:" + parts + rb")(?![0-9A-Za-z])") if parts else None

    @cached_property
    def _inside(self) -> "re.Pattern[bytes] | None":
        return re.compile(self._one_of) if self._one_of else None

    @cached_property
    def _one_of(self) -> bytes:
        return b"|".join(re.escape(form) for text in self.texts for form in _spellings(text))

    def is_one(self, value: Any) -> bool:
        """Whether a value of the column is one of the keys."""
        return value is not None and written(value) in self.values

    def may_be_in(self, content: bytes) -> bool:
        """Whether a text has the characters of one of the keys, in whatever place."""
        return any(form in content for form in self._forms)

    def in_file(self, content: bytes) -> bool:
        """Whether a file holds one of the keys."""
        if content.startswith(_PARQUET):
            return self._in_table(pq.read_table(io.BytesIO(content)))
        if content.startswith(_ZIP):
            return any(self._in_member(*member) for member in _members(content))
        if b"\0" in content:  # a model: beside a text may stand any byte
            return self._inside is not None and self._inside.search(content) is not None
        return self._in_text(content)

    def _hidden(self) -> Iterator[str]:
        for key in self.keys if self.field else ():
            typed: Any = key
            if self.field.kind in ("integer", "number"):  # type: ignore[union-attr]
                try:
                    typed = float(key)
                except ValueError:
                    continue
            for by in self.by:
                yield from (written(value) for value in by.logged(self.field, [typed]))  # type: ignore[arg-type]

    def _in_table(self, table: pa.Table) -> bool:
        return any(
            self._in_column(name, column) for name, column in zip(table.column_names, table.columns, strict=True)
        )

    def _in_column(self, name: str, column: pa.ChunkedArray) -> bool:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            wanted = self.values if name in self.names else self.texts
            return any(text in wanted for text in pc.unique(column.cast(pa.large_string())).to_pylist())
        if name in self.names and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return any(self.is_one(value) for value in pc.unique(column).to_pylist())
        return False

    def _in_member(self, name: str, content: bytes) -> bool:
        if not name.endswith(".npy"):
            return self.in_file(content)
        array = np.load(io.BytesIO(content), allow_pickle=False)
        if array.dtype.kind in "US":
            wanted = self.values if name.removesuffix(".npy") in self.names else self.texts
            return bool(np.isin(array.astype("U"), list(wanted)).any())
        return name.removesuffix(".npy") in self.names and any(map(self.is_one, np.unique(array).tolist()))

    def _in_text(self, content: bytes) -> bool:
        if self._bytes is not None and self._bytes.search(content):
            return True
        if not self.may_be_in(content):
            return False
        return any(map(self.is_one, _named(content, self.names)))


def _spellings(text: str) -> Iterator[bytes]:
    """Yield a text as formats write it: as it is, in JSON with and without escapes, in a table, and in HTML."""
    escaped = (json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False))
    yield from (form.encode() for form in (text, *escaped, text.replace('"', '""'), html.escape(text)))


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def _named(content: bytes, names: Iterable[str]) -> Iterator[Any]:
    """Yield the values that JSON, lines of JSON, or a table of text give to some names."""
    text = content.decode("utf-8", "replace")
    try:
        yield from _of_json(json.loads(text), names)
        return
    except (ValueError, RecursionError):
        pass
    lines = text.splitlines()
    if lines and lines[0].lstrip().startswith("{"):
        for line in lines:
            try:
                yield from _of_json(json.loads(line), names)
            except (ValueError, RecursionError):
                continue
        return
    for row in csv.DictReader(lines):
        yield from (row[name] for name in names if name in row)


def _of_json(document: Any, names: Iterable[str]) -> Iterator[Any]:
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for name, value in one.items():
                if name in names:
                    yield from value if isinstance(value, list) else [value]
                waiting.append(value)
        elif isinstance(one, list):
            waiting.extend(one)
