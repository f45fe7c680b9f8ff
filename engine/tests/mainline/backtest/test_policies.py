"""Policies of retraining, each held to when it retrains, on what, and what serves then."""

from datetime import date
from typing import cast

from mainline.backtest import policies
from tests.mainline.backtest.samples import Scripted, work


def test_each_period_is_retrained_once_it_is_over() -> None:
    """On the first day of June the model through May is judged against the one through April, and serves."""
    lived = policies.live(work(), "each period")
    assert [(one.day, one.through, one.against) for one in lived.attempts] == [
        (date(2013, 6, 1), "2013-05", "2013-04"),
        (date(2013, 7, 1), "2013-06", "2013-05"),
        (date(2013, 8, 1), "2013-07", "2013-06"),
    ]
    assert lived.serving[date(2013, 5, 31)] == "2013-04"
    assert lived.serving[date(2013, 6, 1)] == "2013-05"


def test_what_the_gate_refuses_never_serves_and_is_not_tried_again() -> None:
    """The refused model is judged on one day alone, and the next one against the version that serves."""
    scripted = work("2013-05")
    lived = policies.live(scripted, "each period")
    assert [one.released for one in lived.attempts] == [False, True, True]
    assert "2013-05" not in lived.serving.values()
    assert cast("Scripted", scripted).asked[1] == ("2013-06", ("2013-04",))


def test_without_the_gate_the_refused_one_serves() -> None:
    """The same policy, and its name says so."""
    lived = policies.live(work("2013-05"), "each period", is_gated=False)
    assert lived.name == "each period, no gate"
    assert lived.serving[date(2013, 6, 1)] == "2013-05"


def test_age_retrains_on_the_day_that_it_is_declared_for() -> None:
    """Data through April are 75 days old on 15 July; the newest period that is over is June."""
    lived = policies.live(work(), "on age")
    assert [(one.day, one.through) for one in lived.attempts] == [(date(2013, 7, 15), "2013-06")]


def test_an_alarm_of_quality_retrains_when_its_labels_are_there() -> None:
    """What fails on 10 June is known on the 13th: the labels of a day are there 36 hours after it ended."""
    failing = {("2013-04", "2013-06-10"): {"quality": "bias"}}
    lived = policies.live(work(failing=failing), "on quality")
    assert [(one.day, one.through, one.reason) for one in lived.attempts] == [(date(2013, 6, 13), "2013-05", "bias")]


def test_an_alarm_waits_for_newer_data() -> None:
    """An alarm in May has nothing newer than April to be retrained on; if it is still on in June, May is over."""
    during = {("2013-04", f"2013-05-{day:02d}"): {"quality": "bias"} for day in range(20, 32)}
    lived = policies.live(work(failing=during), "on quality")
    assert [(one.day, one.through) for one in lived.attempts] == [(date(2013, 6, 1), "2013-05")]
    assert not policies.live(work(failing={("2013-04", "2013-05-20"): {"quality": "bias"}}), "on quality").attempts


def test_a_version_is_watched_by_windows_of_its_own_days() -> None:
    """An alarm on a day whose window begins before the version served is not one of its own."""
    failing = {
        ("2013-04", "2013-06-25"): {"quality": "bias"},
        ("2013-05", "2013-07-02"): {"quality": "bias"},
        ("2013-05", "2013-07-04"): {"quality": "bias"},
    }
    lived = policies.live(work(failing=failing), "on quality")
    assert [(one.through, one.day) for one in lived.attempts] == [
        ("2013-05", date(2013, 6, 28)),
        ("2013-06", date(2013, 7, 7)),
    ]


def test_drift_needs_no_labels() -> None:
    """What drifts on 10 June is known on the next day."""
    failing = {("2013-04", "2013-06-10"): {"drift": "drift of features"}}
    assert policies.live(work(failing=failing), "on drift").attempts[0].day == date(2013, 6, 11)


def test_never_keeps_the_first_version() -> None:
    """Whatever fails."""
    failing = {("2013-04", "2013-06-10"): {"quality": "bias", "drift": "drift of features"}}
    lived = policies.live(work(failing=failing), "never")
    assert not lived.attempts
    assert set(lived.serving.values()) == {"2013-04"}
