"""Features of a delivery: its weight and its district."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]

CATEGORICAL = ("district",)
NUMERIC = ("weight",)


def prediction_time(columns: Columns) -> Array:
    """When each of n deliveries begins, in minutes since 1970-01-01 UTC."""
    return columns["begins_at"]


def compute(columns: Columns, tables: Mapping[str, Columns]) -> dict[str, Array]:
    """Return the weight and the district as they were sent, each of shape (n,)."""
    return {"weight": np.asarray(columns["weight"], np.float32), "district": columns["district"]}
