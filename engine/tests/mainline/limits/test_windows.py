"""Limits of quality that are earned by playing a window back."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mainline.contract import Array, Task
from mainline.limits import playback, sizes, windows
from mainline.limits.windows import Quality, Scored
from mainline.model import metrics
from mainline.model.metric import Metric

METRIC = metrics.scorer("regression").primary
ROWS = 60  # a day


def scored(days: int, seed: int = 1, shift: float = 0.0, at: str = "ab") -> Scored:
    """Predict so many days of two segments, whose label moves by `shift` in some; errors of a day go together."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), ROWS)
    segment = np.where(np.arange(len(day)) % 2 == 0, "a", "b").astype(object)
    truth = random.normal(0, 10, len(day)) + random.normal(0, 3, days)[day]
    actual = truth + shift * np.isin(segment, list(at))
    return Scored(actual, truth * 0.5 + random.normal(0, 2, len(day)), np.zeros(len(day)), day, {"side": segment})


def play(rows: Scored, **changed: Any) -> Quality:
    """Play it back for one episode in 30 days."""
    found = windows.play(rows, METRIC, **{"length": 7, "least": 100, "every": 30, "margin": 1.0, **changed})
    assert found is not None
    return found


def episodes(rows: Scored, earned: Quality) -> int:
    """Count the alarms of all checks together."""
    shares = windows.shares(windows.measure(rows, METRIC, 7, 100), earned)
    return playback.episodes(np.max([values for _, _, values in shares], axis=0) > 1)


def test_measures_are_those_of_each_window() -> None:
    """By hand: the mean error of the last window, that of a segment against it, and the logarithm of the ratio."""
    rows = scored(9)
    found = windows.measure(rows, METRIC, 7, 100)
    last = rows.day >= 2
    error = rows.predicted[last] - rows.actual[last]
    in_a = rows.segments["side"][last] == "a"
    ratio = np.sqrt(np.mean(error**2) / np.mean(rows.actual[last] ** 2))
    assert {len(values) for values in found.values()} == {3}
    assert found["bias", "bias"][-1] == pytest.approx(error.mean())
    assert found["side", "a"][-1] == pytest.approx(error[in_a].mean() - error.mean())
    assert found["skill", "skill"][-1] == pytest.approx(np.log(ratio))


@pytest.mark.parametrize(("task", "name"), [("regression", "rmse"), ("classification", "average_precision")])
def test_many_days_are_measured_some_at_a_time(monkeypatch: pytest.MonkeyPatch, task: Task, name: str) -> None:
    """Each run has the values that it has among all days, also of a segment that comes late; no table is larger."""
    metric = next(each for each in metrics.scorer(task).metrics if each.name == name)
    rows = scored(windows.AT_ONCE + 90)
    late = np.where(rows.day < windows.AT_ONCE, "early", "late").astype(object)
    rows = replace(rows, actual=rows.actual > 0, predicted=1 / (1 + np.exp(-rows.predicted)), segments={"side": late})
    shapes: list[tuple[int, ...]] = []
    combine = type(metric).combine

    def seen(self: Metric, statistics: Any, counts: Array) -> Array:
        shapes.append(counts.shape)
        return combine(self, statistics, counts)

    monkeypatch.setattr(type(metric), "combine", seen)
    found = windows.measure(rows, metric, 7, 100)
    assert max(shapes) == (windows.AT_ONCE, windows.AT_ONCE + 6)
    monkeypatch.setattr(windows, "AT_ONCE", 10_000)
    whole = windows.measure(rows, metric, 7, 100)
    assert found.keys() == whole.keys()
    for key, values in whole.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-9, atol=1e-9)


def sized(rows: Scored, by: Scored) -> Scored:
    """Hold rows also to what a test, by its own rows, says of predictions of each size."""
    found = sizes.of(METRIC, np.quantile(by.predicted, np.linspace(0, 1, 11)).tolist(), by.actual, by.predicted)
    return replace(rows, sizes=found)


def test_expected_error_is_that_of_the_test_for_predictions_of_these_sizes() -> None:
    """By hand: of each bin the test's mean squared error, weighed by how many predictions of the window lie in it."""
    rows, tested = scored(9), scored(30, seed=4)
    last = rows.day >= 2
    ends = np.quantile(tested.predicted, np.linspace(0, 1, 11))[1:-1]
    place, among = (np.searchsorted(ends, one.predicted) for one in (rows, tested))
    squares = np.array([np.mean((tested.predicted - tested.actual)[among == one] ** 2) for one in range(10)])
    expected = np.sqrt(np.mean(squares[place[last]]))
    true = np.sqrt(np.mean((rows.predicted - rows.actual)[last] ** 2))
    found = windows.measure(sized(rows, tested), METRIC, 7, 100)
    assert found["expected", "expected"][-1] == pytest.approx(np.log(true / expected))


