"""Metrics of three classes against scikit-learn, and against samples whose rows are repeated."""

import numpy as np
import pytest
from sklearn import metrics as sk

from mainline.contract import Array
from mainline.errors import ParamsError
from mainline.model.metrics import Scorer, is_better_if_higher, scorer

NAMES = ("red", "green", "blue of night")
DAYS = 6


def measured(metric: str | None = None) -> Scorer:
    """Return the metrics of the three classes."""
    return scorer("multiclass", metric, NAMES)


def rows(count: int = 300) -> tuple[Array, Array, Array]:
    """Draw labels, probabilities that lean to the truth, and days."""
    random = np.random.default_rng(4)
    actual = random.choice(3, count, p=[0.6, 0.3, 0.1]).astype(float)
    score = random.normal(size=(count, 3)) + 1.2 * np.eye(3)[actual.astype(int)]
    probability = np.round(np.exp(score), 1) + 0.1
    return actual, probability / probability.sum(axis=1, keepdims=True), random.integers(0, DAYS, count)


def test_metrics_are_scikit_learn_s() -> None:
    """Every metric that scikit-learn has is the same: of all rows, and of each class."""
    actual, predicted, _ = rows()
    said, truth = predicted.argmax(axis=1), np.eye(3)[actual.astype(int)]
    precision, recall, f1, _ = sk.precision_recall_fscore_support(actual, said)
    area = [sk.roc_auc_score(truth[:, code], predicted[:, code]) for code in range(3)]
    average = [sk.average_precision_score(truth[:, code], predicted[:, code]) for code in range(3)]
    found = measured().measure(actual, predicted)
    assert found == {
        "log_loss": pytest.approx(sk.log_loss(actual, predicted)),
        "brier": pytest.approx(((predicted - truth) ** 2).sum(axis=1).mean()),
        "bias": pytest.approx(max((predicted - truth).mean(axis=0), key=abs)),
        "accuracy": pytest.approx(sk.accuracy_score(actual, said)),
        "precision": pytest.approx(sk.precision_score(actual, said, average="macro")),
        "recall": pytest.approx(sk.recall_score(actual, said, average="macro")),
        "f1": pytest.approx(sk.f1_score(actual, said, average="macro")),
        "roc_auc": pytest.approx(sk.roc_auc_score(actual, predicted, multi_class="ovr", average="macro")),
        "average_precision": pytest.approx(np.mean(average)),
    }
    each = {"precision": precision, "recall": recall, "f1": f1, "roc_auc": area, "average_precision": average}
    assert measured().measure_classes(actual, predicted) == {
        f"{metric} of {name}": pytest.approx(values[code])
        for code, name in enumerate(NAMES)
        for metric, values in each.items()
    }


def test_clusters_that_are_counted_again_are_rows_that_are_repeated() -> None:
    """Every metric of a sample of days, by each day's own part in it, is that of the sample's rows, one by one."""
    actual, predicted, day = rows()
    counts = np.random.default_rng(6).multinomial(DAYS, np.full(DAYS, 1 / DAYS), size=10)
    repeated = [np.repeat(np.arange(len(day)), count[day]) for count in counts]
    for metric in (*measured().metrics, *measured().by_class):
        found = metric.combine(metric.statistics(actual, predicted, day, DAYS), counts.astype(float))
        one_by_one = [metric.value(actual[chosen], predicted[chosen]) for chosen in repeated]
        assert found == pytest.approx(one_by_one), metric.name


def test_a_class_without_rows_is_left_out_of_the_mean() -> None:
    """Where a class does not occur, the mean over classes is that of the others."""
    actual, predicted = np.array([0.0, 0.0, 1.0]), np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1]])
    found = {metric.name: metric.value(actual, predicted) for metric in measured().metrics}
    assert (found["recall"], found["precision"]) == pytest.approx((0.75, 0.75))
    alone = measured("recall of blue of night").primary
    assert not alone.is_defined(actual)
    assert np.isnan(alone.value(actual, predicted))


def test_a_metric_of_one_class_can_be_declared() -> None:
    """Models may be compared by how well one class is found; it comes first, and more of it is better."""
    found = measured("recall of blue of night")
    assert list(found.measure(*rows()[:2]))[:2] == ["recall of blue of night", "log_loss"]
    assert (found.primary.compared, is_better_if_higher(found.primary.name)) == ("1 - recall of blue of night", True)
    with pytest.raises(
        ParamsError, match=r"'recall of blu' is not measured for a multiclass; did you mean 'recall of "
    ):
        measured("recall of blu")


def test_sure_and_wrong_probability_has_a_finite_loss() -> None:
    """A probability of 0 for the class that is true is a large loss, not an infinite one."""
    assert measured().primary.value(np.array([2.0]), np.array([[1.0, 0.0, 0.0]])) == pytest.approx(-np.log(1e-7))
