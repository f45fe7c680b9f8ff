"""A weighted row counts as that many rows, in every metric and in everything that is computed from rows."""

from math import log, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mainline.contract import Array
from mainline.declared.params import Costs
from mainline.errors import UseCaseError
from mainline.gate.statistics import compare, mean_interval
from mainline.model import baselines, conformal, diagnostics, threshold, weights
from mainline.model.intervals import interval
from mainline.model.metric import Metric, Quantile
from mainline.model.metrics import Scorer, scorer

NAMES = ("ash", "beech", "cedar")
DAYS = 6
REGRESSIONS = (None, "poisson_deviance", "gamma_deviance", "pinball_0.9")
SCORERS: tuple[Scorer, ...] = (
    *(scorer("regression", name) for name in REGRESSIONS),
    scorer("classification", "cost", costs=Costs(false_positive=1, false_negative=5)),
    scorer("multiclass", names=NAMES),
)
ALL: dict[str, tuple[Scorer, Metric]] = {
    f"{len(one.by_class)} {one.threshold} {metric.name}": (one, metric)
    for one in SCORERS
    for metric in (one.primary, *one.metrics, *one.by_class)
}


def rows(of: Scorer, seed: int, count: int = 60) -> tuple[Array, Array, Array]:
    """Draw labels, predictions with ties, and days, which suit the metrics."""
    random = np.random.default_rng(seed)
    day = np.concatenate([np.arange(DAYS), random.integers(0, DAYS, count - DAYS)])
    if of.by_class:
        return random.integers(0, 3, count).astype(float), random.dirichlet([1, 1, 1], count).round(2), day
    if of.threshold is not None:
        return random.integers(0, 2, count).astype(float), random.random(count).round(1), day
    return random.integers(1, 9, count).astype(float), random.uniform(0.5, 9, count).round(1), day


def repeated(weight: Array, *columns: Array) -> list[Array]:
    """Repeat each row as often as its weight says."""
    places = np.repeat(np.arange(len(weight)), weight.astype(int))
    return [column[places] for column in columns]


def test_a_regression_is_measured_as_by_hand() -> None:
    """Errors of 3, -4, 0 and 0 of weights 4, 1, 2 and 1; the labels lie 157.875 around their mean."""
    actual, predicted = np.array([0.0, 10.0, -5.0, 3.0]), np.array([3.0, 6.0, -5.0, 3.0])
    assert scorer("regression").measure(actual, predicted, np.array([4.0, 1.0, 2.0, 1.0])) == {
        "rmse": pytest.approx(sqrt((4 * 9 + 16) / 8)), "mae": pytest.approx((4 * 3 + 4) / 8),
        "bias": pytest.approx((4 * 3 - 4) / 8), "p90_error": 4.0, "r2": pytest.approx(1 - 52 / 157.875),
    }  # fmt: skip


def test_two_classes_are_measured_as_by_hand() -> None:
    """Probabilities of 0.8 and 0.4 for two events that came, of weights 1 and 3, and of 0.5, weight 2, for another."""
    actual, predicted, weight = np.array([1.0, 1.0, 0.0]), np.array([0.8, 0.4, 0.5]), np.array([1.0, 3.0, 2.0])
    found = scorer("classification", costs=Costs(false_positive=1, false_negative=5))
    assert found.measure(actual, predicted, weight) == {
        "log_loss": pytest.approx(-(log(0.8) + 3 * log(0.4) + 2 * log(0.5)) / 6),
        "brier": pytest.approx((0.04 + 3 * 0.36 + 2 * 0.25) / 6),
        "bias": pytest.approx((-0.2 - 3 * 0.6 + 2 * 0.5) / 6),
        "roc_auc": pytest.approx(1 * 2 / (4 * 2)),
        "average_precision": pytest.approx(1 / 4 * 1 + 3 / 4 * 4 / 6),
        "accuracy": pytest.approx(1 / 6),
        "precision": pytest.approx(1 / 3),
        "recall": pytest.approx(1 / 4),
        "f1": pytest.approx(2 / (2 + 2 + 3)),
        "cost": pytest.approx((2 * 1 + 3 * 5) / 6),
    }


def test_several_classes_are_measured_as_by_hand() -> None:
    """Rows of an ash and two beeches, of weights 2, 1 and 3; the second is taken for an ash."""
    actual, weight = np.array([0.0, 1.0, 1.0]), np.array([2.0, 1.0, 3.0])
    predicted = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.2, 0.7, 0.1]])
    of = scorer("multiclass", names=NAMES)
    assert of.measure(actual, predicted, weight) == {
        "log_loss": pytest.approx(-(2 * log(0.6) + log(0.4) + 3 * log(0.7)) / 6),
        "brier": pytest.approx((2 * 0.26 + 0.62 + 3 * 0.14) / 6),
        "bias": pytest.approx((2 * 0.3 - 0.6 - 3 * 0.3) / 6),
        "accuracy": pytest.approx(5 / 6),
        "precision": pytest.approx((2 / 3 + 1) / 2),
        "recall": pytest.approx((1 + 3 / 4) / 2),
        "f1": pytest.approx((4 / 5 + 6 / 7) / 2),
        "roc_auc": 1.0,
        "average_precision": 1.0,
    }
    by_class = of.measure_classes(actual, predicted, weight)
    assert (by_class["precision of ash"], by_class["recall of beech"]) == pytest.approx((2 / 3, 3 / 4))


