"""How often the gate is right, on data where the truth is known."""

import numpy as np
import pytest
from scipy import stats

from mainline.contract import Array
from mainline.gate import statistics
from mainline.gate.statistics import Conclusion, Difference, conclude
from mainline.model.metrics import scorer

DAYS, ROWS_A_DAY, TRIALS = 30, 100, 300
CONFIDENCE, MARGIN = 0.95, 0.01
RMSE = scorer("regression").primary


def compare(candidate: Array, other: Array, day: Array, confidence: float) -> Difference:
    """Compare two models by RMSE, given their squared errors."""
    return statistics.compare(RMSE, np.zeros(len(day)), np.sqrt(candidate), np.sqrt(other), day, confidence)


def _errors(random: np.random.Generator, degradation: float, days: int = DAYS) -> tuple[Array, Array, Array]:
    """Squared errors of a candidate and of production on the same rows, and the days of the rows.

    Some days are hard for both (storms), each model is off by something of its own on each day, and single rows have
    heavy tails. The candidate's errors are larger by `degradation`, in expectation of the squares.
    """
    day = np.repeat(np.arange(days), ROWS_A_DAY)
    storm = np.exp(0.5 * random.normal(size=days))[day]
    shared = random.standard_t(8, size=len(day)) * 10 * storm
    own = [random.normal(size=len(day)) * 1.5 + random.normal(size=days)[day] for _ in range(2)]
    return ((1 + degradation) * (shared + own[0])) ** 2, (shared + own[1]) ** 2, day


def _share(degradation: float, conclusion: Conclusion) -> float:
    random = np.random.default_rng(2013)
    found = [conclude(compare(*_errors(random, degradation), CONFIDENCE), MARGIN) for _ in range(TRIALS)]
    return found.count(conclusion) / TRIALS


def test_a_degraded_candidate_is_called_worse() -> None:
    """Of candidates with 5 % larger errors at least 95 % are called worse, and none better."""
    assert _share(0.05, "worse") >= 0.95
    assert _share(0.05, "better") == 0


def test_a_true_improvement_is_called_better() -> None:
    """Of candidates with 5 % smaller errors at least 95 % are called better, and none worse."""
    assert _share(-0.05, "better") >= 0.95
    assert _share(-0.05, "worse") == 0


def test_equal_models_are_rarely_told_apart() -> None:
    """Of equal models at most 5 % are called better and at most 5 % worse: 2.5 % each is nominal."""
    assert _share(0.0, "better") <= 0.05
    assert _share(0.0, "worse") <= 0.05


@pytest.mark.parametrize("days", [3, 10, 30])
def test_the_interval_holds_the_truth_as_often_as_it_says(days: int) -> None:
    """A 95 % interval contains the true difference in at least 91 % of the trials, also with three days."""
    random = np.random.default_rng(7)
    found = [compare(*_errors(random, 0.03, days), CONFIDENCE) for _ in range(TRIALS)]
    assert np.mean([difference.low <= 0.03 <= difference.high for difference in found]) >= 0.91


def test_rows_taken_for_independent_would_be_wrong() -> None:
    """Clusters that cut across days, as if rows were independent, miss the truth far too often: days matter."""
    random = np.random.default_rng(7)
    hits = []
    for _ in range(60):
        candidate, other, day = _errors(random, 0.0)
        shifted = candidate * np.exp(0.15 * random.normal(size=DAYS))[day]
        across = compare(shifted, other, np.arange(len(day)) % 100, CONFIDENCE)
        hits.append(across.low <= 0.0056 <= across.high)
    assert np.mean(hits) < 0.8


def test_the_same_predictions_differ_by_exactly_nothing() -> None:
    """Identical losses give zero, with an interval of zero width, also where all losses are zero."""
    losses, day = np.array([1.0, 4.0, 0.0, 2.0]), np.array([0, 0, 1, 1])
    assert compare(losses, losses, day, 0.95) == Difference(0.0, 0.0, 0.0, 2)
    assert compare(losses * 0, losses * 0, day, 0.95) == Difference(0.0, 0.0, 0.0, 2)


def test_a_constant_factor_is_found_exactly() -> None:
    """Errors that are 10 % larger in every row are 10 % worse in RMSE, whatever days are drawn."""
    random = np.random.default_rng(0)
    losses, day = random.exponential(size=200), np.repeat(np.arange(20), 10)
    found = compare(losses * 1.1**2, losses, day, 0.95)
    assert found.estimate == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_the_same_rows_give_the_same_interval() -> None:
    """The draws are seeded: the gate does not change its mind."""
    losses = _errors(np.random.default_rng(0), 0.02)
    assert compare(*losses, 0.95) == compare(*losses, 0.95)


