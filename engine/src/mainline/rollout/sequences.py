"""A difference of two means with an interval that holds at all looks together, however often somebody looks.

An asymptotic confidence sequence by the normal mixture: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A.
Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52 (2024), theorem
2.2 for the radius, section 2.4 for its one parameter `rho`, section 3 for randomised experiments. The mixture
sequential probability ratio test of R. Johari, P. Koomen, L. Pekelis and D. Walsh, "Always valid inference: continuous
monitoring of A/B tests", Operations Research 70 (2022), has the same boundary. The error of a version's mean is that of
a ratio of sums over units (W. G. Cochran, Sampling Techniques, 3rd edition 1977, section 6.4): of a client that keeps
its version all outcomes count as one unit, since they go together.
"""

from typing import Any

import numpy as np

from mainline.exchange.outcomes import Tally
from mainline.rollout.statistics import UNKNOWN, Interval


def compare_means(candidate: Tally, stable: Tally, confidence: float, minimum: int) -> Interval:
    """Return by how much the candidate's mean is larger; unknown below the minimum, or if all values are the same.

    Args:
        candidate: the values of one version.
        stable: those of the other.
        confidence: the probability that the interval holds the true difference at every look.
        minimum: units that each version needs; the sequence is tuned to be narrowest at twice as many in all.
    """
    squared = squared_errors(candidate, stable)
    if min(candidate["units"], stable["units"]) < max(minimum, 2) or not sum(squared) > 0:
        return UNKNOWN
    estimate = candidate["sum"] / candidate["number"] - stable["sum"] / stable["number"]
    units = candidate["units"] + stable["units"]
    half = radius(units, float(np.sqrt(sum(squared))), 1 - confidence, 2 * minimum)
    return Interval(estimate, estimate - half, estimate + half)


def squared_errors(candidate: Tally, stable: Tally) -> tuple[Any, Any]:
    """Return the squared standard error of both versions' means, each at least by the spread of all their units.

    Of rare or skewed values a version with few units has no large one for long. Its mean is too small then, and so is
    its spread: by that alone it would be called worse.
    """
    first, second = squared_error(candidate), squared_error(stable)
    units, others = np.maximum(candidate["units"], 1), np.maximum(stable["units"], 1)
    spread = (units * units * first + others * others * second) / (units + others)
    return np.maximum(first, spread / units), np.maximum(second, spread / others)


def squared_error(tally: Tally) -> Any:
    """Return the squared standard error of a version's mean; 0 if nothing is known of it."""
    units, number = np.maximum(tally["units"], 2), np.maximum(tally["number"], 1)
    mean = tally["sum"] / number
    spread = tally["squares"] - 2 * mean * tally["products"] + mean * mean * tally["counts"]
    return np.maximum(spread, 0.0) / (number * number) * units / (units - 1)


def radius(units: Any, error: Any, alpha: float, tuned: float) -> Any:
    """Return half of the interval's width; numbers, or arrays with one value per look.

    Args:
        units: how many were seen in all.
        error: the standard error of the difference.
        alpha: the probability that any look misses the true difference.
        tuned: at how many units the interval is to be narrowest.
    """
    twice = -2 * np.log(alpha)
    seen = units * (twice + np.log(twice + 1)) / tuned
    return error * np.sqrt(2 * (seen + 1) / seen * np.log(np.sqrt(seen + 1) / alpha))
