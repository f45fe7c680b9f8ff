"""When rows are predicted, for data with time and for data without."""

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from mainline.contract import Columns


def is_timed(features: ModuleType) -> bool:
    """Whether rows have a prediction time: `features.py` of data without time offers none."""
    return hasattr(features, "prediction_time")


def prediction_time(features: ModuleType, columns: Columns) -> NDArray[np.int64]:
    """Return when each of n rows is predicted, in minutes since 1970-01-01 UTC; 0 for data without time.

    Data without time has static feature tables alone, which answer the same whenever they are asked.
    """
    if is_timed(features):
        moment: NDArray[np.int64] = features.prediction_time(columns)
        return moment
    return np.zeros(len(next(iter(columns.values()))), np.int64)
