"""How far the truth may be from a prediction: an interval that holds its level on rows like those it was taken from.

Split conformal prediction (Lei et al. 2018, Distribution-Free Predictive Inference for Regression), with a quantile of
the errors on either side, so that it need not be symmetric (Linusson, Johansson and Loefstroem 2014). Rows of another
time may be others than those of the validation: what an interval covers is measured on the test rows. Of rows with
weights, a new one is taken to weigh what these do on average (Tibshirani et al. 2019, Conformal Prediction Under
Covariate Shift, has the weighted quantile).
"""

from math import ceil

import numpy as np

from mainline.contract import Array
from mainline.errors import ParamsError
from mainline.model import weights

_TINY = 1e-9  # what 1 - 0.9 is wrong by must not cost a row


def offsets(errors: Array, level: float, weight: Array | None = None) -> tuple[float, float]:
    """Return what is added to a prediction for the ends of its interval, the lower one first.

    Args:
        errors: truth minus prediction of n rows that the model was not fitted on.
        level: the share of rows like these that the interval covers, such as 0.9; of their weight, if they have one.
        weight: of each row; None where none counts more than another.

    Raises:
        ParamsError: when so few rows cannot show so high a level.
    """
    counting, errors = weights.counted(weight, errors)
    tail, rows = (1 - level) / 2, len(errors)
    order = np.argsort(errors, kind="stable")
    upto = np.cumsum(counting[order] / counting.mean()) if rows else np.zeros(0)
    share = (rows + 1) * tail
    below = int(np.searchsorted(upto, share + _TINY, side="right"))
    if below < 1:
        needed = ceil(1 / tail - _TINY) - 1
        found = f"{level:g} needs {needed:,} validation rows, and there are {rows:,}"
        if rows >= needed:
            found = f"{level:g} leaves less at one end of the validation rows' errors than a single row weighs"
        raise ParamsError("evaluation.interval", found, "declare a lower one, or a larger split.validation")
    above = min(int(np.searchsorted(upto, rows + 1 - share - _TINY)), rows - 1)
    return float(errors[order[below - 1]]), float(errors[order[above]])


def coverage(errors: Array, ends: tuple[float, float], weight: Array | None = None) -> float:
    """Return the share of n rows, or of their weight, whose truth is inside of their interval; NaN without rows."""
    counting, errors = weights.counted(weight, errors)
    return float(np.average(is_inside(errors, ends), weights=counting)) if len(errors) else float("nan")


def is_inside(errors: Array, ends: tuple[float, float]) -> Array:
    """Say of n rows whether the truth is inside of their interval, ends included."""
    low, high = ends
    return np.asarray((errors >= low) & (errors <= high))
