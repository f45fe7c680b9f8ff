"""Features of a flower: the one definition that training and serving share.

Pure functions from columns to columns. This file travels inside the model package, so it imports numpy alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]

CATEGORICAL = ()
NUMERIC = ("sepal_length", "sepal_width", "petal_width")


def prediction_time(columns: Columns) -> Array:
    """When each of n flowers was measured, in minutes since 1970-01-01 UTC."""
    return columns["measured_at"]


def compute(columns: Columns, tables: Mapping[str, Columns]) -> dict[str, Array]:
    """Compute every feature of n requests: `NUMERIC` as float32, each of shape (n,), in cm."""
    return {name: np.asarray(columns[name], dtype=np.float32) for name in NUMERIC}
