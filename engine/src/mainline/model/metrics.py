"""The metrics by task, in the order in which they are reported, and the one by which models are compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mainline.contract import Array, Classes, Task
from mainline.declared.params import Costs, Evaluation
from mainline.errors import ParamsError, nearest
from mainline.model import formulas, multiclass
from mainline.model.metric import Mean, Metric, Quantile, Sums, quantile_of
from mainline.model.multiclass import Macro, OneClass
from mainline.model.ranking import AveragePrecision, RocAuc
from mainline.model.threshold import DEFAULT

REGRESSION: tuple[Metric, ...] = (
    Mean("rmse", "lower", formulas.squared, root=True, of_label=True),
    Mean("mae", "lower", formulas.absolute, of_label=True),
    Mean("bias", "zero", formulas.errors, of_label=True),
    Quantile("p90_error", "lower", formulas.absolute, 0.9, of_label=True),
    Sums("r2", "higher", formulas.moments, formulas.explained, needs=formulas.differ),
)
"""In the label's unit, but for R squared; `bias` is the mean of predicted minus actual."""

DEVIANCES: tuple[Metric, ...] = (
    Mean("poisson_deviance", "lower", formulas.poisson),
    Mean("gamma_deviance", "lower", formulas.gamma),
)
"""Of counts, and of amounts above zero, without a unit; measured if declared; NaN unless predictions are above zero."""


def two_classes(threshold: float = DEFAULT, costs: Costs | None = None) -> tuple[Metric, ...]:
    """Return the metrics of a probability; from accuracy on they are of the class that it means from a threshold on."""
    decisions = partial(formulas.decisions, threshold=threshold)
    charged = []
    if costs:
        charged = [Mean("cost", "lower", partial(formulas.cost, threshold=threshold, costs=costs), unit=costs.unit)]
    return (
        Mean("log_loss", "lower", formulas.log_loss),
        Mean("brier", "lower", formulas.squared),
        Mean("bias", "zero", formulas.errors, of_label=True),
        RocAuc("roc_auc", "higher"),
        AveragePrecision("average_precision", "higher"),
        Mean("accuracy", "higher", partial(formulas.right, threshold=threshold)),
        Sums("precision", "higher", decisions, formulas.precision),
        Sums("recall", "higher", decisions, formulas.recall, needs=formulas.has_positive),
        Sums("f1", "higher", decisions, formulas.f1, needs=formulas.has_positive),
        *charged,
    )


def one_class(name: str, code: int) -> tuple[OneClass, ...]:
    """Return the metrics of one of several classes against the others."""
    found = {metric.name: metric for metric in two_classes()}
    return tuple(
        OneClass(f"{metric} of {name}", "higher", found[metric], code, is_said)
        for metric, is_said in (
            ("precision", True), ("recall", True), ("f1", True), ("roc_auc", False), ("average_precision", False),
        )
    )  # fmt: skip


def several_classes(names: Classes) -> tuple[Metric, ...]:
    """Return the metrics of probabilities of three or more classes; the last five are means over classes."""
    by_metric = zip(*(one_class(str(name), code) for code, name in enumerate(names)), strict=True)
    return (
        Mean("log_loss", "lower", partial(multiclass.log_loss, edge=formulas.EDGE)),
        Mean("brier", "lower", multiclass.brier),
        Sums("bias", "zero", multiclass.excess, multiclass.largest_excess),
        Mean("accuracy", "higher", multiclass.is_right),
        *(Macro(parts[0].of_two.name, "higher", parts) for parts in by_metric),
    )


def _regression(metric: str | None) -> Iterator[Metric]:
    """Yield what is measured of a regression; a loss of counts, amounts or quantiles only if it is declared."""
    yield from REGRESSION
    yield from (one for one in DEVIANCES if one.name == metric)
    quantile = quantile_of(metric)
    if quantile is not None:
        yield Mean(str(metric), "lower", partial(formulas.pinball, quantile=quantile), of_label=True)