def test_last_three_days_are_also_measured_alone() -> None:
    """Rows before them do not count, and a run that is not longer has no last days."""
    rows, tested = scored(9), scored(30, seed=4)
    last = rows.day >= 6
    alone = Scored(
        rows.actual[last], rows.predicted[last], rows.baseline[last], rows.day[last],
        {"side": rows.segments["side"][last]},
    )  # fmt: skip
    short = windows.measure(sized(alone, tested), METRIC, 3, 100)
    found = windows.measure(sized(rows, tested), METRIC, 7, 100)
    assert windows.RECENT not in {family for family, _ in short}
    assert found[windows.RECENT, windows.RECENT][-1] == pytest.approx(short["expected", "expected"][-1])
    assert len(found[windows.RECENT, windows.RECENT]) == 3


def test_fault_of_three_days_is_beyond_in_the_last_days() -> None:
    """They earn a limit of their own, which three days pass whose errors are larger than those of their sizes."""
    rows, tested = scored(150), scored(30, seed=4)
    earned = play(sized(rows, tested))
    days = scored(7, seed=9)
    wrong = replace(days, actual=days.actual + np.where(days.day >= 4, 40.0, 0.0) * np.sign(days.actual))
    found = windows.measure(sized(wrong, tested), METRIC, 7, 100)
    shares = {family: share for family, _, share in windows.beyond(found, earned)}
    assert shares[windows.RECENT] > 1
    assert earned.usual(windows.RECENT) == pytest.approx(0, abs=0.1)


def test_last_days_lie_around_what_the_window_had_and_count_where_they_are_worse() -> None:
    """A test that was easier than life is no fault of three days, and neither are three days of no error at all."""
    rows, tested = scored(150), scored(30, seed=4)
    easier = replace(tested, actual=tested.predicted + (tested.actual - tested.predicted) / 2)
    earned = play(sized(rows, easier))
    assert earned.usual(windows.RECENT) == pytest.approx(np.log(2), abs=0.1)
    days = scored(7, seed=9)
    exact = replace(days, actual=np.where(days.day >= 4, days.predicted * 0.99, days.actual))
    for one in (days, exact):
        found = windows.measure(sized(one, easier), METRIC, 7, 100)
        assert {family: share for family, _, share in windows.beyond(found, earned)}[windows.RECENT] < 1


def test_request_that_is_wrong_is_seen_though_the_baseline_errs_alike() -> None:
    """A seventh of the rows says nothing: whatever that costs, the model stays better than a baseline that reads it.

    Both add what the model gains to what the request says, as where a use case answers with a field and a correction.
    """
    random = np.random.default_rng(7)

    def answered(days: int, wrong: float) -> Scored:
        rows = scored(days, seed=5)
        said = random.exponential(30, len(rows.day)) * np.where(random.random(len(rows.day)) < wrong, 0.0, 1.0)
        late = np.where(said == 0, random.exponential(30, len(rows.day)), said)
        return replace(rows, actual=rows.actual + late, predicted=rows.predicted + said, baseline=said)

    tested = answered(30, 0.0)
    earned = play(sized(answered(150, 0.0), tested))
    found = windows.measure(sized(answered(7, 1 / 7), tested), METRIC, 7, 100)
    assert found["skill", "skill"][-1] < 0
    assert {family: share for family, _, share in windows.beyond(found, earned)}["expected"] > 1
    assert earned.limit("expected", "expected") is not None
    assert earned.usual("expected") == pytest.approx(0, abs=0.1)


def test_package_of_before_is_not_held_to_what_the_test_says() -> None:
    """Limits that know nothing of sizes, or of the last days, leave them out, whatever is measured."""
    rows = scored(150)
    before = Quality.model_validate_json(play(rows).model_dump_json(exclude={"expected", "recent"}))
    found = windows.measure(sized(rows, rows), METRIC, 7, 100)
    assert not {"expected", windows.RECENT} & {family for family, _, _ in windows.shares(found, before)}


@pytest.mark.parametrize("name", ["skill", "bias"])
def test_segments_may_be_called_as_a_check_is(name: str) -> None:
    """A column `skill` or `bias`, and a value of that name, is a family of its own beside skill and bias."""
    rows = scored(150)
    called = replace(rows, segments={name: np.where(rows.segments["side"] == "a", name, "other").astype(object)})
    found, usual = (windows.measure(one, METRIC, 7, 100) for one in (called, rows))
    assert found.keys() == {
        ("skill", "skill"),
        ("bias", "bias"),
        (f"segment {name}", name),
        (f"segment {name}", "other"),
    }
    for check in ("skill", "bias"):
        assert found[check, check].tolist() == usual[check, check].tolist()
    assert sorted(play(called).limits.values()) == sorted(play(rows).limits.values())


