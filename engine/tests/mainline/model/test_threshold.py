"""The threshold of two classes: declared, the default, or where mistakes cost least."""

import numpy as np
import pytest

from mainline.declared.params import Costs, Evaluation
from mainline.errors import ParamsError
from mainline.model import metrics, threshold

ACTUAL, PREDICTED = np.array([0, 0, 1, 0, 1, 1.0]), np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.9])


def costs(false_positive: float, false_negative: float) -> Costs:
    """Declare what mistakes cost."""
    return Costs(false_positive=false_positive, false_negative=false_negative)


def declare(**section: object) -> Evaluation:
    """Declare an evaluation."""
    return Evaluation.model_validate({"slice_min_rows": 1, **section})


@pytest.mark.parametrize(
    ("false_positive", "false_negative", "expected"),
    [(1, 1, 0.65), (1, 5, 0.25), (5, 1, 0.65), (1, 0, 0.95), (0, 1, 0.25)],
)
def test_threshold_is_where_mistakes_cost_least(false_positive: float, false_negative: float, expected: float) -> None:
    """A dear false negative lowers it, a dear false positive raises it; it lies between two probabilities."""
    assert threshold.cheapest(costs(false_positive, false_negative), ACTUAL, PREDICTED) == pytest.approx(expected)


def test_threshold_is_the_best_of_all() -> None:
    """No other threshold has a lower cost, tried one by one on rows with equal probabilities."""
    random = np.random.default_rng(8)
    actual, predicted = (random.random(200) < 0.3).astype(float), np.round(random.random(200), 2)
    charged = costs(2, 3)

    def cost(at: float) -> float:
        return metrics.scorer("classification", "cost", threshold=at, costs=charged).primary.value(actual, predicted)

    best = threshold.cheapest(charged, actual, predicted)
    assert cost(best) == min(cost(at) for at in np.linspace(0.001, 0.999, 997))


def test_where_a_threshold_comes_from_is_said() -> None:
    """Chosen on validation rows by costs, declared, or the default."""
    by_cost = threshold.choose(declare(costs={"false_positive": 1, "false_negative": 5}), ACTUAL, PREDICTED)
    assert by_cost == (0.25, "where mistakes on the validation rows cost least: a false positive 1, a false negative 5")
    assert threshold.choose(declare(threshold=0.3), ACTUAL, PREDICTED) == (0.3, "declared in params.yaml")
    assert threshold.choose(declare(), ACTUAL, PREDICTED) == (0.5, "the default")


def test_cost_is_measured_where_it_is_declared() -> None:
    """The mean cost of a row at the threshold is a metric that models can be compared by."""
    declared = declare(metric="cost", costs={"false_positive": 1, "false_negative": 5})
    found = metrics.declared("classification", (), declared, 0.65)
    assert found.primary.value(ACTUAL, PREDICTED) == pytest.approx(5 / 6)
    with pytest.raises(ParamsError, match=r"evaluation\.metric: 'cost' is not measured for a classification"):
        metrics.declared("classification", (), declare(metric="cost"))


@pytest.mark.parametrize("key", [{"threshold": 0.3}, {"costs": {"false_positive": 1, "false_negative": 5}}])
def test_threshold_of_another_task_is_refused(key: dict[str, object]) -> None:
    """Numbers and three classes have no threshold."""
    with pytest.raises(
        ParamsError, match=r"evaluation\.\w+: is declared for a regression; leave it out; it is for a cl"
    ):
        metrics.declared("regression", (), declare(**key))