@dataclass(frozen=True)
class Scorer:
    """The metrics of a use case. Models are compared by the primary one, which is of all rows or of one class."""

    primary: Metric
    metrics: tuple[Metric, ...]
    by_class: tuple[OneClass, ...] = ()
    threshold: float | None = None
    """Of two classes, the probability from which on a row counts as positive."""

    def say(self, predicted: Array) -> Array:
        """Return the place of the class that n predictions say; of numbers, which say none, an empty array."""
        if predicted.ndim > 1:
            return np.asarray(predicted.argmax(axis=1))
        return np.zeros(0, int) if self.threshold is None else (predicted >= self.threshold).astype(int)

    def measure(self, actual: Array, predicted: Array, weight: Array | None = None) -> dict[str, float]:
        """Return every metric of n predictions but those of single classes, the primary one first."""
        names = dict.fromkeys((self.primary, *self.metrics))
        return {metric.name: metric.value(actual, predicted, weight) for metric in names}

    def measure_classes(self, actual: Array, predicted: Array, weight: Array | None = None) -> dict[str, float]:
        """Return every metric of a single class."""
        return {metric.name: metric.value(actual, predicted, weight) for metric in self.by_class}

    def bias(self, actual: Array, predicted: Array, weight: Array | None = None) -> float:
        """Return by how much n predictions are too high on average; of several classes, those of the worst one."""
        return next(metric for metric in self.metrics if metric.direction == "zero").value(actual, predicted, weight)

    def lack(self, actual: Array, predicted: Array, weight: Array | None = None) -> float:
        """Return the primary metric of n predictions, or what it lacks to 1 where more is better."""
        return float(self.primary.lack(self.primary.value(actual, predicted, weight)))


def scorer(
    task: Task, metric: str | None = None, names: Classes = (), threshold: float = DEFAULT, costs: Costs | None = None
) -> Scorer:
    """Return the metrics of a task.

    Args:
        task: whose.
        metric: the declared primary one; None for the RMSE or the log loss.
        names: the declared classes.
        threshold: of two classes, the probability from which on a row counts as positive.
        costs: of two classes, what the two kinds of mistakes cost, if that is declared.

    Raises:
        ParamsError: when the task has no such metric, or it is none to compare by.
    """
    measured = of_task(task, names, metric, threshold, costs)
    by_class = tuple(one for code, name in enumerate(names) for one in one_class(str(name), code))
    by_class = by_class if task == "multiclass" else ()
    found = {one.name: one for one in (*measured, *by_class)}
    eligible = [name for name, one in found.items() if one.direction != "zero"]
    if metric is not None and metric not in eligible:
        wrong = "should be zero, so no model is better by it" if metric in found else f"is not measured for a {task}"
        known = [*eligible, *(one.name for one in DEVIANCES), "pinball_0.9"] if task == "regression" else eligible
        raise ParamsError("evaluation.metric", f"'{metric}' {wrong}", nearest(metric, known))
    cut = threshold if task == "classification" else None
    return Scorer(found[metric or eligible[0]], measured, by_class, cut)


def declared(task: Task, names: Classes, evaluation: Evaluation, threshold: float | None = None) -> Scorer:
    """Return the metrics of a use case as `params.yaml` declares them.

    Args:
        task: the use case's.
        names: its classes.
        evaluation: the declared metric, and for two classes threshold or costs.
        threshold: the one that was chosen when the model was fitted, if it was.

    Raises:
        ParamsError: as `scorer`, and for a threshold, costs or an interval of another task.
    """
    two = "a classification, which has two classes"
    for key, of, told in (
        ("threshold", "classification", two), ("costs", "classification", two),
        ("interval", "regression", "a regression; classes have probabilities"),
    ):  # fmt: skip
        if task != of and getattr(evaluation, key) is not None:
            raise ParamsError(f"evaluation.{key}", f"is declared for a {task}", f"leave it out; it is for {told}")
    cut = threshold if threshold is not None else evaluation.threshold or DEFAULT
    return scorer(task, evaluation.metric, names, cut, evaluation.costs)


def of_package(manifest: Mapping[str, Any], evaluation: Evaluation) -> Scorer:
    """Return the declared metrics for a package, of two classes at the threshold that was chosen with its model."""
    names = tuple(manifest.get("classes", ()))
    return declared(manifest["task"], names, evaluation, manifest["model"].get("threshold"))


def of_task(
    task: Task, names: Classes, metric: str | None, threshold: float, costs: Costs | None
) -> tuple[Metric, ...]:
    """Return the metrics of a task, but those of single classes."""
    if task == "multiclass":
        return several_classes(names)
    return two_classes(threshold, costs) if task == "classification" else tuple(_regression(metric))


def is_better_if_higher(name: str) -> bool:
    """Whether more is better of a metric of any task, such as one in the record of a release."""
    known = (*REGRESSION, *two_classes())
    return any(one.name == name.partition(" of ")[0] and one.direction == "higher" for one in known)
