"""Limits that are earned by playing a window back."""

import numpy as np
import pytest

from mainline.limits import distances, playback, sketches
from mainline.limits.distances import Distances
from mainline.limits.playback import Limits
from mainline.limits.sketches import Sketch, count_numbers, count_texts


def day(values: np.ndarray, texts: dict[str, int] | None = None) -> Sketch:
    """Sketch a day of one number and one text."""
    return Sketch(
        digest="a", rows=len(values), requests=1, numbers={"x": count_numbers(values, [-1.0, 0.0, 1.0])},
        texts={"c": count_texts(texts or {"u": len(values)}, 0)},
    )  # fmt: skip


def test_distances_are_those_of_kuiper_and_of_the_value_whose_share_moved_most() -> None:
    """By hand: all mass moved by one bin of two, and half of a text renamed, to two names."""
    first = day(np.array([-0.5, -0.5, 0.5, 0.5]), {"u": 8})
    second = day(np.array([0.5, 0.5, 0.5, 0.5]), {"u": 4, "v": 3, "w": 1})
    assert distances.between(first, second).values == {"x": 0.5, "c": 0.5}
    assert distances.between(second, first).values == {"x": 0.5, "c": 0.5}, "what grew and what shrank counts"
    assert distances.between(first, first).values == {"x": 0.0, "c": 0.0}


def test_values_that_draw_together_are_as_far_as_values_that_move() -> None:
    """By hand: a number that stands still in the middle has both tails less, and Kolmogorov's distance halves that."""
    spread = day(np.array([-1.5, -0.5, 0.5, 1.5]))
    still = day(np.array([-0.5, -0.5, -0.5, -0.5]))
    assert distances.between(still, spread).values["x"] == pytest.approx(0.75)
    assert distances.between(still, spread, "kolmogorov").values["x"] == pytest.approx(0.5)


def test_small_moves_of_many_values_do_not_add_up() -> None:
    """By hand: three of four values exchange a few rows, as a new schedule does; the largest move counts."""
    first = day(np.zeros(100), {"u": 40, "v": 30, "w": 20, "x": 10})
    second = day(np.zeros(100), {"u": 36, "v": 33, "w": 18, "x": 13})
    assert distances.between(first, second).values["c"] == pytest.approx(0.04)
    assert distances.between(first, second, "kolmogorov").values["c"] == pytest.approx(0.06)


def test_share_of_missing_values_is_a_distance_of_its_own() -> None:
    """By hand: three of four numbers are lost, and the known one lies where it lay; of a text without one, all are."""
    first = day(np.array([0.5, 0.5, 0.5, 0.5]), {"u": 4})
    second = day(np.array([0.5, np.nan, np.nan, np.nan]), {"u": 4})
    gone = first.model_copy(update={"texts": {"c": count_texts({}, 4)}})
    assert distances.between(second, first) == Distances({"x": 0.0, "c": 0.0}, {"x": 0.75, "c": 0.0})
    assert distances.between(gone, first) == Distances({"x": 0.0}, {"x": 0.0, "c": 1.0})


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
    run, recent = (distances.between(sketches.add(part), whole) for part in (days, days[-playback.RECENT_DAYS :]))
    return max(score.score for score in limits.scores(run, recent).values())


def test_run_is_held_to_the_days_before_it() -> None:
    """By hand, eight days and runs of one: the first two are past, and what comes later does not soften a change."""
    days = [day(np.array([-0.5 if number < 4 else 0.5, 0.5])) for number in range(8)]
    limits = playback.play(days, 1, 90)
    assert limits is not None
    apart = [1e-4, 1e-4, 4 / 8, 4 / 10, 4 / 12, 4 / 14]
    assert limits.centre == pytest.approx({"x": np.log(apart).mean()})
    assert limits.spread == pytest.approx({"x": np.log(apart).std()})
    assert limits.days == 6
    assert limits.recent is None, "a run of one day has no last ones"


def test_last_days_of_a_run_are_held_to_the_days_before_the_run() -> None:
    """By hand, twenty days, runs of five: the first five are past, and a run's own first days are no part of it."""
    days = [day(np.array([-0.5 if number < 12 else 0.5, 0.5])) for number in range(20)]
    limits = playback.play(days, 5, 90)
    assert limits is not None
    assert limits.recent is not None
    moved = [max(0, min(3, end - 12)) / 6 for end in range(10, 21)]
    before = [max(0, end - 5 - 12) / (2 * (end - 5)) for end in range(10, 21)]
    apart = [max(now - then, 1e-4) for now, then in zip(moved, before, strict=True)]
    assert limits.recent.centre == pytest.approx({"x": np.log(apart).mean()})
    whole = playback.play(days, 3, 90)
    assert whole is not None
    assert whole.recent is None, "a run of three days is its last ones"


