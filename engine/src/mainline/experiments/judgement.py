"""Predictions of validation rows judged as the pipeline would judge their model: at the threshold chosen for it."""

from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.declared.params import Evaluation
from mainline.gate.statistics import Difference, compare
from mainline.labels import classes
from mainline.model import metrics, threshold, weights
from mainline.model.metrics import Scorer
from usecase import interface, scoring


def scorer(evaluation: Evaluation, label: Array, predicted: Array, weight: Array | None = None) -> Scorer:
    """Return the declared metrics, of two classes at the threshold that `train` would choose for the predictions.

    Args:
        evaluation: what is declared.
        label: of n validation rows.
        predicted: one model's predictions of them.
        weight: of each row; None where none counts more than another.
    """
    cut = None
    if interface.TASK == "classification":
        cut, _ = threshold.choose(evaluation, label, predicted, weight)
    return metrics.declared(interface.TASK, classes(interface), evaluation, cut)


def measure(evaluation: Evaluation, rows: Prepared, predicted: Array) -> float:
    """Return the primary metric of one model's predictions of n validation rows."""
    weight = weights.of(scoring, rows.label, rows.request)
    return scorer(evaluation, rows.label, predicted, weight).primary.value(rows.label, predicted, weight)


def judge(
    evaluation: Evaluation, rows: Prepared, candidate: Array, other: Array, day: Array, confidence: float
) -> tuple[float, Difference]:
    """Return a model's primary metric and its difference to another model's, each at a threshold of its own.

    Args:
        evaluation: what is declared.
        rows: n validation rows.
        candidate: its predictions of them.
        other: the other model's.
        day: the cluster of each row, shape (n,).
        confidence: of the interval.
    """
    label, weight = rows.label, weights.of(scoring, rows.label, rows.request)
    own, others = (scorer(evaluation, label, predicted, weight).primary for predicted in (candidate, other))
    found = compare(own, label, candidate, other, day, confidence, others, weight)
    return own.value(label, candidate, weight), found
