"""The probability from which on a row of two classes counts as positive: declared, or where mistakes cost least."""

import numpy as np

from mainline.contract import Array
from mainline.declared.params import Costs, Evaluation
from mainline.model import weights

DEFAULT = 0.5
_ROUNDING = 1e-12  # what sums of weights are off by must not decide between thresholds that cost the same


def choose(evaluation: Evaluation, actual: Array, predicted: Array, weight: Array | None = None) -> tuple[float, str]:
    """Return the threshold, and where it comes from.

    Args:
        evaluation: what is declared.
        actual: labels of n validation rows.
        predicted: their probabilities.
        weight: of each row; None where none counts more than another.
    """
    if evaluation.costs is not None:
        from mainline.data.storage import (
            tidy,
        )  # here: `make repro` measures nothing, and waits for no library of tables

        return float(tidy(cheapest(evaluation.costs, actual, predicted, weight))), _said(evaluation.costs)
    if evaluation.threshold is not None:
        return evaluation.threshold, "declared in params.yaml"
    return DEFAULT, "the default"


def cheapest(costs: Costs, actual: Array, predicted: Array, weight: Array | None = None) -> float:
    """Return the threshold at which mistakes on n rows cost least, in the middle between two probabilities.

    Of thresholds that cost the same, the highest.
    """
    scores = np.unique(predicted)
    bounds = np.concatenate([[0.0], scores, [1.0]])
    between = (bounds[1:] + bounds[:-1]) / 2
    counting, positive, predicted = weights.counted(weight, actual == 1, predicted)
    missed = _below(predicted[positive], counting[positive], between)
    mistaken = counting[~positive].sum() - _below(predicted[~positive], counting[~positive], between)
    cost = costs.false_positive * mistaken + costs.false_negative * missed
    reached = cost.min() + (0.0 if weight is None else _ROUNDING * cost.max())
    return float(between[np.flatnonzero(cost <= reached)[-1]])


def _below(scores: Array, weight: Array, bounds: Array) -> Array:
    """Sum the weights of the scores that are below each of the bounds."""
    order = np.argsort(scores)
    upto = np.concatenate([[0.0], np.cumsum(weight[order])])
    return np.asarray(upto[np.searchsorted(scores[order], bounds)])


def _said(costs: Costs) -> str:
    unit = f" {costs.unit}" if costs.unit else ""
    return (
        f"where mistakes on the validation rows cost least: a false positive {costs.false_positive:g}{unit}, a false "
        f"negative {costs.false_negative:g}{unit}"
    )
