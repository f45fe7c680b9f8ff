"""Episodes of alarms: which days are one, which are true, and when a change began."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from mainline.backtest import alarms, policies
from mainline.backtest.alarms import Alarms
from mainline.backtest.lessons import History
from tests.mainline.backtest.samples import work

Failing = dict[tuple[str, str], dict[str, str]]


def test_an_alarm_that_the_next_window_confirms_is_true() -> None:
    """Ten days in a row, the window that begins after the first has the last: one episode, which was true."""
    (one,) = _of(_days("05-10", "05-11", "05-12", "05-13", "05-14", "05-15", "05-16", "05-17")).quality
    assert (one.truth, one.checks) == ("true", ("bias",))
    assert (one.known, one.last) == (date(2013, 5, 13), date(2013, 5, 20))


def test_an_alarm_that_is_gone_in_the_next_window_is_false() -> None:
    """Two days beyond the limit, and nothing a week later."""
    assert [one.truth for one in _of(_days("05-10", "05-11")).quality] == ["false"]


def test_days_with_less_than_the_quiet_days_between_are_one_episode() -> None:
    """Seven days are declared: a gap of seven is one alarm, a longer one is two."""
    assert len(_of(_days("05-10", "05-17")).quality) == 1
    assert len(_of(_days("05-10", "05-18")).quality) == 2


def test_of_the_last_window_nobody_can_tell() -> None:
    """There is no next one."""
    assert [one.truth for one in _of(_days("08-30")).quality] == ["too late to tell"]


def test_the_first_windows_of_a_version_have_days_of_another() -> None:
    """The seventh day is the first whose window is whole."""
    assert not _of(_days("05-06")).quality
    assert len(_of(_days("05-07")).quality) == 1


def test_support_needs_no_window() -> None:
    """Rows that are unlike training are seen on the first day."""
    found = _of({("2013-04", "2013-05-01"): {"support": "missing values"}})
    assert found.support == [(date(2013, 5, 1), date(2013, 5, 1), {"missing values": "observed"})]


def test_rate_is_that_of_the_lived_days() -> None:
    """123 days at one in 90 allow 1.4."""
    assert round(_of({}).allowed, 1) == round(123 / _of({})._history.plan.params.monitor.false_alarms_every_days, 1)


def test_alarms_of_earned_limits_are_told_from_those_of_declared_ones() -> None:
    """A package whose window was too short reaches nothing of a limit that it earned."""
    (earned,) = _of(_days("05-10", "05-11")).quality
    (declared,) = _of({("2013-04", "2013-05-10"): {"quality": "bias", "reach": "none"}}).quality
    assert (earned.is_earned, declared.is_earned) == (True, False)


def test_a_step_is_found_where_it_is() -> None:
    """The fourth value is the first of the second part."""
    assert alarms.step(np.array([0.1, -0.1, 0.0, 5.0, 5.1, 4.9, 5.0])) == 3
    assert alarms.step(np.array([1.0])) == 0


def _days(*days: str) -> Failing:
    return {("2013-04", f"2013-{day}"): {"quality": "bias"} for day in days}


def _of(failing: Failing) -> Alarms:
    scripted = work(failing=failing)
    history: Any = SimpleNamespace(
        work=scripted, plan=scripted.plan, span=lambda *_: {}, newest=lambda _: "2013-04", metric=None
    )
    return Alarms(cast("History", history), policies.live(scripted, "never"))
