"""Metrics against answers computed by hand, and intervals against a simulation."""

from math import log, sqrt

import numpy as np
import pytest
from scipy.stats import t

from mainline.contract import Array
from mainline.model import metrics

ACTUAL, PREDICTED = np.array([0.0, 10.0, -5.0, 3.0]), np.array([3.0, 6.0, -5.0, 3.0])
TRUE_LOSS, PER_DAY, RUNS = 9.0, 25, 600


def simulated(seed: int, days: int) -> tuple[Array, Array]:
    """Draw (losses, days): the loss of a row is its day's level, which varies, plus noise of its own."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), PER_DAY)
    level = TRUE_LOSS + random.normal(size=days)
    return level[day] + random.normal(size=len(day)), day


def share_of_hits(days: int, by_day: bool) -> float:
    """Count how often the interval holds the true metric, with days or with rows as clusters."""
    hits = 0
    for seed in range(RUNS):
        loss, day = simulated(seed, days)
        low, high = metrics.interval(loss, day if by_day else np.arange(len(loss)), "regression")
        hits += low <= sqrt(TRUE_LOSS) <= high
    return hits / RUNS


def test_regression_is_measured_as_by_hand() -> None:
    """Errors of 3, -4, 0 and 0 have these metrics."""
    assert metrics.measure(ACTUAL, PREDICTED, "regression") == {
        "rmse": pytest.approx(2.5), "mae": pytest.approx(1.75), "bias": pytest.approx(-0.25),
        "p90_error": pytest.approx(3.7),
    }  # fmt: skip


def test_classification_is_measured_as_by_hand() -> None:
    """Probabilities of 0.8 and 0.4 for two events that came, and of 0.5 for one that did not, have these metrics."""
    found = metrics.measure(np.array([1.0, 1.0, 0.0]), np.array([0.8, 0.4, 0.5]), "classification")
    assert found == {
        "log_loss": pytest.approx(-(log(0.8) + log(0.4) + log(0.5)) / 3),
        "brier": pytest.approx((0.04 + 0.36 + 0.25) / 3),
        "bias": pytest.approx(-0.1),
        "accuracy": pytest.approx(1 / 3),
    }


def test_sure_and_wrong_probability_has_a_finite_loss() -> None:
    """A probability of 1 for an event that did not come is a large loss, not an infinite one."""
    loss = metrics.losses(np.array([0.0, 1.0]), np.array([1.0, 0.0]), "classification")
    assert loss == pytest.approx(-log(1e-7), rel=1e-6)


@pytest.mark.parametrize(
    ("actual", "predicted", "task"),
    [(ACTUAL, PREDICTED, "regression"), (np.array([1.0, 0.0]), np.array([0.7, 0.2]), "classification")],
)
def test_primary_metric_follows_from_the_mean_loss(actual: Array, predicted: Array, task: metrics.Task) -> None:
    """The mean loss is the primary metric, or its square for an RMSE."""
    mean = metrics.losses(actual, predicted, task).mean()
    expected = sqrt(mean) if task == "regression" else mean
    assert metrics.measure(actual, predicted, task)[metrics.PRIMARY[task]] == pytest.approx(expected)


def test_interval_is_the_one_computed_by_hand() -> None:
    """Sums of four days that are off by -6, -2, 2 and 6 give this error, and Student's 3.182446 for 3 degrees."""
    loss, day = np.array([10.0, 12, 12, 14, 14, 16, 16, 18]), np.repeat([7, 9, 8, 30], 2)
    reach = 3.182446 * sqrt(4 / 3 * (36 + 4 + 4 + 36)) / 8
    low, high = metrics.interval(loss, day, "classification")
    assert (high - 14, 14 - low) == (pytest.approx(reach, rel=0.01), pytest.approx(reach, rel=0.01))
    assert metrics.interval(loss, day, "regression") == (pytest.approx(sqrt(low)), pytest.approx(sqrt(high)))


