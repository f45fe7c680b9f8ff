"""Quality against age, where the drift is planted."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from mainline.data.dataset import Prepared
from mainline.declared.params import Costs, Evaluation
from mainline.errors import ParamsError
from mainline.experiments import staleness
from mainline.experiments.staleness import Age
from tests.mainline.experiments import planted_use_case
from tests.mainline.experiments.planted_use_case import MONTHS, declare, draw


def measure(slopes: list[float], length: int) -> list[Age]:
    """Measure on one month for each slope of the planted feature."""
    rows: dict[str, Prepared] = {
        month: draw(seed=number, start=30 * number, slope=slope)
        for number, (month, slope) in enumerate(zip(MONTHS, slopes, strict=False))
    }
    predicted: dict[Any, Any] = {}
    for _, found in staleness.predict(declare(), rows, length):
        predicted |= found
    return staleness.summarise(declare().evaluation, predicted, rows, 0.95, "month")


@pytest.mark.usefixtures("use_case")
def test_loss_grows_with_age_where_the_world_moves() -> None:
    """With a slope that falls month by month each age is worse than the one before, beyond its interval."""
    ages = measure([5, 4, 3, 2, 1, 0], length=2)
    assert [age.age for age in ages] == [0, 1, 2, 3]
    assert [age.periods for age in ages] == [4, 3, 2, 1]
    assert (ages[0].relative, ages[0].low, ages[0].high) == (0, 0, 0)
    assert all(older.low > younger.relative for younger, older in pairwise(ages))


@pytest.mark.usefixtures("use_case")
def test_nothing_is_lost_where_the_world_stands_still() -> None:
    """Without drift an old model is as good as a fresh one."""
    assert all(abs(age.relative) < 0.03 for age in measure([5] * 5, length=2))


@pytest.mark.usefixtures("use_case")
def test_old_and_fresh_are_measured_on_the_same_rows() -> None:
    """The relative loss is that of the two metrics beside each other."""
    oldest = measure([5, 4, 3, 2], length=1)[-1]
    assert oldest.rows == 800
    assert oldest.relative == pytest.approx(oldest.metric / oldest.fresh - 1)


@pytest.mark.usefixtures("use_case")
def test_shortest_window_has_age_0_alone() -> None:
    """Two months allow one model and one month to predict."""
    assert [(age.age, age.periods) for age in measure([5, 4], length=1)] == [(0, 1)]


def test_window_is_half_of_the_months() -> None:
    """Without a wish the training window takes half of the months, at least one."""
    assert [staleness.window_length(months) for months in (2, 3, 8)] == [1, 1, 4]
    assert staleness.window_length(8, 3) == 3


@pytest.mark.parametrize("wanted", [0, 8, 9])
def test_window_that_leaves_nothing_is_refused(wanted: int) -> None:
    """A training window of nothing or of everything is refused."""
    with pytest.raises(ParamsError, match="leave one to predict"):
        staleness.window_length(8, wanted)


@pytest.mark.usefixtures("use_case")
def test_average_is_over_rows() -> None:
    """Months are put together row by row, so the metric is that of all rows."""
    rows = {"a": draw(seed=0, start=0, slope=1), "b": draw(seed=1, start=30, slope=1)}
    predicted = {(0, "a"): rows["a"].label + 1, (0, "b"): rows["b"].label + 2}
    (age,) = staleness.summarise(declare().evaluation, predicted, rows, 0.95, "month")
    few, many = (len(rows[month]) for month in "ab")
    assert (age.rows, age.periods) == (few + many, 2)
    assert age.metric == pytest.approx(np.sqrt((few + 4 * many) / (few + many)))


def test_ages_of_two_classes_are_judged_at_thresholds_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mistakes have costs, an old model whose probabilities are all lower is no worse for that alone."""
    planted_use_case.install(monkeypatch, "classification")
    rows = {"2013-01": planted_use_case.draw_classes(2)}
    random = np.random.default_rng(1)
    fresh = np.clip(0.15 + 0.7 * rows["2013-01"].label + random.normal(0, 0.2, len(rows["2013-01"])), 0.01, 0.99)
    costs = Costs(false_positive=1, false_negative=9)
    evaluation = Evaluation(slice_min_rows=500, metric="cost", costs=costs)
    predicted = {(0, "2013-01"): fresh, (1, "2013-01"): fresh / 4}
    young, old = staleness.summarise(evaluation, predicted, rows, 0.95, "month")
    assert (old.metric, old.relative) == (young.metric, 0.0)
    assert old.fresh == young.metric > 0
