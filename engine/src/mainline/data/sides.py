"""Data without time, split by a stable hash: a row keeps its side when more come, and what is alike keeps together.

The hash of a row is that of its group if the use case declares one, else of its key, else of the whole request. So
rows of one group, and repetitions of one row, are never on two sides.
"""

import hashlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainline.contract import Array, Columns

Hashes = NDArray[np.uint64]

ROW = "row"
"""The column that says which row a prediction is of, if the use case declares no key."""
POOLS = 200
"""Groups of rows, at most, that are taken for independent of each other."""
_BYTES = 8
_PURPOSE = b"mainline split"


def group(interface: ModuleType) -> str:
    """Name the column whose rows are not to be split; '' if the use case declares none."""
    return str(getattr(interface, "GROUP", "") or "")


def rule(interface: ModuleType) -> tuple[str, ...]:
    """Name the columns that decide on which side a row is: those of the group, of the key, or of the request."""
    named = group(interface)
    return (named,) if named else tuple(interface.KEY) or tuple(field.name for field in interface.REQUEST)


def hashes(columns: Sequence[Array]) -> Hashes:
    """Hash the values of each of n rows, shape (n,). A whole number is the same as an integer and as a float."""
    rows = zip(*(map(_text, values.tolist()) for values in columns), strict=True)
    return np.array([_hash("\x1f".join(row)) for row in rows], np.uint64)


def identities(request: Columns, names: Sequence[str]) -> Hashes:
    """Hash the named columns of n requests."""
    return hashes([request[name] for name in names])


def cut(found: Hashes, validation: float, test: float) -> Mapping[str, NDArray[np.bool_]]:
    """Mark the rows of each side, shape (n,): the lowest hashes test, the next validate, the others are fitted on.

    Args:
        found: shape (n,), from `hashes`.
        validation: share of the rows, such as 0.15.
        test: likewise.
    """
    place = found / 2.0 ** (8 * _BYTES)
    tested, chosen = place < test, place < test + validation
    return {"train": ~chosen, "validation": chosen & ~tested, "test": tested}


def pool(found: Hashes) -> NDArray[np.int64]:
    """Number the clusters of n rows by their hashes: each group is one, or if there are many, `POOLS` of several."""
    different, place = np.unique(found, return_inverse=True)
    return place if len(different) <= POOLS else place * POOLS // len(different)


def describe(snapshot: str, by: Sequence[str], validation: float, test: float) -> dict[str, list[str]]:
    """Say for people what each part of a snapshot holds: which share of the hashes, and of which columns they are."""
    ends = {"train": (test + validation, 1), "validation": (test, test + validation), "test": (0, test)}
    place = f"by {', '.join(by)}"
    return {name: [f"{snapshot}, {low * 100:g} to {high * 100:g} % {place}"] for name, (low, high) in ends.items()}


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES, person=_PURPOSE)
    return int.from_bytes(digest.digest(), "big")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)
