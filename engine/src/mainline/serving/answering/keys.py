"""API keys: who may ask for what. The file holds hashes; a key itself is shown once, when it is made."""

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from mainline import files
from mainline.declared import reading
from mainline.declared.quantities import Name
from mainline.declared.reading import Section
from mainline.declared.service import Throttle
from mainline.errors import ParamsError

Role = Literal["predict", "admin"]
Cell = Any
"""The tokens of a bucket, and the moment they are of: two numbers, in a list or in memory that workers share."""
MakeCell = Callable[[str, int], Cell]
"""Returns the cell of a key by its id and its burst."""
_KEY = re.compile(rb"(?i:bearer) +(mainline_([0-9a-f]{12})_[A-Za-z0-9_-]{43})")
_NOBODY = bytes(32)
"""Compared with where an id is unknown, so that known and unknown ids take the same time."""


class DeclaredKey(Section):
    """One key of the file; without a rate of its own it has the service's."""

    id: str = Field(pattern=r"^[0-9a-f]{12}$")
    name: Name
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    role: Role
    requests_per_second: float | None = Field(default=None, gt=0)
    burst: int | None = Field(default=None, ge=1)


class KeyFile(Section):
    """The file."""

    keys: list[DeclaredKey] = Field(default_factory=list)


class Bucket:
    """A token bucket: `burst` tokens at most, `rate` more a second, one a request."""

    def __init__(self, rate: float, burst: int, cell: Cell | None = None) -> None:
        """Begin full, or with what a cell that others take from too holds."""
        self.rate, self.burst = rate, burst
        self.cell: Cell = [float(burst), time.monotonic()] if cell is None else cell
        self.taken = 0
        """Tokens that were taken here, and that servers which share the bucket do not know of yet."""

    def take(self, now: float) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        cell = self.cell
        tokens: float = min(self.burst, cell[0] + max(now - cell[1], 0.0) * self.rate)
        cell[1] = now
        if tokens < 1:
            cell[0] = tokens
            return (1 - tokens) / self.rate
        cell[0] = tokens - 1
        self.taken += 1
        return 0.0

    def is_full(self, now: float) -> bool:
        """Whether nobody took a token lately, as far as this process knows."""
        return bool(self.taken == 0 and self.cell[0] + max(now - self.cell[1], 0.0) * self.rate >= self.burst)

    def settle(self, tokens: float, told: int, now: float) -> None:
        """Go on with the tokens that all servers left, once `told` of those that were taken here are out of them.

        `tokens` is below 0 if servers took more than there were.
        """
        self.taken -= told
        self.cell[0], self.cell[1] = tokens - self.taken, now


class Key:
    """A key as the service holds it: its hash, what it may do, and its bucket."""

    def __init__(self, declared: DeclaredKey, bucket: Bucket) -> None:
        self.id, self.name, self.role = declared.id, declared.name, declared.role
        self.sha256 = bytes.fromhex(declared.sha256)
        self.bucket = bucket


class Keys:
    """Every key that is valid now; replaced whole when the file changes."""

    def __init__(
        self, declared: KeyFile, throttle: Throttle, before: "Keys | None" = None, cells: MakeCell | None = None
    ) -> None:
        """Take over the buckets of keys that stay, so that a change of the file fills none."""
        old = before.by_id if before else {}
        self.by_id: Mapping[str, Key] = {
            key.id: Key(key, _bucket(key, throttle, old.get(key.id), cells)) for key in declared.keys
        }

    def find(self, authorization: bytes) -> Key | None:
        """Return the key that an Authorization header holds; None where it holds no valid one."""
        matched = _KEY.fullmatch(authorization)
        if matched is None:
            return None
        key = self.by_id.get(matched[2].decode())
        same = hmac.compare_digest(hashlib.sha256(matched[1]).digest(), key.sha256 if key else _NOBODY)
        return key if same else None


def load(path: Path, throttle: Throttle, before: Keys | None = None, cells: MakeCell | None = None) -> Keys:
    """Read a file of keys; one that is not there holds none.

    Args:
        path: the file.
        throttle: of keys that declare none of their own.
        before: what was read before; keys that stay keep their buckets.
        cells: where buckets keep their tokens if several processes take from them.

    Raises:
        ParamsError: naming what is wrong in it.
    """
    if not path.exists():
        return Keys(KeyFile(), throttle, before, cells)
    declared = _declared(path)
    ids = [key.id for key in declared.keys]
    if len(set(ids)) != len(ids):
        raise ParamsError("keys", "hold an id twice", "remove one of the two", reading.name(path))
    return Keys(declared, throttle, before, cells)


def make(path: Path, name: str, role: Role) -> str:
    """Make a key, add its hash to the file, and return the key, which is nowhere else.

    Raises:
        ParamsError: when the file or the name is not valid.
    """
    identity = secrets.token_hex(6)
    key = f"mainline_{identity}_{secrets.token_urlsafe(32)}"
    made = {"id": identity, "name": name, "sha256": hashlib.sha256(key.encode()).hexdigest(), "role": role}
    reading.check_section(DeclaredKey, made, "key", reading.name(path))
    with _alone(path.parent):
        present = [entry.model_dump(exclude_none=True) for entry in _declared(path).keys] if path.exists() else []
        text = yaml.safe_dump({"keys": [*present, made]}, sort_keys=False)
        files.replace(
            path, f"# Hashes of API keys; remove an entry to revoke its key. The service reads this again.\n{text}"
        )
    return key


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes a folder's files; the lock ends with this, or with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _declared(path: Path) -> KeyFile:
    raw = reading.read(path)
    return reading.check_section(KeyFile, {} if raw is None else raw, "", reading.name(path))


def _bucket(key: DeclaredKey, throttle: Throttle, old: Key | None, cells: MakeCell | None) -> Bucket:
    rate = throttle.requests_per_second if key.requests_per_second is None else key.requests_per_second
    burst = throttle.burst if key.burst is None else key.burst
    if old and (old.bucket.rate, old.bucket.burst) == (rate, burst):
        return old.bucket
    return Bucket(rate, burst, cells(key.id, burst) if cells else None)
