"""The rule that a model must beat is the one that is harder to beat on the same rows."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.errors import UseCaseError
from mainline.model import baselines
from mainline.model.metrics import scorer

ACTUAL = np.array([1.0, 2.0, 3.0, 4.0])
CONSTANT = np.full(4, 2.5)
ROWS = ({"last": np.array([1.0, 2.0, np.nan, 4.0])}, {"double": np.array([2.0, 4.0, 6.0, 8.0])})


def scoring(baseline: Any = None) -> Any:
    """Stand for the use case's module, with a rule or without."""
    return SimpleNamespace(baseline=baseline) if baseline else SimpleNamespace()


def test_without_a_rule_the_constant_is_the_baseline() -> None:
    """A use case that offers none is compared with what the training labels alone predict."""
    found = baselines.hardest(scoring(), scorer("regression"), ACTUAL, CONSTANT, ROWS)
    assert (found.name, found.predicted.tolist()) == ("constant", [2.5] * 4)
    assert found.measured == {"constant": pytest.approx(np.sqrt(1.25))}


def test_the_better_rule_is_the_baseline() -> None:
    """The last value, and the constant where it is not known, has an RMSE of 0.25; the constant has 1.118."""
    found = baselines.hardest(scoring(lambda columns, _: columns["last"]), scorer("regression"), ACTUAL, CONSTANT, ROWS)
    assert (found.name, found.predicted.tolist()) == ("rule", [1.0, 2.0, 2.5, 4.0])
    assert found.measured == {"constant": pytest.approx(np.sqrt(1.25)), "rule": pytest.approx(0.25)}


def test_a_rule_that_is_worse_does_not_lower_the_bar() -> None:
    """A rule that is wrong by 1 to 4 leaves the constant in its place, and is measured all the same."""
    found = baselines.hardest(
        scoring(lambda _, features: features["double"]), scorer("regression"), ACTUAL, CONSTANT, ROWS
    )
    assert found.name == "constant"
    assert found.measured["rule"] == pytest.approx(np.sqrt(7.5))


def test_more_is_better_of_some_metrics() -> None:
    """By the ROC AUC, a rule that puts the rows in order beats a constant."""
    actual = np.array([0.0, 0.0, 1.0, 1.0])
    found = baselines.hardest(
        scoring(lambda _, features: features["double"] / 10), scorer("classification", "roc_auc"), actual,
        np.full(4, 0.5), ROWS,
    )  # fmt: skip
    assert (found.name, found.measured) == ("rule", {"constant": 0.5, "rule": 1.0})


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((4, 2)), np.array(["a"] * 4)])
def test_a_rule_answers_in_the_shape_of_a_prediction(wrong: Any) -> None:
    """Anything else than a number per row is refused with what was returned."""
    with pytest.raises(UseCaseError, match=r"scoring.py: baseline returns .* of shape .*return what respond returns"):
        baselines.hardest(scoring(lambda *_: wrong), scorer("regression"), ACTUAL, CONSTANT, ROWS)
