"""Does a file hold a key? Parquet, arrays, lines of JSON and tables are read by their columns, and the rest by bytes.

A key that is only digits, or shorter than four characters, is looked for in columns of its own name, since anything
could be it; another one in every text.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
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
from mainline.errors import MainlineError
from mainline.privacy import contents

_NUMBER, _WHOLE = re.compile(r"-?[0-9.]+"), re.compile(r"-?[0-9]+")
_LEAST = 4
"""Characters of a text that is not met by chance among the bytes of a model."""


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
        return frozenset((*self.keys, *map(written, self.keys), *self._hidden()))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The forms that are looked for in every text: those that are more than a number and not too short."""
        return tuple(sorted(value for value in self.values if len(value) >= _LEAST and not _NUMBER.fullmatch(value)))

    @cached_property
    def names(self) -> frozenset[str]:
        """What columns of the key are called: its own name, that of rolled rows, and that of a built table."""
        return frozenset((self.column, f"input.{self.column}", "key"))

    @cached_property
    def _words(self) -> "re.Pattern[bytes] | None":
        parts = b"|".join(re.escape(form) for form in contents.forms(self.texts))
        return re.compile(rb"(?<![0-9A-Za-z])(?:" + parts + rb")(?![0-9A-Za-z])") if parts else None

    @cached_property
    def _inside(self) -> "re.Pattern[bytes] | None":
        parts = b"|".join(re.escape(form) for form in contents.forms(self.texts, wide=True))
        return re.compile(parts) if parts else None

    @cached_property
    def _forms(self) -> tuple[bytes, ...]:
        return tuple(contents.forms(self.values))

    def may_be_in(self, content: bytes) -> bool:
        """Whether a text has the letters of a key anywhere: where it has not, nothing of it needs to be parsed."""
        return any(form in content for form in self._forms)

    def is_one(self, value: Any) -> bool:
        """Whether a value of the column is one of the keys."""
        return value is not None and written(value) in self.values

    def in_file(self, content: bytes) -> bool:
        """Whether a file holds one of the keys; what only begins like a table or an archive is read by its bytes."""
        content = contents.plain(content)
        try:
            if content.startswith(contents.PARQUET):
                return self._in_table(pq.read_table(io.BytesIO(content)))
            if content.startswith(contents.ZIP):
                return any(self._in_member(*member) for member in contents.members(content))
            if content.startswith(contents.ARRAY):
                return self._in_array("", np.load(io.BytesIO(content), allow_pickle=False))
        except contents.DAMAGED:
            return self._in_bytes(content)
        return self._in_bytes(content) if b"\0" in content else self._in_text(content)

    def _hidden(self) -> Iterator[str]:
        if self.field is None:
            return
        values = [_typed(key, self.field) for key in self.keys]
        for by in self.by:
            yield from (written(value) for value in by.logged(self.field, values))

    def _in_bytes(self, content: bytes) -> bool:
        """Look into what is not text, such as a model: any byte may stand beside a key."""
        return self._inside is not None and self._inside.search(content) is not None

    def _in_table(self, table: pa.Table) -> bool:
        return any(
            self._in_column(name, column) for name, column in zip(table.column_names, table.columns, strict=True)
        )

    def _in_column(self, name: str, column: pa.ChunkedArray) -> bool:
        if pa.types.is_dictionary(column.type):  # a category that no row has is in the file, too
            return any(self._in_column(name, pa.chunked_array([chunk.dictionary])) for chunk in column.chunks)
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._is_any(name, pc.unique(column.cast(pa.large_string())).to_pylist())
        if name in self.names and (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        ):
            return any(self.is_one(value) for value in pc.unique(column).to_pylist())
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return any(self._in_bytes(value) for value in pc.unique(column).to_pylist() if value)
        if pa.types.is_nested(kind):
            return self._in_text(json.dumps({name: column.to_pylist()}, default=str).encode())
        return False

    def _in_member(self, name: str, content: bytes) -> bool:
        if not content.startswith(contents.ARRAY):
            return self.in_file(content)
        try:
            return self._in_array(name.removesuffix(".npy"), np.load(io.BytesIO(content), allow_pickle=False))
        except ValueError:  # objects, which only their own code could read
            return self._in_bytes(content)

    def _in_array(self, name: str, array: "np.ndarray[Any, Any]") -> bool:
        if array.dtype.names:
            return any(self._in_array(part, array[part]) for part in array.dtype.names)
        if array.dtype.kind == "S":
            array = np.char.decode(array, "utf-8", "replace")
        if array.dtype.kind == "U":
            return self._is_any(name, np.unique(array).tolist())
        return name in self.names and any(map(self.is_one, np.unique(array).tolist()))

    def _is_any(self, name: str, texts: list[str]) -> bool:
        return any(map(self.is_one, texts)) if name in self.names else not set(self.texts).isdisjoint(texts)

    def _in_text(self, content: bytes) -> bool:
        if self._words is not None and self._words.search(content):
            return True
        return self.may_be_in(content) and any(map(self.is_one, contents.named(content, self.names)))


def _typed(key: str, field: Field) -> Any:
    """Read a key as a field has it.

    Raises:
        MainlineError: when it can be none of the field's values, so nothing would be found.
    """
    if field.kind == "string":
        return key
    try:
        return int(key) if _WHOLE.fullmatch(key) else float(key)
    except ValueError as error:
        raise MainlineError(
            f"forget: '{field.name}' is a number, and a key that was given is not; write keys as the data has them. "
            "Nothing was changed."
        ) from error
