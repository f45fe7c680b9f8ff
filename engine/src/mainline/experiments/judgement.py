"""Predictions of validation rows judged as the pipeline would judge their model: at the threshold chosen for it."""

from mainline.contract import Array
from mainline.declared.params import Evaluation
from mainline.gate.statistics import Difference, compare
from mainline.labels import classes
from mainline.model import metrics, threshold
from mainline.model.metrics import Scorer
from usecase import interface


def scorer(evaluation: Evaluation, label: Array, predicted: Array) -> Scorer:
    """Return the declared metrics, of two classes at the threshold that `train` would choose for the predictions.

    Args:
        evaluation: what is declared.
        label: of n validation rows.
        predicted: one model's predictions of them.
    """
    cut = None
    if interface.TASK == "classification":
        cut, _ = threshold.choose(evaluation, label, predicted)
    return metrics.declared(interface.TASK, classes(interface), evaluation, cut)


def judge(
    evaluation: Evaluation, label: Array, candidate: Array, other: Array, day: Array, confidence: float
) -> tuple[float, Difference]:
    """Return a model's primary metric and its difference to another model's, each at a threshold of its own.

    Args:
        evaluation: what is declared.
        label: of n validation rows.
        candidate: its predictions of them.
        other: the other model's.
        day: the cluster of each row, shape (n,).
        confidence: of the interval.
    """
    own, others = (scorer(evaluation, label, predicted).primary for predicted in (candidate, other))
    return own.value(label, candidate), compare(own, label, candidate, other, day, confidence, others)
