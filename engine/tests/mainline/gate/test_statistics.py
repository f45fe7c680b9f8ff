"""How often the gate is right, on data where the truth is known."""

import numpy as np
import pytest
from scipy import stats

from mainline.contract import Array
from mainline.gate.statistics import Difference, compare, conclude

DAYS, ROWS_A_DAY, TRIALS = 30, 100, 300
CONFIDENCE, MARGIN = 0.95, 0.01


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


def _share(degradation: float, conclusion: str) -> float:
    random = np.random.default_rng(2013)
    found = [conclude(compare(*_errors(random, degradation), "regression", CONFIDENCE), MARGIN) for _ in range(TRIALS)]
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
    found = [compare(*_errors(random, 0.03, days), "regression", CONFIDENCE) for _ in range(TRIALS)]
    assert np.mean([difference.low <= 0.03 <= difference.high for difference in found]) >= 0.91


def test_rows_taken_for_independent_would_be_wrong() -> None:
    """Clusters that cut across days, as if rows were independent, miss the truth far too often: days matter."""
    random = np.random.default_rng(7)
    hits = []
    for _ in range(60):
        candidate, other, day = _errors(random, 0.0)
        shifted = candidate * np.exp(0.15 * random.normal(size=DAYS))[day]
        across = compare(shifted, other, np.arange(len(day)) % 100, "regression", CONFIDENCE)
        hits.append(across.low <= 0.0056 <= across.high)
    assert np.mean(hits) < 0.8


def test_the_same_predictions_differ_by_exactly_nothing() -> None:
    """Identical losses give zero, with an interval of zero width, also where all losses are zero."""
    losses, day = np.array([1.0, 4.0, 0.0, 2.0]), np.array([0, 0, 1, 1])
    assert compare(losses, losses, day, "regression", 0.95) == Difference(0.0, 0.0, 0.0, 2)
    assert compare(losses * 0, losses * 0, day, "regression", 0.95) == Difference(0.0, 0.0, 0.0, 2)


def test_a_constant_factor_is_found_exactly() -> None:
    """Errors that are 10 % larger in every row are 10 % worse in RMSE, whatever days are drawn."""
    random = np.random.default_rng(0)
    losses, day = random.exponential(size=200), np.repeat(np.arange(20), 10)
    found = compare(losses * 1.1**2, losses, day, "regression", 0.95)
    assert found.estimate == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_the_same_rows_give_the_same_interval() -> None:
    """The draws are seeded: the gate does not change its mind."""
    losses = _errors(np.random.default_rng(0), 0.02)
    assert compare(*losses, "regression", 0.95) == compare(*losses, "regression", 0.95)


def test_a_flawless_other_model_cannot_tell() -> None:
    """Relative to no error at all nothing has a size, and nothing is warned about on the way."""
    losses, day = np.arange(8.0), np.repeat(np.arange(4), 2)
    found = compare(losses, np.where(day == 0, losses, 0.0), day, "regression", 0.95)
    assert (found.estimate > 0, conclude(found, MARGIN)) == (True, "cannot tell")
    assert conclude(compare(losses, losses * 0, day, "regression", 0.95), MARGIN) == "cannot tell"


def test_one_day_cannot_tell() -> None:
    """Rows of a single day give no interval."""
    found = compare(np.ones(10), np.ones(10), np.zeros(10), "regression", 0.95)
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


def test_a_tail_beyond_the_draws_goes_on_growing() -> None:
    """At a confidence that 4,000 draws cannot resolve, as for many segments at once, the interval is Student's."""
    losses = _errors(np.random.default_rng(0), 0.0, days=200)
    usual, wide = (compare(*losses, "regression", confidence) for confidence in (0.95, 1 - 1e-5))
    expected = stats.t.ppf(5e-6, 199) / stats.t.ppf(0.025, 199)
    assert (wide.high - wide.low) / (usual.high - usual.low) == pytest.approx(expected, rel=0.06)
