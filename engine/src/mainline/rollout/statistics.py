"""Intervals for the difference of two versions that know how much was seen.

Shares: Newcombe's hybrid score interval for the difference of two independent proportions (R. G. Newcombe 1998,
Statistics in Medicine 17, 873-890, method 10), which stays honest at 0 of n. Means of pairs: the normal interval of the
mean difference. Distributions: the distance of the two empirical distribution functions (Kolmogorov and Smirnov) with
the Dvoretzky-Kiefer-Wolfowitz band of each (P. Massart 1990, Annals of Probability 18, 1269-1283). Distributions over
classes: the total variation distance with the band of each by T. Weissman and others 2003 (Inequalities for the L1
deviation of the empirical distribution, HPL-2003-97), which for two classes is Massart's.

All intervals are two-sided with the tail `1 - confidence` on each side, so each end is a one-sided bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log, sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """An estimate of a difference, and where it may really lie."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    count: float
    total: float


@dataclass(frozen=True)
class Moments:
    """How many values, their sum and the sum of their squares."""

    number: float
    total: float
    squares: float


UNKNOWN = Interval(0.0, -inf, inf)


def compare_shares(candidate: Share, stable: Share, confidence: float) -> Interval:
    """Return by how much the candidate's share is larger."""
    if not candidate.total or not stable.total:
        return UNKNOWN
    first, (low, high) = candidate.count / candidate.total, _wilson(candidate, confidence)
    second, (other_low, other_high) = stable.count / stable.total, _wilson(stable, confidence)
    estimate = first - second
    return Interval(
        estimate,
        estimate - sqrt((first - low) ** 2 + (other_high - second) ** 2),
        estimate + sqrt((high - first) ** 2 + (second - other_low) ** 2),
    )


def mean(values: Moments, confidence: float) -> Interval:
    """Return the mean with its interval; fewer than two values say nothing."""
    if values.number < 2:
        return UNKNOWN
    average = values.total / values.number
    variance = max(values.squares - values.number * average**2, 0.0) / (values.number - 1)
    distance = NormalDist().inv_cdf(confidence) * sqrt(variance / values.number)
    return Interval(average, average - distance, average + distance)


def compare_distributions(candidate: Mapping[str, float], stable: Mapping[str, float], confidence: float) -> Interval:
    """Return the distance of two distributions, from 0 to 1, given as counts by bin; bins are whole numbers as text."""
    first, second = sum(candidate.values()), sum(stable.values())
    if not first or not second:
        return UNKNOWN
    distance = below = other_below = 0.0
    for place in sorted({*candidate, *stable}, key=int):
        below += candidate.get(place, 0) / first
        other_below += stable.get(place, 0) / second
        distance = max(distance, abs(below - other_below))
    half = sqrt(log(2 / (1 - confidence)) / 2)
    band = half / sqrt(first) + half / sqrt(second)
    return Interval(distance, max(distance - band, 0.0), min(distance + band, 1.0))


def compare_classes(candidate: Mapping[str, float], stable: Mapping[str, float], confidence: float) -> Interval:
    """Return the total variation distance of two distributions over classes, from 0 to 1, given as counts by class.

    Classes have no order, so the largest difference of any set of them counts. The counts name each class that there
    is, also those without a prediction.
    """
    first, second = sum(candidate.values()), sum(stable.values())
    if not first or not second:
        return UNKNOWN
    names = {**candidate, **stable}
    distance = sum(abs(candidate.get(name, 0) / first - stable.get(name, 0) / second) for name in names) / 2
    half = sqrt((log(2 ** max(len(names), 2) - 2) - log(1 - confidence)) / 2)
    band = half / sqrt(first) + half / sqrt(second)
    return Interval(distance, max(distance - band, 0.0), min(distance + band, 1.0))


def _wilson(share: Share, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of one proportion."""
    z, n = NormalDist().inv_cdf(confidence), share.total
    p = share.count / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half
