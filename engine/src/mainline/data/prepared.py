"""The prepared parts of the data: request columns, features and labels of many rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from mainline.clocks import name_of
from mainline.contract import Array
from mainline.data.columns import DAY
from mainline.data.moments import is_timed, prediction_time
from mainline.data.sides import pool
from mainline.data.storage import read_columns, read_names
from mainline.errors import DataError

FOLDER = Path("data/features")
"""Where the pipeline keeps them: a file for each period, or for each side of data without time."""
LABEL, HASH = "label", "hash"
_REQUEST, _FEATURE = "request.", "feature."


@dataclass(frozen=True)
class Prepared:
    """n labelled rows: the request's columns, the features and the label, each column of shape (n,).

    `hash`, shape (n,), is what decided on which side a row of data without time is; None with time.
    """

    request: Mapping[str, Array]
    features: Mapping[str, Array]
    label: Array
    hash: Array | None = None

    def __len__(self) -> int:
        return len(self.label)

    def as_columns(self) -> dict[str, Array]:
        """Name all columns apart, as a part's file holds them; inverse of `read`."""
        return (
            {_REQUEST + name: values for name, values in self.request.items()}
            | {_FEATURE + name: values for name, values in self.features.items()}
            | {LABEL: self.label}
            | ({} if self.hash is None else {HASH: self.hash})
        )

    def take(self, rows: Array) -> "Prepared":
        """Take some of the rows, by a mask or by their places."""
        return Prepared(
            {name: values[rows] for name, values in self.request.items()},
            {name: values[rows] for name, values in self.features.items()},
            self.label[rows],
            None if self.hash is None else self.hash[rows],
        )


def read(directory: Path, parts: Iterable[str], request: Sequence[str], features: Sequence[str]) -> Prepared:
    """Read the named columns of some parts, one after another; of a request also those of its local clocks."""
    asked = dict.fromkeys([*request, *map(name_of, request)])
    wanted = [_REQUEST + name for name in asked] + [_FEATURE + name for name in features] + [LABEL, HASH]
    return join(_apart(read_columns(directory / f"{part}.parquet", wanted)) for part in parts)


def offered(directory: Path, part: str) -> list[str]:
    """Name the features that a part has.

    Raises:
        DataError: when it is not there, or cannot be read.
    """
    return [
        name.removeprefix(_FEATURE) for name in read_names(directory / f"{part}.parquet") if name.startswith(_FEATURE)
    ]


def join(parts: Iterable[Prepared]) -> Prepared:
    """Put rows of several parts below each other."""
    parts = list(parts)
    hashes = [part.hash for part in parts if part.hash is not None]
    return Prepared(
        {name: np.concatenate([part.request[name] for part in parts]) for name in parts[0].request},
        {name: np.concatenate([part.features[name] for part in parts]) for name in parts[0].features},
        np.concatenate([part.label for part in parts]),
        np.concatenate(hashes) if hashes else None,
    )


def clusters(features: ModuleType, rows: Prepared) -> Array:
    """Number the clusters of n rows, shape (n,): errors within one go together, errors of two are independent.

    A cluster is a day, UTC, and of data without time a group of rows.

    Args:
        features: the use case's module, here or in a package.
        rows: with all columns of the request.
    """
    if is_timed(features):
        return prediction_time(features, rows.request) // DAY
    if rows.hash is None:
        raise DataError(FOLDER, "was prepared with time", "`make repro` prepares it again")
    return pool(rows.hash)


def _apart(columns: Mapping[str, Array]) -> Prepared:
    def named(prefix: str) -> dict[str, Array]:
        return {name[len(prefix) :]: values for name, values in columns.items() if name.startswith(prefix)}

    return Prepared(named(_REQUEST), named(_FEATURE), columns[LABEL], columns.get(HASH))
