"""How far the truth may be from a prediction: an interval that holds its level on rows like those it was taken from.

Split conformal prediction (Lei et al. 2018, Distribution-Free Predictive Inference for Regression), with a quantile of
the errors on either side, so that it need not be symmetric (Linusson, Johansson and Loefstroem 2014). Rows of another
time may be others than those of the validation: what an interval covers is measured on the test rows.
"""

from math import ceil, floor

import numpy as np

from mainline.contract import Array
from mainline.errors import ParamsError

_TINY = 1e-9  # what 1 - 0.9 is wrong by must not cost a row


def offsets(errors: Array, level: float) -> tuple[float, float]:
    """Return what is added to a prediction for the ends of its interval, the lower one first.

    Args:
        errors: truth minus prediction of n rows that the model was not fitted on.
        level: the share of rows like these that the interval covers, such as 0.9.

    Raises:
        ParamsError: when so few rows cannot show so high a level.
    """
    tail = (1 - level) / 2
    share = (len(errors) + 1) * tail
    below, above = floor(share + _TINY), ceil(len(errors) + 1 - share - _TINY)
    if below < 1:
        needed = ceil(1 / tail - _TINY) - 1
        found = f"{level:g} needs {needed:,} validation rows, and there are {len(errors):,}"
        raise ParamsError("evaluation.interval", found, "declare a lower one, or a larger split.validation")
    ordered = np.sort(errors)
    return float(ordered[below - 1]), float(ordered[above - 1])


def coverage(errors: Array, ends: tuple[float, float]) -> float:
    """Return the share of n rows whose truth is inside of their interval; NaN without rows."""
    low, high = ends
    return float(np.mean((errors >= low) & (errors <= high))) if len(errors) else float("nan")
