"""Between the label, what the estimator is fitted on, and what the client gets.

This file travels inside the model package, so it imports numpy alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]


def fit_target(label: Array, columns: Columns) -> Array:
    """What the classifier is fitted on: the label itself, 1 where malignant, shape (n,)."""
    return label


def respond(raw: Array, columns: Columns) -> Array:
    """What the client gets: the probability of malignancy as the classifier gives it, shape (n,)."""
    return raw


def slices(columns: Columns) -> dict[str, Array]:
    """The segments in which quality is reported apart, as text of shape (n,) by name."""
    return {"size": np.array(["small", "medium", "large"])[np.digitize(columns["mean_radius"], [12, 15])]}
