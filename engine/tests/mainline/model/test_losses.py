"""Which metrics can be the outcome of a row, and what an environment may say of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mainline.contract import Task
from mainline.declared import environments
from mainline.declared.params import Evaluation
from mainline.errors import ParamsError
from mainline.model import losses
from tests.project import FLIGHTS
from usecase import interface

EVALUATION = Evaluation(slice_min_rows=100)
OUTCOME = {"name": "error", "better": "lower", "effect": 0.5, "metric": "mae"}


def declare(folder: Path, **outcome: Any) -> dict[str, environments.Environment]:
    """Declare an environment with an outcome by labels."""
    analysis = {"outcome": {**OUTCOME, **outcome}}
    content = {
        "promotion": {"after": None, "approval": "automatic", "signature": "optional"},
        "service": {"log": {"directory": "logs"}},
        "rollout": {"strategy": "ab", "sticky": {"by": "key"}, "analysis": analysis},
    }
    (folder / "production.yaml").write_text(yaml.safe_dump(content))
    return environments.load_all(folder)


@pytest.mark.parametrize(
    ("task", "metric", "actual", "predicted", "expected"),
    [
        ("regression", "mae", [10, 10], [12, 7], [2, 3]),
        ("regression", "pinball_0.9", [10, 10], [12, 7], [0.2, 2.7]),
        ("regression", "poisson_deviance", [1], [1], [0]),
        ("classification", "brier", [1, 0], [0.7, 0.2], [0.09, 0.04]),
        ("classification", "accuracy", [1, 0], [0.7, 0.6], [1, 0]),
        ("classification", "cost", [1, 0, 1], [0.1, 0.9, 0.9], [5, 2, 0]),
        ("multiclass", "accuracy", [0, 2], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 0]),
        ("multiclass", "log_loss", [1], [[0.25, 0.5, 0.25]], [np.log(2)]),
    ],
)
def test_outcome_of_a_row_is_what_its_metric_is_a_mean_of(
    task: Task, metric: str, actual: list[float], predicted: list[Any], expected: list[float]
) -> None:
    """Each worked out by hand; the cost of a miss is 5, that of a false alarm 2."""
    costs = {"false_negative": 5.0, "false_positive": 2.0}
    evaluation = Evaluation.model_validate({"slice_min_rows": 100, "costs": costs if metric == "cost" else None})
    found = losses.of(metric, task, ("a", "b", "c") if task == "multiclass" else (), evaluation)
    assert np.asarray(found.losses(np.array(actual, float), np.array(predicted, float)), float) == pytest.approx(
        expected
    )


def test_threshold_that_was_chosen_with_a_model_counts() -> None:
    """A probability of 0.4 is right of a positive row if the model says yes from 0.3 on, and wrong from 0.5 on."""
    actual, predicted = np.array([1.0]), np.array([0.4])
    for threshold, right in ((0.3, True), (None, False)):
        found = losses.of("accuracy", "classification", (), EVALUATION, threshold)
        assert bool(found.losses(actual, predicted)[0]) == right


@pytest.mark.parametrize(
    ("task", "metric", "said"),
    [
        ("regression", "rmse", r"metric: 'rmse' is not a mean over rows; of a regression it is one of mae\."),
        ("regression", "r2", r"metric: 'r2' is not a mean over rows"),
        ("regression", "bias", r"metric: 'bias' is not a mean over rows"),
        ("regression", "p90_error", r"metric: 'p90_error' is not a mean over rows"),
        ("regression", "brier", r"metric: is 'brier'; of a regression it is one of mae\."),
        (
            "classification",
            "roc_auc",
            r"'roc_auc' is not a mean over rows; of a classification it is one of log_loss, ",
        ),
        ("multiclass", "f1", r"'f1' is not a mean over rows; of a multiclass it is one of log_loss, brier, accuracy\."),
        ("classification", "cost", r"metric: is 'cost'; of a classification it is one of log_loss, brier, accuracy\."),
    ],
)
def test_what_is_not_a_mean_over_rows_is_refused(task: Task, metric: str, said: str) -> None:
    """The line names the file, the metric, and those that can be had."""
    with pytest.raises(ParamsError, match=said):
        losses.of(metric, task, ("a", "b", "c") if task == "multiclass" else (), EVALUATION)


def test_environment_is_held_to_the_use_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric of another task, the wrong direction, and no key: one line each, which names the file."""
    monkeypatch.chdir(FLIGHTS)
    losses.check(declare(tmp_path))
    losses.check(declare(tmp_path, metric=None, better="higher"))
    for outcome, said in (
        ({"metric": "log_loss"}, r"^deploy/production\.yaml: rollout\.analysis\.outcome\.metric: is 'log_loss'; "),
        ({"better": "higher"}, r"outcome\.better: is higher, and mae is better if it is lower; write lower\.$"),
    ):
        with pytest.raises(ParamsError, match=said):
            losses.check(declare(tmp_path, **outcome))
    monkeypatch.setattr(interface, "KEY", ())
    with pytest.raises(ParamsError, match=r"outcome\.metric: reads labels, and no KEY joins them to predictions; decl"):
        losses.check(declare(tmp_path))
