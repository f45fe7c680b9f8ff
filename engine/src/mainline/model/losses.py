"""What a row loses or gains by a metric that is a mean of that: the outcome of a row, where it is read from labels."""

from collections.abc import Mapping

from mainline import labels
from mainline.contract import Classes, Task
from mainline.declared import params
from mainline.declared.environments import FOLDER, Environment
from mainline.declared.params import Evaluation
from mainline.declared.rollout import Outcome
from mainline.errors import ParamsError
from mainline.model import metrics
from mainline.model.metric import Mean
from mainline.model.threshold import DEFAULT

_PLACE = "rollout.analysis.outcome"


def check(declared: Mapping[str, Environment]) -> None:
    """Refuse an environment's outcome that could not be read from the labels of the use case here.

    Raises:
        ParamsError: when its metric is not a mean over rows, prefers the other direction, or nothing names an event.
    """
    outcomes = {name: environment.rollout.declared.analysis.outcome for name, environment in declared.items()}
    for name, outcome in outcomes.items():
        if outcome is not None and outcome.metric is not None:
            _check(outcome, outcome.metric, f"{FOLDER}/{name}.yaml")


def _check(outcome: Outcome, metric: str, file: str) -> None:
    from usecase import interface

    if not interface.KEY:
        remedy = "declare KEY in src/usecase/interface.py, or leave out `metric` and let clients send outcomes"
        raise ParamsError(f"{_PLACE}.metric", "reads labels, and no KEY joins them to predictions", remedy, file)
    found = of(metric, interface.TASK, labels.classes(interface), params.load().evaluation, file=file)
    if outcome.better != found.direction:
        said = f"is {outcome.better}, and {found.name} is better if it is {found.direction}"
        raise ParamsError(f"{_PLACE}.better", said, f"write {found.direction}", file)


def of(
    name: str, task: Task, names: Classes, evaluation: Evaluation, threshold: float | None = None, file: str = ""
) -> Mean:
    """Return a metric that is a mean over rows; its `losses` are the outcomes of rows.

    Args:
        name: the declared metric.
        task: the use case's.
        names: its classes.
        evaluation: of two classes the declared threshold or costs.
        threshold: the one that was chosen with a model.
        file: which declares the metric.

    Raises:
        ParamsError: when the task has no such metric, or it is not a mean over rows.
    """
    cut = threshold if threshold is not None else evaluation.threshold or DEFAULT
    known = metrics.of_task(task, names, name, cut, evaluation.costs)
    means = {one.name: one for one in known if isinstance(one, Mean) and not one.root and one.direction != "zero"}
    if name not in means:
        found = f"'{name}' is not a mean over rows" if any(one.name == name for one in known) else f"is '{name}'"
        raise ParamsError(f"{_PLACE}.metric", found, f"of a {task} it is one of {', '.join(means)}", file)
    return means[name]
