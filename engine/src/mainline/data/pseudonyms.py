"""Keyed hashes in the place of personal values, of the same kind: what is counted or joined by them still is.

A hash is BLAKE2b with a key, over the name of the field and the value as sides of a split write it. The key is a secret
of the machines that serve and monitor, and never in git: the variable `MAINLINE_LOG_KEY`, or else a file that the first
server makes. Whoever has log and key can try out values; whoever has the log alone cannot. Several keys may be given,
the newest first: new lines are written by that one, and lines of before are found by the others until these are taken
away. From then on nobody can tell any more whose they were.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mainline import clocks
from mainline.contract import Array, Field
from mainline.data.columns import EXACT, format_time, parse_time, type_of
from mainline.errors import MainlineError

VARIABLE = "MAINLINE_LOG_KEY"
FILE = Path(".mainline/log.key")
_LEAST = 32
_BYTES = 16
_PURPOSE = b"mainline log"
_MINUTES = 2**26
"""Hashed times lie from 1970 to 2097."""


@dataclass(frozen=True)
class Pseudonyms:
    """The hashes of one key."""

    key: bytes

    def logged(self, field: Field, values: Sequence[Any]) -> list[Any]:
        """Hash n values of a field as a client sent them; None stays None."""
        clock = clocks.of(field)
        known = [parse_time(value, clock) if field.kind == "time" and value is not None else value for value in values]
        return [self._json(field, value) for value in known]

    def column(self, field: Field, values: Array) -> Array:
        """Hash n typed values of a field, of shape (n,), as they are read from the log again; a gap stays one."""
        return np.array([self._typed(field, value) for value in values.tolist()], type_of(field))

    def _json(self, field: Field, value: Any) -> Any:
        found = None if value is None or value == "" else self._typed(field, value)
        return format_time(found) if field.kind == "time" and found is not None else found

    def _typed(self, field: Field, value: Any) -> Any:
        if value is None or value != value or value == "":
            return value
        text = value if field.kind == "string" else _written(value)
        return self.text(field.name, text) if field.kind == "string" else self._number(field, text)

    def text(self, name: str, value: str) -> str:
        """Return the hash of a text: `#` and 32 hexadecimal digits."""
        return f"#{self._digest(name, value).hex()}"

    def _number(self, field: Field, text: str) -> int:
        found = int.from_bytes(self._digest(field.name, text)[:8], "big")
        return found % (_MINUTES if field.kind == "time" else EXACT)

    def _digest(self, name: str, text: str) -> bytes:
        content = f"{name}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=_BYTES, key=self.key, person=_PURPOSE).digest()


def load() -> tuple[Pseudonyms, ...]:
    """Return the hashes of each key that is here, the newest first; none if there is no key.

    Raises:
        MainlineError: for a key that is too short to be one, or a file that cannot be read.
    """
    given = os.environ.get(VARIABLE, "")
    place = VARIABLE if given else str(FILE)
    try:
        text = given or (FILE.read_text(encoding="utf-8") if FILE.exists() else "")
    except (OSError, UnicodeDecodeError) as error:
        raise MainlineError(f"{FILE} cannot be read ({error}). It holds the key of the prediction log.") from error
    found = [key for key in re.split(r"[\s,]+", text) if key]
    short = [key for key in found if len(key) < _LEAST]
    if short:
        raise MainlineError(
            f"{place} holds a key of {len(short[0])} characters; a key that hides personal values has at least "
            f"{_LEAST}, such as `openssl rand -hex 32` prints."
        )
    return tuple(Pseudonyms(hashlib.blake2b(key.encode()).digest()) for key in found)


def newest() -> Pseudonyms:
    """Return the hashes that new lines are written by; where there is no key, make one in its file.

    Raises:
        MainlineError: when it can be neither read nor made.
    """
    found = load()
    if found:
        return found[0]
    try:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        made = FILE.with_name(f".{FILE.name}.{secrets.token_hex(4)}")
        made.touch(0o600)
        made.write_text(secrets.token_hex(_LEAST) + "\n", encoding="utf-8")
        try:
            with suppress(FileExistsError):  # a server beside this one was faster, and its key counts
                os.link(made, FILE)
        finally:
            made.unlink()
    except OSError as error:
        raise MainlineError(
            f"the prediction log hides personal values, and their key cannot be kept in {FILE} ({error.strerror}). "
            f"Set {VARIABLE}, the same on every machine."
        ) from error
    found = load()
    if not found:
        raise MainlineError(f"{FILE} holds no key; remove it, so that another is made, or set {VARIABLE}.")
    return found[0]


def _written(value: float) -> str:
    """Write a number so that 7 and 7.0 are one."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
