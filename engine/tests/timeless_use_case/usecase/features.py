"""Features of an examination: the one definition that training and serving share.

Pure functions from columns to columns. This file travels inside the model package, so it imports numpy alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]

CATEGORICAL = ("sex",)
NUMERIC = ("age", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def compute(columns: Columns, tables: Mapping[str, Columns]) -> dict[str, Array]:
    """Take every feature from the request: `NUMERIC` as float32 and `CATEGORICAL` as text, each of shape (n,)."""
    return {name: np.asarray(columns[name], np.float32) for name in NUMERIC} | {"sex": columns["sex"]}
