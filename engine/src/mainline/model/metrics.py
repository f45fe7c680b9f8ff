"""How good predictions are: overall, with an interval, and in segments of the data.

Errors of one day go together (a storm delays everybody), so intervals treat days, not rows, as independent:
the cluster-robust variance of a mean (Liang and Zeger 1986), with the usual G / (G - 1) for G days and
Student's quantile of G - 1 degrees of freedom.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mainline.contract import Array, Task

PRIMARY: dict[Task, str] = {"regression": "rmse", "classification": "log_loss"}
"""The metric that models are compared by; lower is better."""

_NORMAL = 1.959964  # quantile 0.975
_FEW = {1: 12.706205, 2: 4.302653}  # the same of Student's distribution, by degrees of freedom
_EDGE = 1e-7  # keeps the logarithm of a confident, wrong probability finite


def measure(actual: Array, predicted: Array, task: Task) -> dict[str, float]:
    """Measure n predictions.

    Returns:
        For regression rmse, mae, bias (mean of predicted minus actual) and p90_error (90 % of errors are
        smaller), in the label's unit; for classification log_loss, brier, bias and accuracy at 0.5.
    """
    error = predicted - actual
    if task == "classification":
        return {
            "log_loss": float(losses(actual, predicted, task).mean()),
            "brier": float(np.mean(error**2)),
            "bias": float(error.mean()),
            "accuracy": float(np.mean((predicted >= 0.5) == (actual == 1))),
        }
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.abs(error).mean()),
        "bias": float(error.mean()),
        "p90_error": float(np.quantile(np.abs(error), 0.9)),
    }


def losses(actual: Array, predicted: Array, task: Task) -> Array:
    """Return the loss of each of n rows; the primary metric is a function of their mean."""
    if task == "classification":
        probability = np.clip(predicted, _EDGE, 1 - _EDGE)
        return -np.log(np.where(actual == 1, probability, 1 - probability))
    return (predicted - actual) ** 2


def interval(loss: Array, day: Array, task: Task) -> tuple[float, float]:
    """Return a 95 % interval of the primary metric from n losses clustered by day; NaN with fewer than two days."""
    _, cluster = np.unique(day, return_inverse=True)
    days = int(cluster.max()) + 1 if len(cluster) else 0
    if days < 2:
        return (float("nan"), float("nan"))
    sums = np.bincount(cluster, weights=loss - loss.mean())
    error = np.sqrt(days / (days - 1) * np.sum(sums**2)) / len(loss)
    reach = _student(days - 1) * error
    low, high = loss.mean() - reach, loss.mean() + reach
    if task == "regression":
        return (float(np.sqrt(max(low, 0.0))), float(np.sqrt(high)))
    return (float(max(low, 0.0)), float(high))


def _student(freedom: int) -> float:
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


def by_slice(
    slices: Mapping[str, Array], actual: Array, predicted: Array, baseline: Array, day: Array, task: Task, min_rows: int
) -> list[dict[str, Any]]:
    """Measure n predictions in each segment.

    Returns:
        One row per column and value with rows, the primary metric and its interval, bias, and the baseline's
        metric; `thin` where there are fewer than `min_rows` rows, so nobody takes noise for a finding.
    """
    table = []
    for column, values in slices.items():
        for value in np.unique(values):
            chosen = values == value
            table.append(
                {"slice": column, "value": str(value)}
                | _segment(actual[chosen], predicted[chosen], baseline[chosen], day[chosen], task)
                | {"thin": str(int(chosen.sum()) < min_rows).lower()}
            )
    return table


def residuals(actual: Array, predicted: Array, bins: int = 60) -> list[dict[str, float]]:
    """Count n errors (predicted minus actual) in bins of equal width between their 0.5 % and 99.5 % quantiles."""
    error = predicted - actual
    low, high = np.quantile(error, [0.005, 0.995])
    counts, edges = np.histogram(error, bins=bins, range=(low, max(high, low + 1e-9)))
    return [{"error": (edges[i] + edges[i + 1]) / 2, "rows": int(counts[i])} for i in range(bins)]


def calibration(actual: Array, predicted: Array, groups: int = 20) -> list[dict[str, float]]:
    """Compare mean prediction and mean truth in groups of about n / groups rows, ordered by prediction."""
    parts = [part for part in np.array_split(np.argsort(predicted, kind="stable"), groups) if len(part)]
    return [
        {"predicted": float(predicted[part].mean()), "actual": float(actual[part].mean()), "rows": len(part)}
        for part in parts
    ]


def _segment(actual: Array, predicted: Array, baseline: Array, day: Array, task: Task) -> dict[str, Any]:
    primary = PRIMARY[task]
    found = measure(actual, predicted, task)
    low, high = interval(losses(actual, predicted, task), day, task)
    simple = measure(actual, baseline, task)[primary]
    return {
        "rows": len(actual),
        "metric": found[primary],
        "low": low,
        "high": high,
        "bias": found["bias"],
        "baseline": simple,
    }
