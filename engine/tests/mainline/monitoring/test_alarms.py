"""Alarms over time: opened once, closed after quiet days, and the same whoever saw what first."""

import pytest

from mainline.documents import Verdict
from mainline.monitoring import alarms
from mainline.monitoring.alarms import Line
from mainline.monitoring.result import Alarm
from tests.mainline.monitoring.looks import look, version


def play(*days: tuple[str, Verdict], quiet_days: int = 3) -> list[Line]:
    """Look at a version's check of missing values on some days."""
    lines: list[Line] = []
    for day, verdict in days:
        lines += alarms.update(lines, look(day, version(missing_values=verdict)), quiet_days)
    return lines


def only(lines: list[Line]) -> Alarm:
    """Return the one alarm."""
    (alarm,) = alarms.fold(lines)
    return alarm


def test_alarm_opens_once_and_keeps_its_age() -> None:
    """A check that goes on failing is one line and one alarm, as old as the first look that saw it."""
    lines = play(("2013-10-01", "pass"), ("2013-10-02", "fail"), ("2013-10-03", "fail"), ("2013-10-09", "fail"))
    assert [line.event for line in lines] == ["opened"]
    assert (only(lines).opened, only(lines).closed) == ("2013-10-02T12:00:00Z", "")


def test_alarm_closes_after_quiet_days() -> None:
    """It closes once it passed for the declared days, not at the first look that passes."""
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "pass"), ("2013-10-04", "warn"))
    assert only(lines).closed == ""
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "pass"), ("2013-10-04", "pass"), ("2013-10-05", "pass"))
    assert only(lines).closed == "2013-10-05T12:00:00Z"
    assert only(lines).ending.startswith("It passed for 3 days.")


def test_failure_while_it_waits_begins_the_quiet_days_again() -> None:
    """An alarm that comes and goes stays one alarm, and its quiet days count from the last failure."""
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "pass"), ("2013-10-03", "fail"), ("2013-10-05", "pass"))
    assert [line.event for line in lines] == ["opened", "passed", "failed", "passed"]
    assert (only(lines).quiet_since, only(lines).closed) == ("2013-10-05T12:00:00Z", "")


def test_what_cannot_be_told_changes_nothing() -> None:
    """Without labels nobody knows whether an alarm is over: it neither opens, nor waits, nor closes."""
    assert play(("2013-10-01", "cannot tell")) == []
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "cannot tell"), ("2013-10-20", "cannot tell"))
    assert [line.event for line in lines] == ["opened"]


def test_alarm_of_a_replaced_version_closes() -> None:
    """A version that answers no more is not held to anything: its alarm closes, and says who answers."""
    lines = play(("2013-10-01", "fail"))
    lines += alarms.update(lines, look("2013-10-09", version("v1.1.0", missing_values="pass")), 3)
    assert only(lines).ending == "v1.1.0 answers in its place."
    assert alarms.update(lines, look("2013-10-10", version("v1.1.0", missing_values="pass")), 3) == []


@pytest.mark.parametrize(("last", "is_replaced"), [("2013-10-05", False), ("2013-10-04", True)])
def test_version_that_another_one_replaced_has_no_alarms(last: str, is_replaced: bool) -> None:
    """Two days after its last answer its alarm is closed though its late labels are still looked at, and none opens."""
    gone, there = version(missing_values="fail", skill="fail"), version("v1.1.0", missing_values="pass")
    lines = play(("2013-10-04", "fail"))
    lines += alarms.update(lines, look("2013-10-06", gone.model_copy(update={"last": last}), there), 3)
    assert [bool(alarm.closed) for alarm in alarms.fold(lines)] == ([True] if is_replaced else [False, False])


def test_silence_closes_no_alarm() -> None:
    """A look at which no version answered says nothing of the alarms that are open."""
    assert alarms.update(play(("2013-10-01", "fail")), look("2013-10-09"), 3) == []


def test_days_without_traffic_are_not_days_on_which_a_check_passed() -> None:
    """It passed once, and then nobody asked for weeks: the alarm waits until somebody has asked again."""
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "pass"))
    passes = version(missing_values="pass")
    for day in ("2013-10-05", "2013-10-20"):
        assert alarms.update(lines, look(day, passes, last="2013-10-02"), 3) == []
    (closed,) = alarms.update(lines, look("2013-10-20", passes, last="2013-10-20"), 3)
    assert closed.event == "closed"


