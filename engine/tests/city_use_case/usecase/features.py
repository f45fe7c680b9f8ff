"""Features of an hour of the city: the one definition that training and serving share.

Pure functions from columns to columns. This file travels inside the model package, so it imports numpy alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]

CATEGORICAL = ()
NUMERIC = ("hour", "weekday", "bicycles", "warmth")

DAY = 1440
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


def prediction_time(columns: Columns) -> Array:
    """The start of each of n hours, in minutes since 1970-01-01 UTC: the clock of the place is for people alone."""
    return columns["starts_at"]


def compute(columns: Columns, tables: Mapping[str, Columns]) -> dict[str, Array]:
    """Compute every feature.

    Args:
        columns: n requests (see `interface.REQUEST`).
        tables: the city's weather as of each of them.

    Returns:
        `NUMERIC` as float32, each of shape (n,).
    """
    clock = columns["starts_at_local"]
    numeric = {
        "hour": clock // 60 % 24,
        "weekday": (clock // DAY + _EPOCH_WEEKDAY) % 7,
        "bicycles": columns["bicycles"],
        "warmth": tables["weather"]["warmth"],
    }
    return {name: np.asarray(values, dtype=np.float32) for name, values in numeric.items()}