@pytest.mark.parametrize("days", [2, 3, 4, 5, 8, 31])
def test_interval_is_student_s(days: int) -> None:
    """With few days the interval is as much wider as Student's quantile is than the normal one."""
    loss = 100 + np.arange(days) ** 2.0
    low, high = metrics.interval(loss, np.arange(days), "classification")
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
    assert metrics.interval(loss, day, "regression")[0] == 0
    assert metrics.interval(loss, day, "classification")[0] == 0


@pytest.mark.parametrize("days", [[], [5], [5, 5, 5]])
def test_fewer_than_two_days_have_no_interval(days: list[int]) -> None:
    """One day says nothing about how days differ."""
    assert np.isnan(metrics.interval(np.arange(len(days)) + 1.0, np.array(days), "regression")).all()


def test_slices_are_measured_apart() -> None:
    """Each value of each column has its own rows, metric, bias and baseline."""
    found = metrics.by_slice(
        {"carrier": np.array(["UA", "AA", "UA", "UA"], dtype=object), "half": np.array(["1", "1", "2", "2"])},
        ACTUAL, PREDICTED, np.zeros(4), np.array([1, 1, 2, 3]), "regression", 2,
    )  # fmt: skip
    assert [(row["slice"], row["value"], row["rows"]) for row in found] == [
        ("carrier", "AA", 1), ("carrier", "UA", 3), ("half", "1", 2), ("half", "2", 2),
    ]  # fmt: skip
    american, united = found[:2]
    assert (american["metric"], american["bias"], american["baseline"]) == (4, -4, 10)
    assert (united["metric"], united["bias"]) == (pytest.approx(sqrt(3)), pytest.approx(1))
    assert united["baseline"] == pytest.approx(sqrt(34 / 3))
    assert united["low"] <= united["metric"] <= united["high"]
    assert np.isnan(american["low"])


@pytest.mark.parametrize(("min_rows", "thin"), [(2, "false"), (3, "true")])
def test_slice_with_fewer_rows_is_thin(min_rows: int, thin: str) -> None:
    """A segment smaller than the declared number of rows is marked, one of just that number is not."""
    rows = {"half": np.array(["1", "1"])}
    two = np.arange(2.0)
    assert metrics.by_slice(rows, two, two, two, np.arange(2), "regression", min_rows)[0]["thin"] == thin


def test_residuals_count_errors_by_size() -> None:
    """Bins of equal width between the extreme quantiles count nearly every error, under the bin's middle."""
    actual = np.full(1001, 50.0)
    found = metrics.residuals(actual, actual + np.linspace(-4, 6, 1001), bins=10)
    assert len(found) == 10
    assert sum(row["rows"] for row in found) == 991
    assert [row["error"] for row in found] == pytest.approx(np.linspace(-4, 6, 11)[:-1] * 0.99 + 0.505)


def test_equal_residuals_are_counted() -> None:
    """A model that is always off by the same has one full bin."""
    found = metrics.residuals(np.full(50, 1.0), np.full(50, 3.0))
    assert sum(row["rows"] for row in found) == 50
    (full,) = (row for row in found if row["rows"])
    assert full["error"] == pytest.approx(2)


def test_calibration_compares_means_in_order_of_prediction() -> None:
    """Groups of nearly equal size go from the lowest prediction to the highest."""
    predicted = np.array([4.0, 1.0, 3.0, 2.0, 5.0])
    found = metrics.calibration(predicted * 10, predicted, groups=2)
    assert found == [
        {"predicted": 2.0, "actual": 20.0, "rows": 3},
        {"predicted": 4.5, "actual": 45.0, "rows": 2},
    ]


def test_calibration_of_few_rows_has_no_empty_group() -> None:
    """Fewer rows than groups give one group per row."""
    assert [row["rows"] for row in metrics.calibration(np.zeros(3), np.arange(3.0))] == [1, 1, 1]
