"""The probability from which on a row of two classes counts as positive: declared, or where mistakes cost least."""

import numpy as np

from mainline.contract import Array
from mainline.declared.params import Costs, Evaluation

DEFAULT = 0.5


def choose(evaluation: Evaluation, actual: Array, predicted: Array) -> tuple[float, str]:
    """Return the threshold, and where it comes from.

    Args:
        evaluation: what is declared.
        actual: labels of n validation rows.
        predicted: their probabilities.
    """
    if evaluation.costs is not None:
        from mainline.data.storage import (
            tidy,
        )  # here: `make repro` measures nothing, and waits for no library of tables

        return float(tidy(cheapest(evaluation.costs, actual, predicted))), _said(evaluation.costs)
    if evaluation.threshold is not None:
        return evaluation.threshold, "declared in params.yaml"
    return DEFAULT, "the default"


def cheapest(costs: Costs, actual: Array, predicted: Array) -> float:
    """Return the threshold at which mistakes on n rows cost least, in the middle between two probabilities.

    Of thresholds that cost the same, the highest.
    """
    scores = np.unique(predicted)
    bounds = np.concatenate([[0.0], scores, [1.0]])
    between = (bounds[1:] + bounds[:-1]) / 2
    positive, negative = (np.sort(predicted[rows]) for rows in (actual == 1, actual != 1))
    missed = np.searchsorted(positive, between)
    mistaken = len(negative) - np.searchsorted(negative, between)
    cost = costs.false_positive * mistaken + costs.false_negative * missed
    return float(between[len(cost) - 1 - np.argmin(cost[::-1])])


def _said(costs: Costs) -> str:
    return (
        f"where mistakes on the validation rows cost least: a false positive {costs.false_positive:g}, a false "
        f"negative {costs.false_negative:g}"
    )
