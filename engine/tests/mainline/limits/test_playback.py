"""Limits that are earned by playing a window back."""

import numpy as np
import pytest

from mainline.limits import playback, sketches
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
    assert playback.distances(first, second) == {"x": 0.5, "c": 0.5}
    assert playback.distances(first, first) == {"x": 0.0, "c": 0.0}


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


def test_few_days_are_not_played_back() -> None:
    """There are no limits below two runs."""
    assert playback.play([day(np.zeros(3))] * 13, 7, 90) is None