def test_morning_of_a_day_without_traffic_so_far_is_no_silence() -> None:
    """A look before the first request of its day closes what passed for the declared days before."""
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "pass"))
    (closed,) = alarms.update(lines, look("2013-10-05", version(missing_values="pass"), last="2013-10-04"), 3)
    assert closed.event == "closed"


def test_closed_alarm_that_fails_again_is_another_one() -> None:
    """After it was closed the same check makes a new alarm, with an age of its own."""
    lines = play(("2013-10-01", "fail"), ("2013-10-02", "pass"), ("2013-10-06", "pass"), ("2013-10-08", "fail"))
    first, second = alarms.fold(lines)
    assert (first.opened[:10], first.closed[:10], second.opened[:10]) == ("2013-10-01", "2013-10-06", "2013-10-08")


def test_alarms_of_two_packages_are_two() -> None:
    """One check of two packages makes two alarms, also under one name; each closes by its own looks."""
    rebuilt = version(missing_values="fail").model_copy(update={"digest": "c3" * 32})
    lines = alarms.update([], look("2013-10-01", version(missing_values="fail"), rebuilt), 3)
    for day in ("2013-10-02", "2013-10-06"):
        lines += alarms.update(lines, look(day, version(missing_values="pass"), rebuilt), 3)
    first, second = sorted(alarms.fold(lines), key=lambda alarm: alarm.digest)
    assert (first.digest, first.closed[:10]) == ("a1" * 32, "2013-10-06")
    assert (second.digest, second.opened[:10], second.quiet_since) == ("c3" * 32, "2013-10-01", "")


def test_lines_of_two_machines_add_up_in_any_order() -> None:
    """What two machines saw of one alarm is one alarm, as old as the first of them says."""
    here = play(("2013-10-02", "fail"), ("2013-10-04", "pass"))
    there = play(("2013-10-01", "fail"))
    one, other = (
        alarms.join(alarms.write(first), alarms.write(second)) for first, second in ((here, there), (there, here))
    )
    assert one == other
    assert alarms.join(one, one) == one
    alarm = only(alarms.read(one))
    assert (alarm.opened[:10], alarm.quiet_since[:10]) == ("2013-10-01", "2013-10-04")


def test_line_that_no_machine_writes_is_left_out() -> None:
    """Whoever may push to the branch writes what they like; the lines beside it count."""
    (line,) = play(("2013-10-01", "fail"))
    long = line.model_dump_json().encode() + b" " * alarms.MAX_LINE
    hostile = [b"\xff\xfe", b"{}", b"[" * 5000, line.model_copy(update={"time": "soon"}).model_dump_json().encode()]
    assert alarms.read(b"\n".join([*hostile, line.model_dump_json().encode(), long])) == [line]


@pytest.mark.parametrize("time", ["2013-99-99T12:00:00Z", "2013-02-29T12:00:00Z", "2013-10-01T12:61:00Z"])
def test_line_of_a_time_that_no_calendar_has_is_left_out(time: str) -> None:
    """Days are counted from these times, so one that is none would end each look from then on."""
    (line,) = play(("2013-10-01", "fail"))
    forged = alarms.write([line]).replace(line.time.encode(), time.encode())
    assert alarms.read(forged) == []


def test_line_of_letters_of_many_bytes_is_read_again() -> None:
    """Every text that a check may say fits into a line, whatever its alphabet."""
    (check,) = version(skill="fail").checks
    long = check.model_copy(update={"observed": "東" * 600, "limit": "東" * 600, "reason": "\U0001f6eb" * 600})
    lines = alarms.update([], look("2026-03-01", version().model_copy(update={"checks": [long]})), 3)
    assert alarms.read(alarms.write(lines)) == lines


def test_alarm_closes_whatever_number_of_versions_answers_in_its_place() -> None:
    """Their names are cut to what a line may have."""
    opened = alarms.update([], look("2026-03-01", version(skill="fail")), 3)
    others = [
        version("v1.1.0").model_copy(update={"version": f"v2.0.{number}-{'x' * 90}", "digest": f"{number:064x}"})
        for number in range(9)
    ]
    (closed,) = alarms.update(opened, look("2026-03-02", *others), 3)
    assert closed.event == "closed"
