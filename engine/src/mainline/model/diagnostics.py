"""What a person looks at beside a metric: segments of the data, errors by size, and calibration."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mainline.contract import Array, Classes
from mainline.model import weights
from mainline.model.intervals import interval
from mainline.model.metrics import Scorer

SMALLEST = 10
"""Rows of a group of a calibration; the truth of fewer is mostly chance."""


def by_slice(
    slices: Mapping[str, Array],
    actual: Array,
    predicted: Array,
    baseline: Array,
    day: Array,
    scorer: Scorer,
    min_rows: int,
    weight: Array | None = None,
) -> list[dict[str, Any]]:
    """Measure n predictions in each segment.

    Returns:
        One row per column and value with rows, the primary metric and its interval, bias, and the baseline's
        metric; `thin` where fewer than `min_rows` rows count, so nobody takes noise for a finding.
    """
    counting = np.ones(len(actual)) if weight is None else weight
    table = []
    for column, values in slices.items():
        for value in np.unique(values):
            chosen = values == value
            given = (actual[chosen], predicted[chosen], baseline[chosen], day[chosen], counting[chosen])
            table.append(
                {"slice": column, "value": str(value)}
                | _segment(*given, scorer)
                | {"thin": str(np.count_nonzero(counting[chosen]) < min_rows).lower()}
            )
    return table


def residuals(actual: Array, predicted: Array, bins: int = 60) -> list[dict[str, float]]:
    """Count n errors (predicted minus actual) in bins of equal width between their 0.5 % and 99.5 % quantiles."""
    error = predicted - actual
    low, high = np.quantile(error, [0.005, 0.995])
    counts, edges = np.histogram(error, bins=bins, range=(low, max(high, low + 1e-9)))
    return [{"error": (edges[i] + edges[i + 1]) / 2, "rows": int(counts[i])} for i in range(bins)]


def calibration(
    actual: Array, predicted: Array, names: Classes = (), groups: int = 20, weight: Array | None = None
) -> list[dict[str, Any]]:
    """Compare mean prediction and mean truth in so many groups of equal size, of fewer rows in groups of about ten.

    Groups are in order of the prediction. Of several classes, each one's probability is compared apart, with its name.
    """
    counting, actual, predicted = weights.counted(weight, actual, predicted)
    if predicted.ndim == 1:
        return _calibration(actual, predicted, counting, groups)
    return [
        {"class": str(name), **row}
        for code, name in enumerate(names)
        for row in _calibration((actual == code).astype(float), predicted[:, code], counting, groups)
    ]


def confusion(actual: Array, said: Array, names: Classes) -> list[dict[str, Any]]:
    """Count n rows by the class that is true and the one that is said, with the share of the true one's rows.

    Args:
        actual: the place of each row's class.
        said: likewise; none where predictions are numbers.
        names: of the classes; 0 and 1 without.
    """
    names = names or (0, 1)
    if not len(said):
        return []
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (actual.astype(int), said), 1)
    return [
        {
            "actual": str(names[true]), "predicted": str(names[other]), "rows": int(counts[true, other]),
            "share": counts[true, other] / max(counts[true].sum(), 1),
        }
        for true, other in np.ndindex(counts.shape)
    ]  # fmt: skip


def _calibration(actual: Array, predicted: Array, weight: Array, groups: int) -> list[dict[str, Any]]:
    groups = max(min(groups, len(actual) // SMALLEST), 1)
    parts = np.array_split(np.argsort(predicted, kind="stable"), groups)
    return [
        {
            "predicted": float(np.average(predicted[part], weights=weight[part])),
            "actual": float(np.average(actual[part], weights=weight[part])),
            "rows": len(part),
        }
        for part in parts
        if len(part)
    ]


def _segment(
    actual: Array, predicted: Array, baseline: Array, day: Array, weight: Array, scorer: Scorer
) -> dict[str, Any]:
    low, high = interval(scorer.primary, actual, predicted, day, weight)
    return {
        "rows": len(actual),
        "metric": scorer.primary.value(actual, predicted, weight),
        "low": low,
        "high": high,
        "bias": scorer.bias(actual, predicted, weight),
        "baseline": scorer.primary.value(actual, baseline, weight),
    }