def test_few_rows_say_nothing_of_a_segment() -> None:
    """A run that has fewer rows of a segment than declared has no mean error of it, and the others have theirs."""
    rows = scored(9)
    kept = (rows.segments["side"] == "b") | (rows.day < 4)
    few = Scored(
        rows.actual[kept], rows.predicted[kept], rows.baseline[kept], rows.day[kept],
        {"side": rows.segments["side"][kept]},
    )  # fmt: skip
    assert np.isnan(windows.measure(few, METRIC, 7, 100)["side", "a"]).tolist() == [False, True, True]


def test_all_checks_together_keep_the_declared_rate_on_the_window_itself() -> None:
    """Skill, bias and segments share one budget: 150 days pass one limit or the other in at most five episodes."""
    rows = scored(150)
    earned = play(rows)
    assert earned.is_proven
    assert earned.episodes == episodes(rows, earned) <= 5
    assert {"skill", "bias", "side"} == set(earned.limits)


def test_margin_multiplies_every_limit() -> None:
    """What is declared over the playback's limit is added to none and multiplies all."""
    rows = scored(150)
    once, twice = play(rows), play(rows, margin=2.0)
    assert {name: limit * 2 for name, limit in once.limits.items()} == pytest.approx(twice.limits)
    assert once.episodes == twice.episodes


def test_later_days_keep_the_rate_and_a_change_is_found() -> None:
    """On other days like those of the window alarms stay rare; a label that moves is beyond, with its segment."""
    earned = play(scored(150), margin=1.25)
    assert episodes(scored(150, seed=2), earned) <= 8
    moved = windows.measure(scored(7, seed=3, shift=8.0), METRIC, 7, 100)
    assert windows.beyond(moved, earned)[0][2] > 1
    for shift in (8.0, -8.0):
        found = windows.beyond(windows.measure(scored(7, seed=3, shift=shift), METRIC, 7, 100), earned)
        assert {family: share for family, _, share in found}["bias"] > 1, "on either side"
    at_a = windows.measure(scored(7, seed=3, shift=8.0, at="a"), METRIC, 7, 100)
    assert windows.beyond(at_a, earned)[0][:2] in (("side", "a"), ("side", "b"))


def test_classes_are_played_back_by_their_probabilities() -> None:
    """Of three classes the bias is that of each class, and a segment's is that of the class with the largest."""
    random = np.random.default_rng(5)
    n = 40 * ROWS
    actual = random.integers(0, 3, n).astype(float)
    predicted = random.dirichlet([2, 2, 2], n)
    rows = Scored(
        actual, predicted, np.full((n, 3), 1 / 3), np.repeat(np.arange(40), ROWS), {"side": actual.astype(str)}
    )
    metric = metrics.scorer("multiclass", names=("u", "v", "w")).primary
    found = windows.measure(rows, metric, 7, 100)
    assert found["bias", "2"][0] == pytest.approx((predicted[: 7 * ROWS, 2] - (actual[: 7 * ROWS] == 2)).mean())
    first = slice(0, 7 * ROWS)
    errors = predicted[first] - np.eye(3)[actual[first].astype(int)]
    apart = errors[actual[first] == 2].mean(axis=0) - errors.mean(axis=0)
    assert found["side", "2.0"][0] == pytest.approx(apart[np.abs(apart).argmax()])
    assert windows.play(rows, metric, 7, 100, 90, 1.5) is not None


def test_weeks_that_were_better_neither_alarm_nor_widen_the_limit_of_skill() -> None:
    """A model that predicts far better for some weeks passes no limit by that, and its limit is that of worse weeks."""
    rows = scored(150)
    better = np.isin(rows.day // 10, (2, 6, 10))
    predicted = np.where(better, rows.actual + 0.01, rows.predicted)
    earned = play(replace(rows, predicted=predicted), every=1000)
    found = windows.measure(replace(rows, predicted=predicted), METRIC, 7, 100)
    reach = found["skill", "skill"] - earned.centre
    assert reach.min() < -4
    limit = earned.limit("skill", "skill")
    assert limit is not None
    assert limit < 2
    by_family = {family: values for family, _, values in windows.shares(found, earned)}
    assert by_family["skill"].min() < 0, "better is on the other side"


def test_few_days_earn_nothing() -> None:
    """There are no limits below two windows, and below 120 days they are not proven."""
    assert play(scored(120)).is_proven
    assert windows.play(scored(13), METRIC, 7, 100, 30, 1.0) is None
    assert not play(scored(119)).is_proven
