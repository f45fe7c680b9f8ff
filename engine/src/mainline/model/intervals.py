"""How sure a metric is, when errors of one day go together (a storm delays everybody).

Days, not rows, are independent. A mean of losses has the cluster-robust variance of a mean (Liang and Zeger 1986), with
the usual G / (G - 1) for G days and Student's quantile of G - 1 degrees of freedom. Any other metric has percentiles of
a bootstrap over days (Efron and Tibshirani 1993), widened by the same two for few days. Weights of rows stay with them;
a day on which no row counts is none.
"""

from functools import lru_cache

import numpy as np

from mainline.contract import Array
from mainline.model import weights
from mainline.model.metric import Mean, Metric

DRAWS = 4000
SEED = 20130901

_NORMAL = 1.959964  # quantile 0.975
_FEW = {1: 12.706205, 2: 4.302653}  # the same of Student's distribution, by degrees of freedom


def interval(
    metric: Metric, actual: Array, predicted: Array, day: Array, weight: Array | None = None
) -> tuple[float, float]:
    """Return a 95 % interval of a metric of n predictions clustered by day; NaN with fewer than two days."""
    weight, actual, predicted, day = weights.counted(weight, actual, predicted, day)
    cluster, days = clusters(day)
    if days < 2:
        return (float("nan"), float("nan"))
    if isinstance(metric, Mean):
        return _of_mean(metric, metric.losses(actual, predicted), weight, cluster, days)
    replicates = metric.combine(metric.keep(actual, predicted, cluster, days, weight), draws(days))
    if not np.isfinite(replicates).all():  # a draw of days on which it is not defined
        return (float("nan"), float("nan"))
    value = metric.value(actual, predicted, weight)
    widen = np.sqrt(days / (days - 1)) * student(days - 1) / _NORMAL
    low, high = value + widen * (np.quantile(replicates, [0.025, 0.975]) - value)
    return (float(low), float(min(high, 1.0))) if metric.direction == "higher" else (float(max(low, 0.0)), float(high))


def clusters(day: Array) -> tuple[Array, int]:
    """Number the days of n rows from 0, and count them."""
    _, cluster = np.unique(day, return_inverse=True)
    return cluster, int(cluster.max()) + 1 if len(cluster) else 0


@lru_cache(maxsize=4)
def draws(days: int) -> Array:
    """Draw G of G days with replacement, again and again: how often each is in a draw, shape (DRAWS, days)."""
    drawn = np.random.default_rng(SEED).multinomial(days, np.full(days, 1 / days), size=DRAWS).astype(np.float64)
    drawn.setflags(write=False)
    return drawn


def student(freedom: int) -> float:
    """Return Student's quantile 0.975: exact for 1 and 2 degrees of freedom, good to 1 % from 3 on.

    From the normal quantile, by Abramowitz and Stegun 26.7.5; that series is far too low where there is little freedom.
    """
    if freedom <= 2:
        return _FEW[freedom]
    z, n = _NORMAL, freedom
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


def _of_mean(metric: Mean, loss: Array, weight: Array, cluster: Array, days: int) -> tuple[float, float]:
    total = weight.sum()
    mean = (loss * weight).sum() / total
    sums = np.bincount(cluster, (loss - mean) * weight)
    error = np.sqrt(days / (days - 1) * np.sum(sums**2)) / total
    reach = student(days - 1) * error
    low, high = mean - reach, mean + reach
    if metric.direction == "higher":
        high = min(high, 1.0)
    return float(metric.of_mean(max(low, 0.0))), float(metric.of_mean(high))
