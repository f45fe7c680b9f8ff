"""Metrics against answers computed by hand, against scikit-learn, and against samples whose rows are repeated."""

from math import log

import numpy as np
import pytest
from sklearn import metrics as sk

from mainline.contract import Array, Task
from mainline.declared.params import Costs, Evaluation
from mainline.errors import ParamsError
from mainline.model.metric import Metric, quantile_of
from mainline.model.metrics import declared, is_better_if_higher, of_package, scorer

ACTUAL, PREDICTED = np.array([0.0, 10.0, -5.0, 3.0]), np.array([3.0, 6.0, -5.0, 3.0])
TASKS: tuple[Task, ...] = ("regression", "classification")
ALL = [(task, metric.name) for task in TASKS for metric in scorer(task).metrics]
DAYS = 7


def rows(task: Task, count: int = 400) -> tuple[Array, Array, Array]:
    """Draw labels, predictions with many ties, and days."""
    random = np.random.default_rng(5)
    day = random.integers(0, DAYS, count)
    if task == "regression":
        actual = random.normal(size=count)
        return actual, np.round(actual + random.normal(size=count), 1), day
    actual = (random.random(count) < 0.3).astype(float)
    return actual, np.round(np.clip(0.3 * actual + random.uniform(0, 0.8, count), 0, 1), 2), day


def metric(task: Task, name: str) -> Metric:
    """Return one metric of a task."""
    return next(one for one in scorer(task).metrics if one.name == name)


def test_regression_is_measured_as_by_hand() -> None:
    """Errors of 3, -4, 0 and 0 have these metrics; labels of variance 126 / 4 are explained so far."""
    assert scorer("regression").measure(ACTUAL, PREDICTED) == {
        "rmse": pytest.approx(2.5), "mae": pytest.approx(1.75), "bias": pytest.approx(-0.25),
        "p90_error": pytest.approx(3.7), "r2": pytest.approx(1 - 25 / 118),
    }  # fmt: skip


def test_classification_is_measured_as_by_hand() -> None:
    """Probabilities of 0.8 and 0.4 for two events that came, and of 0.5 for one that did not, have these metrics."""
    assert scorer("classification").measure(np.array([1.0, 1.0, 0.0]), np.array([0.8, 0.4, 0.5])) == {
        "log_loss": pytest.approx(-(log(0.8) + log(0.4) + log(0.5)) / 3),
        "brier": pytest.approx((0.04 + 0.36 + 0.25) / 3),
        "bias": pytest.approx(-0.1),
        "roc_auc": pytest.approx(1 / 2),
        "average_precision": pytest.approx((1 + 2 / 3) / 2),
        "accuracy": pytest.approx(1 / 3),
        "precision": pytest.approx(1 / 2),
        "recall": pytest.approx(1 / 2),
        "f1": pytest.approx(1 / 2),
    }


def test_metrics_are_scikit_learn_s() -> None:
    """On rows with many equal scores, every metric that scikit-learn has is the same."""
    actual, predicted, _ = rows("classification")
    yes = predicted >= 0.4
    assert {
        k: v for k, v in scorer("classification", threshold=0.4).measure(actual, predicted).items() if k != "bias"
    } == {
        "log_loss": pytest.approx(sk.log_loss(actual, np.clip(predicted, 1e-7, 1 - 1e-7))),
        "brier": pytest.approx(sk.brier_score_loss(actual, predicted)),
        "roc_auc": pytest.approx(sk.roc_auc_score(actual, predicted)),
        "average_precision": pytest.approx(sk.average_precision_score(actual, predicted)),
        "accuracy": pytest.approx(sk.accuracy_score(actual, yes)),
        "precision": pytest.approx(sk.precision_score(actual, yes)),
        "recall": pytest.approx(sk.recall_score(actual, yes)),
        "f1": pytest.approx(sk.f1_score(actual, yes)),
    }
    actual, predicted, _ = rows("regression")
    found = scorer("regression").measure(actual, predicted)
    assert found["r2"] == pytest.approx(sk.r2_score(actual, predicted))
    assert found["p90_error"] == pytest.approx(np.quantile(np.abs(actual - predicted), 0.9))


