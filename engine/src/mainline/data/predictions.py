"""Predictions as columns of a file: one column, and with several classes one more for the probability of each."""

from collections.abc import Iterable, Mapping

import numpy as np

from mainline.contract import Array, Classes
from mainline.labels import PROBABILITY

PREDICTED = "predicted"
WEIGHT = "sample_weight"
"""The column of how much each row counts, where rows have weights."""


def as_columns(predicted: Array, names: Classes) -> dict[str, Array]:
    """Name the columns of n predictions; of K classes, shape (n, K), the place of the most probable one comes first."""
    if predicted.ndim == 1:
        return {PREDICTED: predicted}
    each = {f"{PROBABILITY}{name}": predicted[:, code] for code, name in enumerate(names)}
    return {PREDICTED: predicted.argmax(axis=1).astype(np.float64), **each}


def named(names: Classes) -> list[str]:
    """Return the names of those columns that the predictions can be read from again; inverse to `from_columns`."""
    return [f"{PROBABILITY}{name}" for name in names] if len(names) > 2 else [PREDICTED]


def from_columns(columns: Mapping[str, Array], names: Classes) -> Array:
    """Return n predictions, shape (n,) or (n, K); inverse to `as_columns`."""
    found = [columns[name] for name in named(names)]
    return found[0] if len(found) == 1 else np.stack(found, axis=1)


def is_one(column: str, all_columns: Iterable[str]) -> bool:
    """Whether a column of a file holds predictions."""
    return column == PREDICTED or (column.startswith(PROBABILITY) and PREDICTED in all_columns)
