"""Limits that are earned by playing a window back."""

import numpy as np
import pytest

from mainline.limits import playback, sketches
from mainline.limits.playback import Distances, Limits
from mainline.limits.sketches import Sketch, count_numbers, count_texts


def day(values: np.ndarray, texts: dict[str, int] | None = None) -> Sketch:
    """Sketch a day of one number and one text."""
    return Sketch(
        digest="a", rows=len(values), requests=1, numbers={"x": count_numbers(values, [-1.0, 0.0, 1.0])},
        texts={"c": count_texts(texts or {"u": len(values)}, 0)},
    )  # fmt: skip


def test_distances_are_those_of_kolmogorov_smirnov_and_total_variation() -> None:
    """By hand: all mass moved by one bin of two, and half of a text renamed."""
    first = day(np.array([-0.5, -0.5, 0.5, 0.5]), {"u": 4})
    second = day(np.array([0.5, 0.5, 0.5, 0.5]), {"u": 2, "v": 2})
    assert playback.distances(first, second).values == {"x": 0.5, "c": 0.5}
    assert playback.distances(first, first).values == {"x": 0.0, "c": 0.0}


def test_share_of_missing_values_is_a_distance_of_its_own() -> None:
    """By hand: three of four numbers are lost, and the known one lies where it lay; of a text without one, all are."""
    first = day(np.array([0.5, 0.5, 0.5, 0.5]), {"u": 4})
    second = day(np.array([0.5, np.nan, np.nan, np.nan]), {"u": 4})
    gone = first.model_copy(update={"texts": {"c": count_texts({}, 4)}})
    assert playback.distances(second, first) == Distances({"x": 0.0, "c": 0.0}, {"x": 0.75, "c": 0.0})
    assert playback.distances(gone, first) == Distances({"x": 0.0}, {"x": 0.0, "c": 1.0})


@pytest.mark.parametrize(
    ("scores", "allowed", "limit"),
    [
        ([0, 5, 0, 4, 0], 1, 4.0),
        ([0, 5, 0, 4, 0], 2, 0.0),
        ([0, 5, 5, 0, 5, 0], 1, 5.0),
        ([3, 3, 3, 3], 1, 3.0),
    ],
)
def test_limit_is_the_smallest_that_is_passed_in_the_allowed_episodes(
    scores: list[float], allowed: int, limit: float
) -> None:
    """Days in a row are one episode; a limit far below, where everything is one, is not found."""
    found, _ = playback.limit(np.array(scores, float), allowed)
    assert found == limit


def test_alarm_without_end_is_not_taken_for_a_rare_one() -> None:
    """Many single days beyond are many episodes, although a limit below all of them has one."""
    scores = np.array([1.0, 2.0] * 30)
    found, episodes = playback.limit(scores, 1)
    assert (found, episodes) == (2.0, 0)


def test_window_that_is_played_back_keeps_its_rate() -> None:
    """On days like those of the window, the declared rate holds about; a moved day is far beyond."""
    random = np.random.default_rng(3)
    days = [day(random.normal(0.3 * np.sin(number / 9), 1, 400)) for number in range(360)]
    window, later = days[:180], days[180:]
    limits = playback.play(window, 7, 90)
    assert limits is not None
    assert limits.episodes <= 2
    whole = sketches.add(window)
    beyond = np.array([_largest(limits, later[end - 7 : end], whole) > limits.largest for end in range(7, 180)])
    assert playback.episodes(beyond) <= 6
    moved = [day(random.normal(3, 1, 400)) for _ in range(7)]
    assert _largest(limits, moved, whole) > limits.largest


def _largest(limits: playback.Limits, days: list[Sketch], whole: Sketch) -> float:
    return max(limits.scores(playback.distances(sketches.add(days), whole)).values())


def test_run_is_held_to_the_days_before_it() -> None:
    """By hand, eight days and runs of one: the first two are past, and what comes later does not soften a change."""
    days = [day(np.array([-0.5 if number < 4 else 0.5, 0.5])) for number in range(8)]
    limits = playback.play(days, 1, 90)
    assert limits is not None
    apart = [1e-4, 1e-4, 4 / 8, 4 / 10, 4 / 12, 4 / 14]
    assert limits.centre == pytest.approx({"x": np.log(apart).mean()})
    assert limits.spread == pytest.approx({"x": np.log(apart).std()})
    assert limits.days == 6


def losing(share: float, number: int = 0, rows: int = 400) -> Sketch:
    """Sketch the day of a number, of which a share of values is missing; what is known lies as it always does."""
    values = np.random.default_rng(number).normal(0, 1, rows)
    return day(np.where(np.arange(rows) < share * rows, np.nan, values))


def test_lost_values_are_far_whether_all_are_lost_or_some() -> None:
    """Of days on which up to 2 % were missing, one without any value is beyond, and one without a fifth of them."""
    window = [losing(number % 5 / 200, number) for number in range(180)]
    limits = playback.play(window, 7, 90, margin=1.5)
    assert limits is not None
    for share, is_far in ((1.0, True), (0.2, True), (0.03, False)):
        far = playback.distances(
            sketches.add([losing(share, 180 + number) for number in range(7)]), sketches.add(window)
        )
        assert (limits.scores(far)["x"] > limits.largest) == is_far, share
        assert limits.is_missing("x", far) or not is_far


def test_window_that_misses_no_value_takes_a_few_for_no_loss() -> None:
    """A deviation of nothing would put anything beyond; so there is a least one, and a point of rows is the least."""
    limits = playback.play([losing(0.0, number) for number in range(120)], 7, 90)
    assert limits is not None
    assert limits.missing is not None
    assert limits.missing.centre == pytest.approx(dict.fromkeys(("x", "c"), np.log(0.01)))
    assert limits.missing.spread == {"x": 0.5, "c": 0.5}
    assert limits.scores(Distances({}, {"x": 0.009}))["x"] == pytest.approx(0)
    assert limits.scores(Distances({}, {"x": 0.33}))["x"] == pytest.approx(np.log(33) / 0.5)


def test_limits_of_before_say_nothing_of_missing_values() -> None:
    """A package that was built without them is read, and held to distances of known values as it was."""
    before = Limits.model_validate_json(
        '{"centre": {"x": -3.0}, "spread": {"x": 0.5}, "largest": 2.0, "episodes": 1, "days": 180}'
    )
    lost = playback.distances(losing(1.0), losing(0.0))
    assert before.scores(lost) == {}
    moved = playback.distances(day(np.ones(400)), losing(0.0))
    assert before.scores(moved)["x"] > 2
    assert not before.is_missing("x", moved)


def test_few_days_are_not_played_back() -> None:
    """There are no limits below four runs."""
    moving = [day(np.full(4, number % 3 - 1.0)) for number in range(28)]
    assert playback.play(moving[:27], 7, 90) is None
    assert playback.play(moving, 7, 90) is not None