@pytest.mark.parametrize(
    ("name", "actual", "predicted", "expected"),
    [
        ("poisson_deviance", [2.0, 0.0], [1.0, 1.0], (2 * (2 * log(2) - 1) + 3 * 2) / 4),
        ("gamma_deviance", [2.0, 1.0], [1.0, 1.0], 2 * (1 - log(2)) / 4),
        ("pinball_0.9", [2.0, 1.0], [1.0, 2.0], (0.9 + 3 * 0.1) / 4),
    ],
)
def test_counts_amounts_and_quantiles_are_measured_as_by_hand(
    name: str, actual: list[float], predicted: list[float], expected: float
) -> None:
    """Two rows of weights 1 and 3."""
    weight = np.array([1.0, 3.0])
    found = scorer("regression", name).primary.value(np.array(actual), np.array(predicted), weight)
    assert found == pytest.approx(expected)


@settings(max_examples=15)
@given(some.integers(0, 2**31), some.data())
@pytest.mark.parametrize("name", ALL)
def test_integer_weights_are_repeated_rows(name: str, seed: int, data: some.DataObject) -> None:
    """Every metric of rows with weights is that of each row as often as it weighs, and of none that weighs 0."""
    of, metric = ALL[name]
    actual, predicted, _ = rows(of, seed)
    weight = np.array(data.draw(some.lists(some.integers(0, 3), min_size=len(actual), max_size=len(actual))), float)
    weight[:2] = 1.0, 2.0
    expected = metric.value(*repeated(weight, actual, predicted))
    if isinstance(metric, Quantile):  # between two losses there is no share of a weight, so numpy has none either
        expected = np.quantile(repeated(weight, metric.losses(actual, predicted))[0], 0.9, method="inverted_cdf")
    assert metric.value(actual, predicted, weight) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=5)
@given(some.integers(0, 2**31), some.sampled_from([0.1, 1.0, 3.0, 1e6]))
@pytest.mark.parametrize("name", ALL)
def test_equal_weights_are_none(name: str, seed: int, weight: float) -> None:
    """Whatever all rows weigh, every metric and its interval are what they are without weights."""
    of, metric = ALL[name]
    actual, predicted, day = rows(of, seed)
    equal = np.full(len(actual), weight)
    assert metric.value(actual, predicted, equal) == pytest.approx(metric.value(actual, predicted), nan_ok=True)
    if metric is of.primary:
        plain = interval(metric, actual, predicted, day)
        assert interval(metric, actual, predicted, day, equal) == pytest.approx(plain, nan_ok=True)


@pytest.mark.parametrize("of", SCORERS, ids=lambda of: f"{len(of.by_class)} {of.primary.name}")
def test_intervals_and_comparisons_of_integer_weights_are_of_repeated_rows(of: Scorer) -> None:
    """By Student's quantile or by drawing days, and for two models on the same rows, weights repeat rows."""
    for metric in (of.primary, of.metrics[-1]):
        actual, predicted, day = rows(of, 4, 300)
        other = rows(of, 5, 300)[1]
        weight = np.random.default_rng(1).integers(0, 4, len(actual)).astype(float)
        again = repeated(weight, actual, predicted, day)
        assert interval(metric, actual, predicted, day, weight) == pytest.approx(interval(metric, *again))
        found = compare(metric, actual, predicted, other, day, 0.9, weight=weight)
        plain = compare(metric, again[0], again[1], repeated(weight, other)[0], again[2], 0.9)
        assert vars(found) == pytest.approx(vars(plain), nan_ok=True)
        assert found != compare(metric, actual, predicted, other, day, 0.9)


def test_a_day_that_does_not_count_is_none() -> None:
    """Rows of weight 0 make neither a day for the interval nor a number that is none."""
    metric = scorer("regression").primary
    actual, predicted, day = np.arange(6.0), np.array([1.0, 1, 4, 3, 9, np.nan]), np.array([1, 1, 2, 2, 3, 3])
    weight = np.array([1.0, 1, 1, 1, 0, 0])
    assert interval(metric, actual, predicted, day, weight) == interval(metric, actual[:4], predicted[:4], day[:4])
    assert np.isnan(interval(metric, actual, predicted, day, weight * (day == 1))).all()


