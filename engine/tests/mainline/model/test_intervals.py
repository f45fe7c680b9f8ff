"""Intervals against hand, theory and simulations with a known answer."""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import t

from mainline.contract import Array
from mainline.model.intervals import interval
from mainline.model.metric import Mean, Metric
from mainline.model.metrics import scorer

TRUE_LOSS, PER_DAY, RUNS, TRIALS = 9.0, 25, 600, 100
RMSE, MEAN = scorer("regression").primary, Mean("mean", "lower", lambda _, predicted: predicted)


def metric(name: str) -> Metric:
    """Return a metric of two classes."""
    return scorer("classification", name).primary


def simulated(seed: int, days: int) -> tuple[Array, Array]:
    """Draw (losses, days): the loss of a row is its day's level, which varies, plus noise of its own."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), PER_DAY)
    level = TRUE_LOSS + random.normal(size=days)
    return level[day] + random.normal(size=len(day)), day


def classified(seed: int, days: int) -> tuple[Array, Array, Array]:
    """Draw (labels, probabilities, days): how many are positive and how well they are told apart varies by day."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), 2 * PER_DAY)
    rate, skill = random.uniform(0.2, 0.5, days)[day], random.uniform(0.5, 2, days)[day]
    actual = (random.random(len(day)) < rate).astype(float)
    score = skill * actual + random.normal(size=len(day))
    return actual, np.round(1 / (1 + np.exp(0.8 - score)), 2), day


def share_of_hits(days: int, by_day: bool) -> float:
    """Count how often the interval holds the true metric, with days or with rows as clusters."""
    hits = 0
    for seed in range(RUNS):
        loss, day = simulated(seed, days)
        low, high = interval(RMSE, np.zeros(len(day)), np.sqrt(loss), day if by_day else np.arange(len(loss)))
        hits += low <= sqrt(TRUE_LOSS) <= high
    return hits / RUNS


def test_interval_is_the_one_computed_by_hand() -> None:
    """Sums of four days that are off by -6, -2, 2 and 6 give this error, and Student's 3.182446 for 3 degrees."""
    loss, day = np.array([10.0, 12, 12, 14, 14, 16, 16, 18]), np.repeat([7, 9, 8, 30], 2)
    reach = 3.182446 * sqrt(4 / 3 * (36 + 4 + 4 + 36)) / 8
    low, high = interval(MEAN, np.zeros(8), loss, day)
    assert (high - 14, 14 - low) == pytest.approx((reach, reach), rel=0.01)
    assert interval(RMSE, np.zeros(8), np.sqrt(loss), day) == pytest.approx((sqrt(low), sqrt(high)))


@pytest.mark.parametrize("days", [2, 3, 4, 5, 8, 31])
def test_interval_is_student_s(days: int) -> None:
    """With few days the interval is as much wider as Student's quantile is than the normal one."""
    loss = 100 + np.arange(days) ** 2.0
    low, high = interval(MEAN, np.zeros(days), loss, np.arange(days))
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, days - 1) * loss.std(ddof=1) / sqrt(days), rel=0.01)


@pytest.mark.parametrize("days", [5, 40])
def test_interval_is_right_about_95_times_in_100(days: int) -> None:
    """Where errors of a day go together, the interval holds the true metric about as often as it says."""
    assert share_of_hits(days, by_day=True) == pytest.approx(0.95, abs=0.025)


def test_interval_of_single_rows_would_be_wrong() -> None:
    """Taking rows for independent, as if each were a day, misses the true metric more often than not."""
    assert share_of_hits(40, by_day=False) < 0.5


def test_interval_does_not_reach_below_zero() -> None:
    """A loss can't be negative, so neither is the lower bound."""
    loss, day = np.array([0.0, 0.0, 0.0, 9.0]), np.array([1, 2, 3, 4])
    assert interval(RMSE, np.zeros(4), loss, day)[0] == 0
    assert interval(MEAN, np.zeros(4), loss, day)[0] == 0


@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "f1"])
def test_interval_does_not_reach_beyond_one(name: str) -> None:
    """Nothing is better than flawless."""
    actual, day = np.tile([0.0, 1.0], 8), np.repeat(np.arange(4), 4)
    predicted = np.concatenate([[0.45, 0.4], actual[2:]])
    low, high = interval(metric(name), actual, predicted, day)
    assert low < high == 1


@pytest.mark.parametrize("days", [[], [5], [5, 5, 5]])
def test_fewer_than_two_days_have_no_interval(days: list[int]) -> None:
    """One day says nothing about how days differ."""
    ones = np.ones(len(days))
    assert np.isnan(interval(RMSE, ones, ones, np.array(days))).all()


@pytest.mark.parametrize("days", [10, 40])
@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "f1"])
def test_bootstrapped_interval_is_right_about_95_times_in_100(name: str, days: int) -> None:
    """Of a metric that is not a mean of rows, the interval holds the metric of a million rows about as often."""
    truth, hits = metric(name).value(*classified(0, 4000)[:2]), 0
    for seed in range(1, TRIALS + 1):
        low, high = interval(metric(name), *classified(seed, days))
        hits += low <= truth <= high
    assert hits / TRIALS >= 0.9


def test_interval_of_a_metric_that_a_draw_lacks_is_unknown() -> None:
    """Where only one of three days has positive rows, some draws have none, and nothing is said."""
    actual, day = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), np.array([0, 0, 1, 1, 2, 2])
    assert np.isnan(interval(metric("roc_auc"), actual, np.linspace(0, 1, 6), day)).all()
