"""What a model says of the rows that it answers together, and what was looked up for each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import numpy as np
import orjson
from orjson import Fragment

from mainline.contract import Array
from mainline.package.responses import Prediction
from mainline.serving.answering.stages import Stage


@dataclass(eq=False)
class Pattern:
    """Which looked-up columns were known for a row, which were not, and which tables are behind; rows share it."""

    looked_up: list[str]
    missing: list[str]
    stale: list[str]
    rows: int = 0

    @cached_property
    def json(self) -> str:
        """The pattern as the members of a JSON object."""
        return json.dumps({"looked_up": self.looked_up, "missing": self.missing, "stale": self.stale})[1:-1]


@dataclass(frozen=True)
class Answer:
    """A model's predictions for n rows; every sequence has length n."""

    predictions: list[Prediction]
    """A number each, or a class with the probability of each."""
    fits: list[bool] | None
    """Whether each prediction is inside the response model; None: all are."""
    patterns: list[Pattern]
    given: Mapping[str, Sequence[Any]]
    """What was sent, by field."""
    features: Mapping[str, Array]
    time: str
    """When they were predicted, UTC."""
    unusual: Array | None = None
    """The marks of each row as `Unusual.find` returns them; None if no row has any, or nobody asked."""
    stages: Sequence[Stage] = ()
    """When its stages were, if that was asked for."""

    @cached_property
    def wide_features(self) -> dict[str, Array]:
        """The features with float32 widened: its short text would be read as another double than that of one row."""
        return {
            name: column.astype(np.float64, copy=False) if column.dtype.kind == "f" else column
            for name, column in self.features.items()
        }

    @cached_property
    def row_texts(self) -> list[tuple[Fragment, Fragment]] | None:
        """What was sent and the features by row, as JSON objects of columns of one value; None if one has no JSON."""
        features = {name: column.tolist() for name, column in self.features.items()}
        try:
            return [*zip(_rows(self.given), _rows(features), strict=True)]
        except TypeError:
            return None


def _rows(columns: Mapping[str, Sequence[Any]]) -> list[Fragment]:
    """Write each of n rows as an object of columns of one value: all at once, which costs least for few rows."""
    values = [*chain.from_iterable(columns.values())]
    texts = orjson.dumps(values)[1:-1].split(b",")
    if len(texts) != len(values):  # a comma stands in one of them
        texts = [orjson.dumps(value) for value in values]
    row, count = _template(tuple(columns)), len(values) // len(columns)
    return [Fragment(row % tuple(texts[number::count])) for number in range(count)]


@lru_cache(maxsize=64)
def _template(names: tuple[str, ...]) -> bytes:
    """Return the JSON of a row with a place for the text of each value."""
    return b"{%b}" % b",".join(orjson.dumps(name).replace(b"%", b"%%") + b":[%b]" for name in names)