def test_what_is_shown_beside_metrics_is_weighted() -> None:
    """Segments, calibration and a mean error count rows by weight; a segment is thin by the rows that count."""
    actual, predicted, weight = np.array([0.0, 1, 1, 0]), np.array([0.1, 0.2, 0.8, 0.9]), np.array([1.0, 3, 0, 1])
    (whole,) = diagnostics.calibration(actual, predicted, weight=weight)
    assert (whole["actual"], whole["predicted"]) == (pytest.approx(3 / 5), pytest.approx((0.1 + 0.6 + 0.9) / 5))
    (half, _) = diagnostics.by_slice(
        {"half": np.array(["1", "1", "1", "2"])}, actual, predicted, np.zeros(4), np.arange(4),
        scorer("classification"), 3, weight,
    )  # fmt: skip
    assert (half["rows"], half["thin"], half["bias"]) == (3, "true", pytest.approx((0.1 - 3 * 0.8) / 4))
    mean, low, high = mean_interval(actual, np.arange(4), 0.95, weight)
    assert mean == pytest.approx(3 / 5)
    assert low < mean < high


def test_the_constant_is_of_weighted_rows() -> None:
    """The model that knows the labels alone knows their weights: a mean, or the share of each class."""
    assert baselines.fit_constant(np.array([0.0, 4.0]), (), np.array([3.0, 1.0])) == 1.0
    assert baselines.fit_constant(np.array([0.0, 1.0, 1.0]), NAMES, np.array([2.0, 1.0, 1.0])) == [0.5, 0.5, 0.0]


def test_the_harder_rule_is_by_weighted_rows() -> None:
    """The use case's rule that is right where it counts beats the constant that is right more often."""
    scoring: Any = SimpleNamespace(baseline=lambda *_: np.array([1.0, 9.0, 9.0]))
    actual, constant, none = np.array([1.0, 0.0, 0.0]), np.zeros(3), {"x": np.zeros(3)}
    of = scorer("regression")
    assert baselines.hardest(scoring, of, actual, constant, (none, none)).name == "constant"
    weighed = baselines.hardest(scoring, of, actual, constant, (none, none), np.array([1e6, 1.0, 1.0]))
    assert weighed.name == "rule"
    assert weighed.measured["constant"] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("weight", [np.array([1.0, 2, 3, 0, 1, 4]), np.full(6, 0.1)])
def test_the_cheapest_threshold_is_of_weighted_rows(weight: Array) -> None:
    """Mistakes cost by weight, and equal sums of parts of one are equal."""
    actual, predicted = np.array([0, 0, 1, 0, 1, 1.0]), np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
    charged = Costs(false_positive=1, false_negative=1)
    again = repeated((weight * 10).round(), actual, predicted)
    assert threshold.cheapest(charged, actual, predicted, weight) == threshold.cheapest(charged, *again)


def test_the_ends_of_an_interval_are_of_weighted_rows() -> None:
    """An error that weighs much is one end of the interval, and coverage is a share of weight."""
    errors, weight = np.arange(40.0), np.ones(40)
    assert conformal.offsets(errors, 0.9, weight) == conformal.offsets(errors, 0.9) == (1.0, 38.0)
    assert conformal.offsets(errors, 0.9, 7 * weight) == (1.0, 38.0)
    weight[0] = 0
    weight[30:] = 0.1
    assert conformal.offsets(errors, 0.9, weight) == (1.0, 32.0)  # 29 + 3 / 10 of 30 are 38 of 39
    assert conformal.coverage(np.array([0.0, 5.0]), (-1.0, 1.0), np.array([3.0, 1.0])) == 3 / 4


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (np.array([1.0, -2.5, 1]), "returns -2.5 for row 1 (label 8; rows with such a weight: 1 of 3); return a "),
        (np.array([1, np.nan, np.inf]), "returns nan for row 1 (label 8; rows with such a weight: 2 of 3); "),
        (np.array([np.inf, 1, 1]), "returns inf for row 0 (label 7; "),
        (np.zeros(3), "returns 0 for each of 3 rows; one of them must count."),
        (np.array(["1", "2", "3"]), "returns <U1; return a number of 0 or more per row."),
        (np.ones(2), "has shape (2,); return a numpy array of (3,)."),
    ],
)  # fmt: skip
def test_what_is_no_weight_is_one_line(weight: Array, said: str) -> None:
    """Weights below zero, not a number, infinite or all zero name the row and what to return."""
    scoring: Any = SimpleNamespace(weight=lambda *_: weight)
    with pytest.raises(UseCaseError) as raised:
        weights.of(scoring, np.array([7.0, 8.0, 9.0]), {})
    assert str(raised.value).startswith(f"src/usecase/scoring.py: weight {said}")
    assert "\n" not in str(raised.value)


def test_without_weights_nothing_is_weighed() -> None:
    """A use case that offers no weight has none, and as many rows tell as there are."""
    scoring: Any = SimpleNamespace()
    assert weights.of(scoring, np.zeros(3), {}) is None
    assert weights.effective(np.full(7, 0.3)) == pytest.approx(7)
    assert weights.effective(np.array([1.0, 1, 0])) == pytest.approx(2)
