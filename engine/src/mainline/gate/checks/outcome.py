"""The outcome of a check. A check that could not be computed never passes."""

from typing import NamedTuple

import numpy as np

from mainline.documents import Verdict


class Outcome(NamedTuple):
    """A verdict with what was observed, the limit and the reason, as a person reads them."""

    verdict: Verdict
    observed: str
    limit: str
    reason: str


def at_most(value: float, limit: float) -> Verdict:
    """Pass up to the limit, fail beyond it; what is not a number cannot be told."""
    if np.isnan(value):
        return "cannot tell"
    return "pass" if value <= limit else "fail"


def divide(over: float, under: float) -> float:
    """Return a ratio of two costs or losses; 1 where they are equal, infinite over nothing."""
    if over == under:
        return 1.0
    return over / under if under else float("inf")
