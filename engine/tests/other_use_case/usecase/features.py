"""Features of a tissue sample: the one definition that training and serving share.

Pure functions from columns to columns. This file travels inside the model package, so it imports numpy alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]

MEASURED = (
    "mean_radius", "mean_texture", "mean_smoothness", "mean_compactness",
    "mean_concavity", "mean_concave_points", "mean_symmetry", "mean_fractal_dimension",
)  # fmt: skip
CATEGORICAL = ()
NUMERIC = (*MEASURED, "radius_spread", "texture_spread", "concavity_error")


def prediction_time(columns: Columns) -> Array:
    """When each of n samples was measured, in minutes since 1970-01-01 UTC."""
    return columns["measured_at"]


def compute(columns: Columns, tables: Mapping[str, Columns]) -> dict[str, Array]:
    """Compute every feature.

    Args:
        columns: n requests (see `interface.REQUEST`).
        tables: the archive's columns looked up for the n requests; NaN where the sample is not in the archive.

    Returns:
        `NUMERIC` as float32, each of shape (n,). A spread is a standard error relative to its mean.
    """
    archive = tables["archive"]
    numeric = {name: columns[name] for name in MEASURED} | {
        "radius_spread": archive["radius_error"] / columns["mean_radius"],
        "texture_spread": archive["texture_error"] / columns["mean_texture"],
        "concavity_error": archive["concavity_error"],
    }
    return {name: np.asarray(values, dtype=np.float32) for name, values in numeric.items()}
