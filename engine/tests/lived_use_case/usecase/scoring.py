"""Between the label, what the estimator is fitted on, and what the client gets."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]


def fit_target(label: Array, columns: Columns) -> Array:
    """What the estimator is fitted on: the minutes themselves, shape (n,)."""
    return label


def respond(raw: Array, columns: Columns) -> Array:
    """What the client gets: the expected minutes, shape (n,)."""
    return raw


def slices(columns: Columns) -> dict[str, Array]:
    """The segments in which quality is reported apart, as text of shape (n,) by name."""
    return {"district": columns["district"]}
