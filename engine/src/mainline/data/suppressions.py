"""Keys whose rows the source may still have, and that `ingest` leaves out: `src/usecase/forgotten.json`.

They are hashes, by column, with a salt of the file, so the file does not show them. Whoever can guess a key can try it;
the file must work on every machine, so no secret is in the hash.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainline import files
from mainline.data import local_files
from mainline.errors import DataError, SourceError

if TYPE_CHECKING:
    import pandas as pd

FILE = Path("src/usecase/forgotten.json")
_BYTES = 16
_PURPOSE = b"mainline forget"
_WHOLE = re.compile(r"-?[0-9]+\.0+")
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Forgotten(BaseModel):
    """The hashes of forgotten keys by the column that holds them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    salt: Hash
    keys: dict[str, list[Hash]] = Field(default_factory=dict)

    def hash(self, column: str, value: Any) -> str:
        """Return the hash of a value of a column; a whole number is the same as an integer, a float and a text."""
        content = f"{column}\0{written(value)}".encode("utf-8", "surrogatepass")
        salt = bytes.fromhex(self.salt)
        return hashlib.blake2b(content, digest_size=_BYTES, key=salt, person=_PURPOSE).hexdigest()

    def plus(self, column: str, values: Iterable[str]) -> "Forgotten":
        """Return the same with more keys."""
        known = {*self.keys.get(column, ()), *(self.hash(column, value) for value in values)}
        return self.model_copy(update={"keys": {**self.keys, column: sorted(known)}})

    def without(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """Return a table without the rows of forgotten keys."""
        for column in self.keys.keys() & set(rows):
            gone = {value for value in rows[column].dropna().unique() if self.hash(column, value) in self.keys[column]}
            rows = rows[~rows[column].isin(gone)].reset_index(drop=True) if gone else rows
            if gone and rows[column].dtype == "category":  # a file holds those that no row has, too
                rows = rows.assign(**{column: rows[column].cat.remove_unused_categories()})
        return rows


def read() -> Forgotten:
    """Return what is forgotten; nothing if there is no file.

    Raises:
        DataError: when the file is not one.
    """
    try:
        return Forgotten.model_validate_json(FILE.read_bytes())
    except FileNotFoundError:
        return Forgotten(salt=secrets.token_hex(_BYTES))
    except ValidationError as error:
        raise DataError(FILE, "is damaged", "take it from git again") from error


def check() -> None:
    """Refuse a file that the stage does not depend on, so that a change of it would not be seen.

    Raises:
        SourceError: naming the line to add.
    """
    if FILE.exists() and FILE.as_posix() not in local_files.dependencies():
        raise SourceError(f"dvc.yaml: ingest does not depend on {FILE}; add `- {FILE}` to its deps.")


def write(forgotten: Forgotten) -> None:
    """Keep it."""
    files.replace(FILE, forgotten.model_dump_json(indent=2) + "\n")


def written(value: Any) -> str:
    """Write a value as a person would type it."""
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text