def test_a_flawless_other_model_cannot_tell() -> None:
    """Relative to no error at all nothing has a size, and nothing is warned about on the way."""
    losses, day = np.arange(8.0), np.repeat(np.arange(4), 2)
    found = compare(losses, np.where(day == 0, losses, 0.0), day, 0.95)
    assert (found.estimate > 0, conclude(found, MARGIN)) == (True, "cannot tell")
    assert conclude(compare(losses, losses * 0, day, 0.95), MARGIN) == "cannot tell"


def test_one_day_cannot_tell() -> None:
    """Rows of a single day give no interval."""
    found = compare(np.ones(10), np.ones(10), np.zeros(10), 0.95)
    assert conclude(found, MARGIN) == "cannot tell"


@pytest.mark.parametrize(
    ("low", "high", "conclusion"),
    [
        (-0.05, -0.01, "better"),
        (-0.05, 0.005, "no worse"),
        (0.002, 0.009, "no worse"),
        (0.002, 0.05, "worse"),
        (-0.01, 0.05, "cannot tell"),
        (float("nan"), 0.0, "cannot tell"),
    ],
)
def test_conclusions_follow_from_the_interval(low: float, high: float, conclusion: str) -> None:
    """Below zero is better, up to the margin no worse, above zero and beyond the margin worse, else unknown."""
    assert conclude(Difference((low + high) / 2, low, high, 30), margin=0.01) == conclusion


@pytest.mark.parametrize("looks", [1, 2, 10, 100])
@pytest.mark.parametrize("freedom", [1, 29])
def test_quantile_of_a_look_is_that_of_scheffe(looks: int, freedom: int) -> None:
    """Student's quantile at the first look, sqrt(k F) at the k-th; both as scipy has the distributions."""
    expected = stats.t.ppf(0.025, freedom) if looks == 1 else -np.sqrt(looks * stats.f.ppf(0.95, looks, freedom))
    assert statistics.quantile(looks, freedom, 0.025) == pytest.approx(expected)
    assert statistics.quantile(1, freedom, 0.025) == pytest.approx(-np.sqrt(stats.f.ppf(0.95, 1, freedom)))


def test_a_tail_beyond_the_draws_goes_on_growing() -> None:
    """At a confidence that 4,000 draws cannot resolve, as for many segments at once, the interval is Student's."""
    losses = _errors(np.random.default_rng(0), 0.0, days=200)
    usual, wide = (compare(*losses, confidence) for confidence in (0.95, 1 - 1e-5))
    expected = stats.t.ppf(5e-6, 199) / stats.t.ppf(0.025, 199)
    assert (wide.high - wide.low) / (usual.high - usual.low) == pytest.approx(expected, rel=0.06)


def _classified(random: np.random.Generator, days: int) -> tuple[Array, Array, Array, Array]:
    """Labels, the scores of a candidate with more noise and of another model, and days that are more or less hard."""
    day = np.repeat(np.arange(days), ROWS_A_DAY // 2)
    actual = (random.random(len(day)) < random.uniform(0.2, 0.5, days)[day]).astype(float)
    shared = random.uniform(0.8, 1.6, days)[day] * actual + random.normal(size=len(day))
    own = [spread * random.normal(size=len(day)) for spread in (0.7, 0.4)]
    return actual, *(np.round(1 / (1 + np.exp(0.8 - shared - noise)), 2) for noise in own), day


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "f1"])
def test_a_metric_that_is_no_mean_has_an_honest_interval(name: str) -> None:
    """A 95 % interval of what it lacks to 1 contains the difference on 200,000 rows in at least 91 % of the trials."""
    metric, trials = scorer("classification", name).primary, 100
    actual, *both, _ = _classified(np.random.default_rng(1), 4000)
    candidate, other = (1 - metric.value(actual, each) for each in both)
    truth, random = candidate / other - 1, np.random.default_rng(2)
    found = [statistics.compare(metric, *_classified(random, DAYS), CONFIDENCE) for _ in range(trials)]
    assert truth > 0.01
    assert np.mean([difference.low <= truth <= difference.high for difference in found]) >= 0.91


def test_a_metric_of_which_more_is_better_is_compared_by_what_it_lacks() -> None:
    """Right in 80 % of the rows against 90 % is 100 % worse: 0.2 is lacking instead of 0.1."""
    actual, day, turn = np.ones(40), np.repeat(np.arange(4), 10), np.arange(40) % 10
    accuracy = scorer("classification", "accuracy").primary
    found = statistics.compare(accuracy, actual, np.where(turn < 8, 1.0, 0.0), np.where(turn < 9, 1.0, 0.0), day, 0.95)
    assert (found.estimate, found.low, found.high) == pytest.approx((1, 1, 1))
