"""Prepared rows of which memory holds one part at a time."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.storage import read_length


class Parts:
    """The n labelled rows of some parts, read again, a part at a time, whenever they are asked for.

    Offers what `Prepared` does, as far as a fit and its figures need it.
    """

    def __init__(self, directory: Path, parts: Sequence[str], request: Sequence[str], features: Sequence[str]) -> None:
        self._directory, self._parts = directory, tuple(parts)
        self._request, self._features = request, features

    def __len__(self) -> int:
        return sum(self._lengths)

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        return tuple(read_length(self._directory / f"{part}.parquet") for part in self._parts)

    @cached_property
    def features(self) -> Mapping[str, Array]:
        """The columns of the features without a row, shape (0,): their types."""
        return self._read(self._parts[0]).take(slice(0, 0)).features

    @cached_property
    def label(self) -> Array:
        """The label of all rows, shape (n,)."""
        return dataset.column(self._directory, self._parts, dataset.LABEL)

    def batches(self) -> Iterator[Prepared]:
        """Yield the rows of each part, in order."""
        return map(self._read, self._parts)

    def apart(self, newest: int) -> "tuple[Parts, Parts]":
        """Part the newest so many parts from those before them; they are none if there are no others."""
        newest = newest if len(self._parts) > newest else 0
        first = len(self._parts) - newest
        return self._only(self._parts[:first]), self._only(self._parts[first:])

    def take(self, places: Array) -> Prepared:
        """Take the rows at some places, in ascending order."""
        ends = np.cumsum(self._lengths)
        found = []
        for rows, end in zip(self.batches(), ends, strict=True):
            here = places[(places >= end - len(rows)) & (places < end)] - (end - len(rows))
            found.append(rows.take(here))
        return dataset.join(found)

    def _only(self, parts: Sequence[str]) -> "Parts":
        return Parts(self._directory, parts, self._request, self._features)

    def _read(self, part: str) -> Prepared:
        return dataset.read(self._directory, [part], self._request, self._features)


Rows = Prepared | Parts
"""Rows in memory, or a part of them at a time."""
