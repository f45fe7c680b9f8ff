"""What a person looks at beside a metric: segments of the data, errors by size, and calibration."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.model.intervals import interval
from mainline.model.metrics import Scorer


def by_slice(
    slices: Mapping[str, Array],
    actual: Array,
    predicted: Array,
    baseline: Array,
    day: Array,
    scorer: Scorer,
    min_rows: int,
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
                | _segment(actual[chosen], predicted[chosen], baseline[chosen], day[chosen], scorer)
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


def _segment(actual: Array, predicted: Array, baseline: Array, day: Array, scorer: Scorer) -> dict[str, Any]:
    low, high = interval(scorer.primary, actual, predicted, day)
    return {
        "rows": len(actual),
        "metric": scorer.primary.value(actual, predicted),
        "low": low,
        "high": high,
        "bias": scorer.bias(actual, predicted),
        "baseline": scorer.primary.value(actual, baseline),
    }
