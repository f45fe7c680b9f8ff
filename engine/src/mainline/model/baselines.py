"""The simple rules that a model must beat: a constant, and the use case's own, if `scoring.baseline` offers one."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from mainline.contract import Array, Classes, Columns
from mainline.errors import UseCaseError
from mainline.model.metrics import Scorer

CONSTANT, RULE = "constant", "rule"


class Baseline(NamedTuple):
    """The rule that is harder to beat, with its predictions of n rows; the primary metric of each rule by name."""

    name: str
    predicted: Array
    measured: Mapping[str, float]


def fit_constant(target: Array, names: Classes, weight: Array | None = None) -> float | list[float]:
    """Return the mean of n targets; of three or more classes, the share of each among the rows."""
    if len(names) < 3:
        return float(np.average(target, weights=weight))
    counts = np.bincount(target.astype(int), weight, len(names))
    return [float(share) for share in counts / counts.sum()]


def repeat(fitted: Any, rows: int) -> Array:
    """Return the output for n rows of the model that is fitted to nothing, shape (n,), or (n, K) for K classes."""
    value = np.asarray(fitted, np.float64)
    return np.broadcast_to(value, (rows, *value.shape)).copy()


def hardest(
    scoring: ModuleType, scorer: Scorer, actual: Array, constant: Array, rows: tuple[Columns, Columns],
    weight: Array | None = None,
) -> Baseline:  # fmt: skip
    """Return the rule with the better primary metric on n labelled rows; of equal ones the constant.

    Args:
        scoring: the use case's module, which may offer `baseline(columns, features)`.
        scorer: the metrics of the use case.
        actual: labels of the n rows.
        constant: the predictions of the model that knows the training labels alone, in the shape of a prediction.
        rows: the n requests, and all features that `features.compute` makes of them.
        weight: of the n rows; None where none counts more than another.

    Raises:
        UseCaseError: when the use case's rule is not a prediction per row.
    """
    found = {CONSTANT: constant} | own(scoring, constant, *rows)
    lacks = {name: scorer.lack(actual, predicted, weight) for name, predicted in found.items()}
    name = min(lacks, key=lambda name: (np.isnan(lacks[name]), lacks[name]))
    measured = {rule: scorer.primary.value(actual, found[rule], weight) for rule in found}
    return Baseline(name, found[name], measured)


def own(scoring: ModuleType, constant: Array, columns: Columns, features: Columns) -> dict[str, Array]:
    """Predict by the use case's rule; a row of which it knows nothing (NaN) gets the constant."""
    if not hasattr(scoring, "baseline"):
        return {}
    predicted = np.asarray(scoring.baseline(columns, features))
    if predicted.shape != constant.shape or predicted.dtype.kind not in "biuf":
        raise UseCaseError(
            f"src/usecase/scoring.py: baseline returns {predicted.dtype} of shape {predicted.shape}; return what "
            f"respond returns, numbers of shape {constant.shape}, with NaN where the rule knows nothing."
        )
    known = np.isfinite(predicted).reshape(len(constant), -1).all(axis=1)
    return {RULE: np.where(known.reshape(-1, *[1] * (constant.ndim - 1)), predicted, constant)}