def test_limits_say_by_which_distance_their_window_was_measured() -> None:
    """Of a number that draws together and a text of many small moves, the distances of before would be others."""
    spread, still = np.array([-1.5, -0.5, 0.5, 1.5]), np.full(4, -0.5)
    names: tuple[dict[str, int], ...] = ({"u": 40, "v": 30, "w": 20, "x": 10}, {"u": 36, "v": 33, "w": 18, "x": 13})
    days = [day(still if number % 3 else spread, names[number % 2]) for number in range(8)]
    limits = playback.play(days, 1, 90)
    assert limits is not None
    apart = [distances.between(days[end], sketches.add(days[:end]), limits.distance).values for end in range(2, 8)]
    old = [distances.between(days[end], sketches.add(days[:end]), "kolmogorov").values for end in range(2, 8)]
    assert limits.distance == "kuiper"
    for name in ("x", "c"):
        assert limits.centre[name] == pytest.approx(np.log([values[name] for values in apart]).mean())
        assert limits.centre[name] != pytest.approx(np.log([values[name] for values in old]).mean(), abs=0.01)


def test_change_of_the_last_days_is_seen_in_them_first() -> None:
    """Of a week of which three days moved a little, the last days lie further than the whole."""
    random = np.random.default_rng(5)
    window = [day(random.normal(0, 1, 400)) for _ in range(180)]
    limits = playback.play(window, 7, 90)
    assert limits is not None
    week = [day(random.normal(0.5 * (number > 3), 1, 400)) for number in range(7)]
    whole = sketches.add(window)
    run, recent = (distances.between(sketches.add(part), whole) for part in (week, week[-3:]))
    assert limits.scores(run, recent)["x"].is_recent
    assert limits.scores(run, recent)["x"].score > limits.scores(run)["x"].score


def test_limit_is_that_of_the_scores_that_production_would_have_had() -> None:
    """The window's own runs, scored as a week of production is, pass it as often as allowed, by their last days too."""
    random = np.random.default_rng(7)
    days = [day(random.normal(0, 1, 400)) for _ in range(60)]
    limits = playback.play(days, 7, 90)
    assert limits is not None
    played: dict[bool, list[float]] = {True: [], False: []}
    for end in range(22, 61):
        before = sketches.add(days[: end - 7])
        run, recent = (distances.between(sketches.add(days[end - last : end]), before) for last in (7, 3))
        for is_whole, far in ((True, recent), (False, None)):
            played[is_whole].append(max(score.score for score in limits.scores(run, far).values()))
    assert limits.largest == pytest.approx(playback.limit(np.array(played[True]), 1)[0])
    assert limits.largest != pytest.approx(playback.limit(np.array(played[False]), 1)[0], abs=0.01)


def test_weeks_that_happen_to_be_alike_do_not_make_the_next_one_a_change() -> None:
    """The deviation of a column whose weeks all lie about as far is not below the least one."""
    days = [day(np.repeat([-0.5, 0.5], [200 + 20 * (number % 2), 200])) for number in range(120)]
    limits = playback.play(days, 7, 90)
    assert limits is not None
    assert limits.spread == {"x": 0.4}


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
        far = distances.between(
            sketches.add([losing(share, 180 + number) for number in range(7)]), sketches.add(window)
        )
        assert (limits.scores(far)["x"].score > limits.largest) == is_far, share
        assert limits.scores(far)["x"].is_missing or not is_far


def test_window_that_misses_no_value_takes_a_few_for_no_loss() -> None:
    """A deviation of nothing would put anything beyond; so there is a least one, and a point of rows is the least."""
    limits = playback.play([losing(0.0, number) for number in range(120)], 7, 90)
    assert limits is not None
    assert limits.missing is not None
    assert limits.missing.centre == pytest.approx(dict.fromkeys(("x", "c"), np.log(0.01)))
    assert limits.missing.spread == {"x": 0.4, "c": 0.4}
    assert limits.scores(Distances({}, {"x": 0.009}))["x"].score == pytest.approx(0)
    assert limits.scores(Distances({}, {"x": 0.33}))["x"].score == pytest.approx(np.log(33) / 0.4)


def test_limits_of_before_hold_as_they_were_earned() -> None:
    """A package without them says nothing of missing values or last days, and distances are those of its time."""
    before = Limits.model_validate_json(
        '{"centre": {"x": -3.0}, "spread": {"x": 0.5}, "largest": 2.0, "episodes": 1, "days": 180}'
    )
    assert before.distance == "kolmogorov"
    lost = distances.between(losing(1.0), losing(0.0), before.distance)
    assert before.scores(lost, lost) == {}
    moved = distances.between(day(np.ones(400)), losing(0.0), before.distance)
    found = before.scores(moved, moved)["x"]
    assert found.score > 2
    assert not found.is_missing
    assert not found.is_recent


@pytest.mark.parametrize("days", [31, 49, 60])
def test_column_that_never_moves_has_no_usual_distance(days: int) -> None:
    """A mean of equal numbers may differ from them in its last digit; that is not a deviation."""
    limits = playback.play([day(np.full(4, number % 3 - 1.0)) for number in range(days)], 7, 90)
    assert limits is not None
    assert set(limits.centre) == {"x"}


def test_few_days_are_not_played_back() -> None:
    """There are no limits below four runs."""
    moving = [day(np.full(4, number % 3 - 1.0)) for number in range(28)]
    assert playback.play(moving[:27], 7, 90) is None
    assert playback.play(moving, 7, 90) is not None
