"""How sure a difference between two models is, when errors of one day go together.

The two models predict the same rows, so they are compared in pairs, and whole days are drawn with
replacement: the paired cluster bootstrap (Efron and Tibshirani 1993, chapters 8 and 13; Cameron, Gelbach and Miller
2008 for clusters). With few days, drawing G of G days understates the spread by sqrt((G - 1) / G) and the normal
quantile the tails, so the distance of each percentile from the estimate is widened by sqrt(G / (G - 1)) and by the
ratio of Student's to the normal quantile with G - 1 degrees of freedom. The tests show the coverage on
simulated data with a known answer.

If a holdout is looked at again and again, each candidate is shaped by what the ones before it showed, and an interval
for one look is crossed sooner or later: `benchmarks/budget.py` simulates it. The width by Scheffé (1953) holds for all
combinations of k differences at once. So the k-th look takes sqrt(k F), with the quantile of F for k and G - 1 degrees
of freedom, in place of Student's t, which it equals for k = 1.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from mainline.contract import Array
from mainline.model import weights
from mainline.model.intervals import clusters, draws
from mainline.model.metric import Metric

RESOLVED = 0.005
"""The smallest tail that so many draws resolve; Student's quantile reaches from there to smaller ones."""

Conclusion = Literal["better", "no worse", "worse", "cannot tell"]


@dataclass(frozen=True)
class Difference:
    """The relative difference of what is compared, candidate / other - 1, with its interval; NaN if unknown.

    Less is better: a metric of which more is better is compared by what it lacks to 1.
    """

    estimate: float
    low: float
    high: float
    days: int


def compare(
    metric: Metric, actual: Array, candidate: Array, other: Array, day: Array, confidence: float,
    metric_of_other: Metric | None = None, weight: Array | None = None, looks: int = 1,
) -> Difference:  # fmt: skip
    """Compare two models by their predictions of the same n rows.

    Args:
        metric: what they are compared by.
        actual: the labels, shape (n,).
        candidate: its predictions, one per row.
        other: the other model's.
        day: shape (n,), the day of each row.
        confidence: of the two-sided interval, such as 0.95.
        metric_of_other: the same metric at the threshold of the other model, if that has one of its own.
        weight: shape (n,), how much each row counts; None where none counts more than another.
        looks: which look at these rows it is, if each candidate was made in the knowledge of those before.
    """
    weight, actual, candidate, other, day = weights.counted(weight, actual, candidate, other, day)
    cluster, days = clusters(day)
    if days < 2:
        return Difference(float("nan"), float("nan"), float("nan"), days)
    counts = np.concatenate([np.ones((1, days)), draws(days)])
    sides = ((metric, candidate), (metric_of_other or metric, other))
    found = [own.combine(own.keep(actual, each, cluster, days, weight), counts) for own, each in sides]
    estimate, *replicates = _relative(metric, *found).tolist()
    tail = (1 - confidence) / 2
    drawn_tail = max(tail, RESOLVED)
    widen = np.sqrt(days / (days - 1)) * quantile(looks, days - 1, tail) / special.ndtri(drawn_tail)
    if not np.isfinite(replicates).all():  # a draw of days on which the other model has no error at all
        return Difference(estimate, float("nan"), float("nan"), days)
    low, high = estimate + widen * (np.quantile(replicates, [drawn_tail, 1 - drawn_tail]) - estimate)
    return Difference(estimate, float(low), float(high), days)


def quantile(looks: int, freedom: int, tail: float) -> float:
    """Return Student's quantile of a small tail, below zero, or Scheffé's, further out, of a later look."""
    if looks == 1:
        return float(special.stdtrit(freedom, tail))
    return -float(np.sqrt(looks * special.fdtri(looks, freedom, 1 - 2 * tail)))


def conclude(difference: Difference, margin: float) -> Conclusion:
    """Say what an interval shows, given how much worse still counts as no worse (0.01 is 1 %).

    Better: the whole interval is below zero. No worse: it ends within the margin. Worse: it lies above zero and
    beyond the margin at its end. Otherwise the data cannot tell.
    """
    if not np.isfinite([difference.estimate, difference.low, difference.high]).all():
        return "cannot tell"
    if difference.high < 0:
        return "better"
    if difference.high <= margin:
        return "no worse"
    if difference.low > 0:
        return "worse"
    return "cannot tell"


def mean_interval(
    values: Array, day: Array, confidence: float, weight: Array | None = None
) -> tuple[float, float, float]:
    """Return the mean of n values with an interval clustered by day, as `model.intervals` has it; NaN with one day."""
    weight, values, day = weights.counted(weight, values, day)
    cluster, days = clusters(day)
    mean = float(np.average(values, weights=weight)) if len(values) else float("nan")
    if days < 2:
        return mean, float("nan"), float("nan")
    sums = np.bincount(cluster, (values - mean) * weight)
    error = np.sqrt(days / (days - 1) * np.sum(sums**2)) / weight.sum()
    reach = float(special.stdtrit(days - 1, (1 + confidence) / 2) * error)
    return mean, mean - reach, mean + reach


def _relative(metric: Metric, candidate: Array, other: Array) -> Array:
    """Turn k values of a metric, and k of another model, into relative differences of what is compared, shape (k,)."""
    one, two = metric.lack(candidate), metric.lack(other)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(one == two, 1.0, one / two) - 1)