def test_labels_that_are_all_the_same_have_no_r_squared() -> None:
    """There is nothing to explain, whatever rounding makes of it; one other label, and it is defined."""
    r2, label = scorer("regression", "r2").primary, np.full(1000, 3.3)
    assert not r2.is_defined(label)
    assert np.isnan(r2.value(label, label + 1))
    label[0] = 1e9
    assert r2.is_defined(label)
    assert r2.value(label, label) == 1.0


def test_sure_and_wrong_probability_has_a_finite_loss() -> None:
    """A probability of 1 for an event that did not come is a large loss, not an infinite one."""
    assert scorer("classification").primary.value(np.array([0.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(
        -log(1e-7), rel=1e-6
    )


@pytest.mark.parametrize(("task", "name"), ALL)
def test_clusters_that_are_counted_again_are_rows_that_are_repeated(task: Task, name: str) -> None:
    """The metric of a sample of days, by each day's own part in it, is that of the sample's rows, one by one."""
    actual, predicted, day = rows(task)
    counts = np.random.default_rng(6).multinomial(DAYS, np.full(DAYS, 1 / DAYS), size=20)
    one = metric(task, name)
    found = one.combine(one.statistics(actual, predicted, day, DAYS), counts.astype(float))
    repeated = [np.repeat(np.arange(len(day)), count[day]) for count in counts]
    assert found == pytest.approx([one.value(actual[chosen], predicted[chosen]) for chosen in repeated])


def test_more_scores_than_are_counted_at_once_give_the_same_average_precision() -> None:
    """Thousands of different scores are counted in pieces."""
    random = np.random.default_rng(1)
    actual = (random.random(5000) < 0.4).astype(float)
    predicted = random.random(5000)
    found = metric("classification", "average_precision").value(actual, predicted)
    assert found == pytest.approx(sk.average_precision_score(actual, predicted))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_order_of_one_class_is_not_measured(label: float) -> None:
    """Rows of one class have no ROC AUC, and without a positive one no average precision, recall or F1."""
    actual, predicted = np.full(3, label), np.array([0.2, 0.6, 0.9])
    unknown = {"roc_auc"} | ({"average_precision", "recall", "f1"} if label == 0 else set())
    for one in scorer("classification").metrics:
        assert np.isnan(one.value(actual, predicted)) == (one.name in unknown)
        assert one.is_defined(actual) == (one.name not in unknown)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "log_loss", "p90_error"])
def test_prediction_that_is_no_number_has_no_metric(name: str) -> None:
    """One NaN among the predictions is not passed over."""
    task: Task = "regression" if name == "p90_error" else "classification"
    assert np.isnan(metric(task, name).value(np.array([1.0, 0.0, 1.0]), np.array([0.2, np.nan, 0.9])))


def test_model_that_never_says_yes_has_no_precision() -> None:
    """Nothing found is a precision, a recall and an F1 of 0, as scikit-learn has them."""
    found = scorer("classification").measure(np.array([1.0, 0.0]), np.array([0.2, 0.1]))
    assert (found["precision"], found["recall"], found["f1"]) == (0, 0, 0)


def test_declared_metric_comes_first() -> None:
    """The metric that models are compared by is the first that is reported, and the others keep their order."""
    found = scorer("classification", "f1")
    assert (found.primary.name, found.primary.compared) == ("f1", "1 - f1")
    measured = found.measure(np.array([1.0, 0.0]), np.array([0.9, 0.8]))
    assert list(measured) == ["f1", *(one.name for one in found.metrics if one.name != "f1")]
    assert found.lack(np.array([1.0, 0.0]), np.array([0.9, 0.8])) == pytest.approx(1 - 2 / 3)
    assert scorer("regression").primary.compared == "rmse"


@pytest.mark.parametrize(
    ("name", "task", "said"),
    [
        ("roc", "classification", "'roc' is not measured for a classification; did you mean 'roc_auc'?"),
        ("roc_auc", "regression", "'roc_auc' is not measured for a regression"),
        ("poisson", "regression", "'poisson' is not measured for a regression; did you mean 'poisson_deviance'?"),
        ("pinball_1.5", "regression", "'pinball_1.5' is not measured for a regression; did you mean 'pinball_0.9'?"),
        ("bias", "regression", "'bias' should be zero, so no model is better by it"),
    ],
)
def test_metric_that_nothing_can_be_compared_by_is_refused(name: str, task: Task, said: str) -> None:
    """One line names the metric and those that are measured."""
    with pytest.raises(ParamsError, match=f"evaluation.metric: {said}".replace("?", r"\?")):
        scorer(task, name)


@pytest.mark.parametrize("task", ["classification", "multiclass"])
def test_an_interval_of_classes_is_refused_before_anything_runs(task: Task) -> None:
    """What is declared is held to the task by the parameters alone, so that no model is fitted first."""
    names = ("a", "b", "c") if task == "multiclass" else ()
    with pytest.raises(ParamsError, match=f"evaluation.interval: is declared for a {task}; leave it out; it is for a"):
        declared(task, names, Evaluation(slice_min_rows=1, interval=0.9))


def test_a_package_is_measured_at_its_own_threshold() -> None:
    """What mistakes cost is known at the threshold that was chosen with the model, whatever the default is."""
    evaluation = Evaluation(slice_min_rows=1, metric="cost", costs=Costs(false_positive=1, false_negative=5))
    manifest = {"task": "classification", "classes": ["No", "Yes"], "model": {"threshold": 0.2}}
    found = of_package(manifest, evaluation)
    assert (found.primary.name, found.threshold) == ("cost", 0.2)
    assert found.primary.value(np.array([1.0, 0.0]), np.array([0.3, 0.3])) == 0.5


def test_losses_of_counts_amounts_and_quantiles_are_scikit_learn_s() -> None:
    """Each is measured if it is declared, and then first; without a declaration none of them is."""
    random = np.random.default_rng(3)
    mean = random.uniform(0.5, 8, 300)
    count, amount = random.poisson(mean).astype(float), random.gamma(2, mean)
    assert scorer("regression", "poisson_deviance").primary.value(count, mean) == pytest.approx(
        sk.mean_poisson_deviance(count, mean)
    )
    assert scorer("regression", "gamma_deviance").primary.value(amount, mean) == pytest.approx(
        sk.mean_gamma_deviance(amount, mean)
    )
    for share in (0.05, 0.5, 0.9):
        assert scorer("regression", f"pinball_{share}").primary.value(amount, mean) == pytest.approx(
            sk.mean_pinball_loss(amount, mean, alpha=share)
        )
    assert not {"poisson_deviance", "pinball_0.9"} & scorer("regression").measure(count, mean).keys()


@pytest.mark.parametrize("name", ["poisson_deviance", "gamma_deviance"])
def test_a_deviance_needs_predictions_above_zero(name: str) -> None:
    """A mean of zero or below is not a mean of counts: the metric is then not a number, so nothing passes by it."""
    assert np.isnan(scorer("regression", name).primary.value(np.array([1.0, 2.0]), np.array([1.0, 0.0])))


def test_direction_is_known_by_name() -> None:
    """A record of a release holds a metric's name alone."""
    assert [is_better_if_higher(name) for name in ("roc_auc", "r2", "rmse", "bias", "unheard")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "quantile"), [("pinball_0.9", 0.9), ("pinball_0.0", None), ("rmse", None), (None, None)]
)
def test_the_loss_of_a_quantile_names_it(metric: str | None, quantile: float | None) -> None:
    """Only a metric of a quantile says that a quantile is predicted; without a metric nothing is declared."""
    assert quantile_of(metric) == quantile
