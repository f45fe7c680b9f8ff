"""When a retraining is due: each reason on its own, held back by the cool-down, never without newer data."""

from datetime import UTC, date, datetime

import pytest

from mainline.declared.monitoring import Retrain
from mainline.declared.window import Data
from mainline.documents import Verdict
from mainline.monitoring import alarms, sharing
from mainline.monitoring.result import Monitored
from mainline.pipeline import offer, retraining
from tests.mainline.monitoring.looks import look, version
from tests.project import ROOT

DATA = Data.model_validate({"from": "2013-01", "through": "2013-09"})
NOW = datetime(2013, 11, 2, tzinfo=UTC)
OFF = dict.fromkeys(("schedule", "new_data", "age", "quality", "drift"), False)


def looked(day: str = "2013-11-01", **verdicts: Verdict) -> Monitored:
    """Return a look with its alarms."""
    found = look(day, version(**verdicts))
    return found.model_copy(update={"alarms": alarms.fold(alarms.update([], found, 7))})


def decide(
    monkeypatch: pytest.MonkeyPatch, found: Monitored | None, *, offered: str = "2013-10",
    started: retraining.Trigger = "message", last: datetime | None = None, data: Data = DATA, **policy: object,
) -> retraining.Decision:  # fmt: skip
    """Decide for production with only some reasons declared."""
    monkeypatch.setattr(sharing, "result", lambda _: (found, []))
    monkeypatch.setattr(offer, "lacking", lambda period: "" if period <= offered else "no")
    monkeypatch.setattr(retraining, "_last", lambda: last)
    declared = Retrain.model_validate({**policy, "when": {**OFF, **policy.get("when", {})}})  # type: ignore[dict-item]
    return retraining._of("production", declared, data, started, "", NOW)


@pytest.mark.parametrize(
    ("reason", "found", "said"),
    [
        ("new_data", None, "The source has 2013-10, which is newer than 2013-09."),
        ("age", looked("2014-01-01", skill="pass"), "The newest data of the model are 92 days old; 75 are allowed."),
        ("quality", looked(bias="fail"), "Quality in production: bias of v1.0.0 since 2013-11-01."),
        ("drift", looked(drift_of_features="warn"), "Drift in production: drift of features of v1.0.0."),
    ],
)
def test_each_reason_counts_only_where_it_is_declared(
    monkeypatch: pytest.MonkeyPatch, reason: str, found: Monitored | None, said: str
) -> None:
    """Declared, it makes a retraining due and is named; with all others declared and not this one, it is nothing."""
    decision = decide(monkeypatch, found, when={reason: True})
    assert (decision.due, decision.reason) == (True, said)
    assert not decide(monkeypatch, found, when={}).due
    others = {other: other != reason for other in OFF}
    assert said not in decide(monkeypatch, found, started="schedule", when=others).reason


def test_schedule_is_a_reason_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run by the schedule retrains if that is declared, and not if it is not."""
    assert decide(monkeypatch, None, started="schedule", when={"schedule": True}).due
    assert not decide(monkeypatch, None, started="schedule", when={}).due
    assert not decide(monkeypatch, None, started="message", when={"schedule": True}).due


def test_alarm_of_a_version_that_was_replaced_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its model answers no more: alarms and drift count of the versions that answered on the last day."""
    old = version("v1.0.0", bias="fail", drift_of_features="warn").model_copy(update={"last": "2013-10-31"})
    new = version("v1.1.0", bias="pass").model_copy(update={"last": "2013-11-01"})
    found = look("2013-11-01", old, new)
    found = found.model_copy(update={"alarms": alarms.fold(alarms.update([], found, 7))})
    when = {"quality": True, "drift": True}
    assert [alarm.version for alarm in found.alarms] == ["v1.0.0"]
    assert not decide(monkeypatch, found, when=when).due
    beside = found.model_copy(update={"versions": [old, new.model_copy(update={"last": "2013-10-30"})]})
    assert decide(monkeypatch, beside, when=when).due
    assert not decide(monkeypatch, found.model_copy(update={"versions": []}), when=when).due


def test_alarm_of_support_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that is broken is mended, not learned."""
    found = looked(missing_values="fail", labels="fail")
    assert not decide(monkeypatch, found, when={"quality": True, "drift": True}).due


@pytest.mark.parametrize("reason", OFF)
def test_cool_down_holds_each_reason_back(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """A reason that holds is named, and waits for the declared days after the last retraining."""
    found, when = looked("2014-01-01", bias="fail", drift_of_features="warn"), {reason: True}
    young = decide(monkeypatch, found, started="schedule", last=datetime(2013, 10, 30, tzinfo=UTC), when=when)
    assert not young.due
    assert young.reason.endswith("But the last retraining was 3 days ago; 7 are declared.")
    over = decide(monkeypatch, found, started="schedule", last=datetime(2013, 10, 26, tzinfo=UTC), when=when)
    assert (over.due, over.reason) == (True, young.reason.removesuffix(young.reason[young.reason.index(" But") :]))


@pytest.mark.parametrize("reason", [name for name in OFF if name != "new_data"])
def test_each_reason_waits_where_nothing_is_newer(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """A reason without enough newer data is not due and says what is awaited, whatever days are declared."""
    found, when = looked("2014-01-01", bias="fail", drift_of_features="warn"), {reason: True}
    for offered, days in (("2013-09", 14), ("2013-10", 32)):
        waiting = decide(monkeypatch, found, started="schedule", offered=offered, min_new_days=days, when=when)
        assert (waiting.due, waiting.waits) == (False, True)
        assert f"the source has no {days} days of data newer than 2013-09 yet" in waiting.reason
    assert decide(monkeypatch, found, started="schedule", offered="2013-10", min_new_days=31, when=when).due


def test_new_data_that_are_not_there_await_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a reason nothing waits: no issue is opened for it."""
    found = decide(monkeypatch, None, offered="2013-09", when={"new_data": True})
    assert (found.due, found.waits) == (False, False)


def test_period_that_is_not_over_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source may have rows of this month already; it counts from the first day of the next."""
    monkeypatch.setattr(offer, "lacking", lambda _: "")
    assert offer.newer(DATA, 1, date(2013, 10, 31)) == ()
    assert offer.newer(DATA, 1, date(2013, 11, 1)) == ("2013-10",)
    assert offer.newer(DATA, 40, date(2014, 3, 1)) == ("2013-10", "2013-11")


def test_window_takes_as_many_periods_as_it_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of days it takes fourteen, which is what it waited for; of months, one."""
    days = Data.model_validate({"from": "2013-09-01", "through": "2013-10-12"})
    when = {"new_data": True}
    assert decide(monkeypatch, None, offered="2013-11", when=when).periods == 1
    found = decide(monkeypatch, None, offered="2013-10-30", data=days, when=when)
    assert (found.due, found.periods) == (True, 14)
    workflow = (ROOT / ".github/workflows/retrain.yml").read_text(encoding="utf-8")
    assert 'run: ./mainline window --advance "$PERIODS"' in workflow
    assert "PERIODS: ${{ steps.due.outputs.periods }}" in workflow


@pytest.mark.parametrize(
    ("event", "started"), [("", "demand"), ("workflow_dispatch", "demand"), ("schedule", "schedule"),
                           ("repository_dispatch", "message")],
)  # fmt: skip
def test_event_says_only_what_started_it(monkeypatch: pytest.MonkeyPatch, event: str, started: str) -> None:
    """A person is obeyed; a message is not believed."""
    monkeypatch.setenv("GITHUB_EVENT_NAME", event)
    assert retraining.trigger() == started
