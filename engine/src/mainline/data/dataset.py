"""The prepared parts of the data: request columns, features and labels of many rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
AT_ONCE = 2**22
"""Values that are read at once if columns are read one after another."""


@dataclass(frozen=True)
class Prepared:
    """n labelled rows: the request's columns, the features and the label, each column of shape (n,).

    `hash`, shape (n,), is what decided on which side a row of data without time is; None with time. `lengths` are the
    rows of each part that they were read from, in order; () if that is not known.
    """

    request: Mapping[str, Array]
    features: Mapping[str, Array]
    label: Array
    hash: Array | None = None
    lengths: tuple[int, ...] = ()

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

    def take(self, rows: Array | slice) -> "Prepared":
        """Take some of the rows, by a mask, by their places or by a slice."""
        return Prepared(
            _OnDemand(tuple(self.request), lambda names: {name: self.request[name][rows] for name in names}),
            {name: values[rows] for name, values in self.features.items()},
            self.label[rows],
            None if self.hash is None else self.hash[rows],
            self._lengths(rows),
        )

    def batches(self) -> "Iterator[Prepared]":
        """Yield the rows of each part, in order."""
        start = 0
        for length in self.lengths or (len(self),):
            yield self.take(slice(start, start + length))
            start += length

    def apart(self, newest: int) -> "tuple[Prepared, Prepared]":
        """Part the rows of the newest so many parts from the rows before them; they are none if parts are not known."""
        count = sum(self.lengths[-newest:]) if len(self.lengths) > newest else 0
        return self.take(slice(0, len(self) - count)), self.take(slice(len(self) - count, len(self)))

    def _lengths(self, rows: Array | slice) -> tuple[int, ...]:
        """Count the taken rows of each part; () if they are not taken in order, or from one part."""
        if len(self.lengths) < 2:
            return ()
        part = np.repeat(np.arange(len(self.lengths)), self.lengths)[rows]
        in_order = bool((np.diff(part) >= 0).all())
        return tuple(int(count) for count in np.bincount(part) if count) if in_order else ()


class _OnDemand(Mapping[str, Array]):
    """Columns of shape (n,) that are made when they are first asked for: few stages look at all of a request.

    Each time twice as many are made, those that come next, since whoever asks again and again looks at all of them.
    """

    def __init__(self, names: Sequence[str], make: Callable[[Sequence[str]], Mapping[str, Array]]) -> None:
        self._names, self._make = names, make
        self._made: dict[str, Array] = {}
        self._at_once = 1

    def __getitem__(self, name: str) -> Array:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            rest = [other for other in self._names[self._names.index(name) :] if other not in self._made]
            self._made |= self._make(rest[: self._at_once])
            most = AT_ONCE // max(len(self._made[name]), 1)
            self._at_once = max(1, min(2 * self._at_once, most))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __or__(self, other: Mapping[str, Array]) -> dict[str, Array]:
        return dict(self) | dict(other)

    def __ror__(self, other: Mapping[str, Array]) -> dict[str, Array]:
        return dict(other) | dict(self)

    def copy(self) -> dict[str, Array]:
        """Make all columns, as a use case may that changes one of them."""
        return dict(self)


def read(directory: Path, parts: Iterable[str], request: Sequence[str], features: Sequence[str]) -> Prepared:
    """Read the named columns of some parts, one after another; of a request also those of its local clocks.

    A column of the request is read when it is first asked for.
    """
    files = [directory / f"{part}.parquet" for part in parts]
    stored = [name.removeprefix(_REQUEST) for name in read_names(files[0]) if name.startswith(_REQUEST)]
    asked = {*request, *map(name_of, request)}
    lengths, columns = _read(files, [_FEATURE + name for name in features] + [LABEL, HASH])
    return Prepared(
        _OnDemand([name for name in stored if name in asked], partial(_requested, files)),
        {name.removeprefix(_FEATURE): values for name, values in columns.items() if name.startswith(_FEATURE)},
        columns[LABEL],
        columns.get(HASH),
        lengths,
    )


def _requested(files: Sequence[Path], names: Sequence[str]) -> dict[str, Array]:
    _, columns = _read(files, [_REQUEST + name for name in names])
    return {name.removeprefix(_REQUEST): values for name, values in columns.items()}


def column(directory: Path, parts: Iterable[str], name: str) -> Array:
    """Read one feature of some parts, or the label under its own name, one after another."""
    stored = name if name == LABEL else _FEATURE + name
    return _read([directory / f"{part}.parquet" for part in parts], [stored])[1][stored]


def by_column(directory: Path, parts: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, Array]]:
    """Yield features of some parts, or the label under its own name, each by its name and one after another.

    Few are in memory at a time, and several are read at once: to open a file of many columns takes longer than to read
    one of few rows.
    """
    files = [directory / f"{part}.parquet" for part in parts]
    rest = list(names)
    at_once = 1
    while rest:
        asked, rest = rest[:at_once], rest[at_once:]
        stored = {name: name if name == LABEL else _FEATURE + name for name in asked}
        lengths, columns = _read(files, [*stored.values()])
        at_once = max(1, AT_ONCE // max(sum(lengths), 1))
        for name in asked:
            yield name, columns.pop(stored[name])


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
        tuple(map(len, parts)),
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


def _read(files: Sequence[Path], names: Sequence[str]) -> tuple[tuple[int, ...], dict[str, Array]]:
    """Read the named columns of some files, as far as they are there, one below the other; count each file's rows."""
    parts = [read_columns(file, names) for file in files]
    lengths = tuple(len(next(iter(part.values()))) for part in parts)
    return lengths, {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
