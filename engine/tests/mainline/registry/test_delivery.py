"""The figures of delivery, against answers computed by hand.

The month told by `month` below, with `a` for the day of an author's date:

| day | what | lead times in days |
|---|---|---|
| 1 | v1.0.0, the first | |
| 2, 4, 5 | a commit (a 2), a merge (a 1.5), the training of v1.1.0 (a 4.5) | |
| 6 | v1.1.0 | 4, 4.5, 1.5 |
| 7 | back to v1.0.0: v1.1.0 failed and was recovered from in 1 day | |
| 8 | code alone (a 7.5) | 0.5 |
| 9 | its revert: the one before failed, recovered from in 1 day | 0 |
| 10 | what staging declares (a 10): no deployment of production | |
| 12 | v1.2.0 with code (a 11); servers abort it: failed | 2, 1 |
| 15 | v1.2.1 (a 14), which mends it after 3 days and is served | 1 |
"""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest

from mainline.commands.delivery import delivery
from mainline.registry.delivery import Figures, measure
from mainline.registry.history import HistoryError
from mainline.seconds import DAY
from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry, at, digest, lock

END = at(29)  # four weeks after the first deployment


def said(day: float, event: str, version: str, **more: int) -> str:
    """Return a line as a server writes it."""
    time = (registries.START + timedelta(days=day)).isoformat()
    return (
        json.dumps({"time": time, "event": event, "version": version, "digest": digest(version), "reason": "", **more})
        + "\n"
    )


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the month of the table above; shared, so tests only read it."""
    made = registries.create(tmp_path_factory.mktemp("month") / "registry")
    made.release("v1.0.0", 1)
    made.commit(2, README_dot_md="words")
    made.git("checkout", "--quiet", "-b", "work")
    made.commit(3, author=1.5, x="1")
    made.git("checkout", "--quiet", "main")
    made.merge(4, "work")
    made.commit(5, author=4.5, dvc_dot_lock=lock("v1.1.0"))
    made.register("v1.1.0", 6)
    made.assign("v1.1.0", 6)
    made.assign("v1.0.0", 7, "rollback")
    code = made.commit(8, author=7.5, src__mainline__serving__server_dot_py="1")
    made.git("revert", "--no-edit", code, day=9)
    made.commit(10, deploy__staging_dot_yaml="")
    made.commit(12, author=11, dvc_dot_lock=lock("v1.2.0"), src__mainline__serving__server_dot_py="2")
    made.register("v1.2.0", 12)
    made.assign("v1.2.0", 12)
    made.commit(15, author=14, dvc_dot_lock=lock("v1.2.1"))
    made.register("v1.2.1", 15)
    made.assign("v1.2.1", 15)
    made.events("production", said(12.5, "aborted", "v1.2.0") + said(15.1, "served", "v1.2.1") + "broken\n")
    return made.path


def days(seconds: float | None) -> float | None:
    """Return days."""
    return None if seconds is None else seconds / DAY


def test_the_month_has_the_figures_computed_by_hand(month: Path) -> None:
    """Frequency, lead time, failures, recovery, rollbacks and rework of all seven deployments."""
    found = measure("production", END, repository=month).figures["all"]
    assert (found.deployments, found.per_week, found.served) == (7, 7 / 4, 1)
    assert days(found.seconds_between) == 2  # of 1, 1, 1, 3, 3, 5
    assert days(found.lead_seconds) == 1.25  # of 0, 0.5, 1, 1, 1.5, 2, 4, 4.5
    assert (found.failed, found.change_failure_rate) == (3, 3 / 7)
    assert (days(found.recovery_seconds), found.recovered) == (1, 3)  # of 1, 1, 3
    assert (found.fixes, found.rework_rate) == (3, 3 / 7)
    assert (found.models, found.rollbacks, found.rollback_rate) == (5, 1, 1 / 5)


@pytest.mark.parametrize(
    ("group", "count", "lead", "failed", "recovery", "fixes"),
    [("model only", 4, 2.75, 1, 1, 2), ("code only", 2, 0.25, 1, 1, 1), ("both", 1, 1.5, 1, 3, 0)],
)
def test_models_and_code_are_told_apart(
    month: Path, group: str, count: int, lead: float, failed: int, recovery: float, fixes: int
) -> None:
    """Each kind of deployment has its own count, lead time, failures, recovery and rework."""
    found = measure("production", END, repository=month).figures[group]
    assert (found.deployments, days(found.lead_seconds)) == (count, lead)
    assert (found.failed, days(found.recovery_seconds), found.fixes) == (failed, recovery, fixes)


def test_the_deployments_are_told_one_by_one(month: Path) -> None:
    """In order of time, with what the environment had afterwards, how they failed, and which were fixes."""
    told = measure("production", END, repository=month).deployments
    assert [(item.content, item.version, item.failed, item.fix) for item in told] == [
        ("model", "v1.0.0", None, False),
        ("model", "v1.1.0", "a rollback replaced it", False),
        ("model", "v1.0.0", None, True),
        ("code", "v1.0.0", "reverted", False),
        ("code", "v1.0.0", None, True),
        ("model and code", "v1.2.0", "aborted", False),
        ("model", "v1.2.1", None, True),
    ]


def test_a_window_counts_its_own_days_and_knows_what_was_before(month: Path) -> None:
    """In the last 16 days there was one deployment, the fix of a failure that lies before them."""
    found = measure("production", END, days=16, repository=month)
    assert [item.version for item in found.deployments] == ["v1.2.1"]
    assert found.figures["all"].per_week == 1 / (16 / 7)
    assert (found.figures["all"].fixes, days(found.figures["all"].lead_seconds)) == (1, 1)


def test_a_deployment_made_by_a_clock_that_is_ahead_counts(empty: Registry) -> None:
    """The newest deployment is there, though this machine's clock has not come to its time."""
    empty.release("v1.0.0", 1)
    assert measure("production", at(0.9), repository=empty.path).figures["all"].deployments == 1


def test_a_quiet_window_says_what_cannot_be_told(month: Path) -> None:
    """Nothing in ten days is a frequency of zero; of the other figures nothing can be told."""
    found = measure("production", END, days=10, repository=month)
    assert found.figures["all"].per_week == 0
    assert found.figures["all"].change_failure_rate is None
    assert found.cannot_tell == ["the other figures: nothing was deployed in the time looked at"]


def test_bad_lines_are_counted_and_said(month: Path) -> None:
    """A line that is not an event stops nothing and is not passed over in silence."""
    assert (
        "left out of events.jsonl, not formed as an event: 1 line" in measure("production", END, repository=month).notes
    )


def test_before_the_first_deployment_nothing_is_told(empty: Registry) -> None:
    """Without deployments no figure is a number, and what to do is said."""
    found = measure("production", END, repository=empty.path)
    assert found.figures["all"] == Figures(0, 0, None, None, None, 0, 0, None, None, 0, 0, 0, None, 0, None)
    assert found.cannot_tell == [
        "anything: this environment had no deployment yet; `./mainline promote` makes the first"
    ]


def test_after_one_deployment_little_is_told(empty: Registry) -> None:
    """The first deployment has no frequency, no gap, no lead time and nothing to recover from."""
    empty.release("v1.0.0", 1)
    found = measure("production", at(3), repository=empty.path)
    known = {name for name, value in dataclasses.asdict(found.figures["all"]).items() if value is not None}
    unknown = {"per_week", "seconds_between", "lead_seconds", "recovery_seconds"}
    assert known == set(dataclasses.asdict(found.figures["all"])) - unknown
    assert [line.split(":")[0] for line in found.cannot_tell] == [
        "deployments a week", "time between deployments", "lead time", "recovery time",
    ]  # fmt: skip


def test_a_failed_deployment_without_a_good_one_after_it_is_not_recovered(empty: Registry) -> None:
    """The time goes on, so there is no recovery time yet, and it is said."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.events("production", said(2.5, "rolled back", "v1.1.0"))
    found = measure("production", at(29), repository=empty.path)
    assert (found.figures["all"].failed, found.figures["all"].recovery_seconds) == (1, None)
    assert found.cannot_tell == ["recovery time: no good deployment came yet after a failed one"]
    assert "no good one came yet after 1 failed deployment" in found.notes


def test_recovery_goes_to_the_next_good_deployment_of_a_model(empty: Registry) -> None:
    """Neither code in between nor a second failure ends it: of 4 days and 2 the median is 3."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.commit(3, src__mainline__serving__server_dot_py="1")
    empty.release("v1.1.1", 4)
    empty.release("v1.1.2", 6)
    empty.events("production", said(2.5, "aborted", "v1.1.0") + said(4.5, "rolled back", "v1.1.1"))
    found = measure("production", END, repository=empty.path).figures["all"]
    assert (found.failed, found.recovered, days(found.recovery_seconds)) == (2, 2, 3)


def test_what_is_merged_before_a_rollback_comes_with_the_next_deployment(empty: Registry) -> None:
    """A rollback brings nothing of main: its lead time is not told, and the change of day 3 waits until day 6."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.commit(3, x="1")
    empty.assign("v1.0.0", 4, "rollback")
    empty.commit(5, dvc_dot_lock=lock("v1.2.0"))
    empty.register("v1.2.0", 6)
    empty.assign("v1.2.0", 6)
    *_, rollback, newest = measure("production", END, repository=empty.path).deployments
    assert (rollback.leads, newest.leads) == (None, (3 * DAY, 1 * DAY))


def test_code_for_an_environment_without_a_version_is_no_deployment(empty: Registry) -> None:
    """After the version was taken back there is nothing that the code would serve."""
    empty.release("v1.0.0", 1)
    empty.tag("model#production!#2", 2, "taken back")
    empty.commit(3, src__mainline__serving__server_dot_py="1")
    assert len(measure("production", END, repository=empty.path).deployments) == 1


def test_the_same_version_again_deploys_nothing(empty: Registry) -> None:
    """When the revert of a rollback is merged, production has that version already: no deployment and no failure."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.assign("v1.0.0", 3, "rollback")
    empty.assign("v1.0.0", 4, "return")
    found = measure("production", END, repository=empty.path)
    assert [item.failed is not None for item in found.deployments] == [False, True, False]
    assert "not deployments, since the version was there already: 1 assignment" in found.notes


def test_a_revert_of_a_revert_is_no_failure_and_no_fix(empty: Registry) -> None:
    """The fix of day 3 mended day 2; what comes back on day 4 is planned, and may fail again, as on day 5."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    for day, version in ((3, "v1.0.0"), (4, "v1.1.0"), (5, "v1.0.0")):
        empty.assign(version, day, "return")
    found = measure("production", END, repository=empty.path)
    assert [(item.what, item.failed, item.fix) for item in found.deployments] == [
        ("release", None, False),
        ("release", "a return replaced it", False),
        ("return", None, True),
        ("reapply", "a return replaced it", False),
        ("return", None, True),
    ]
    figures = found.figures["all"]
    assert (figures.failed, figures.fixes, figures.rollbacks, days(figures.recovery_seconds)) == (2, 2, 2, 1)


@pytest.mark.parametrize(("version", "kind"), [("v1.0.0", "return"), ("v1.2.0", "rollback")])
def test_a_fix_that_needs_a_fix_has_failed(empty: Registry, version: str, kind: str) -> None:
    """Going back further, or at once to what a rollback replaced, mends what the fix did not."""
    for day, name in enumerate(("v1.0.0", "v1.1.0", "v1.2.0"), 1):
        empty.release(name, day)
    empty.assign("v1.1.0", 4, "rollback")
    empty.assign(version, 5, kind)
    *_, first, second = measure("production", END, repository=empty.path).deployments
    assert (first.failed, first.fix) == (f"a {kind} replaced it", True)
    assert (second.what, second.failed, second.fix) == (kind, None, True)


def test_code_that_is_reverted_and_comes_back_failed_once(empty: Registry) -> None:
    """The words of each revert are git's; the second takes the first back, and the third the second."""
    empty.release("v1.0.0", 1)
    commit = empty.commit(2, src__mainline__serving__server_dot_py="1")
    for day in (3, 4, 5):
        empty.git("revert", "--no-edit", commit, day=day)
        commit = empty.git("rev-parse", "HEAD")
    told = measure("production", END, repository=empty.path).deployments[1:]
    assert [(item.failed, item.fix) for item in told] == [
        ("reverted", False), (None, True), ("reverted", False), (None, True),
    ]  # fmt: skip


def test_events_of_another_package_or_of_no_deployment_are_left_out(empty: Registry) -> None:
    """An event counts where version, digest and time fit; the others are counted and said."""
    empty.release("v1.0.0", 1)
    other = said(2, "aborted", "v1.0.0").replace(digest("v1.0.0"), "f" * 64)
    empty.events("production", other + said(0.5, "aborted", "v1.0.0") + said(2, "aborted", "v9.0.0"))
    found = measure("production", END, repository=empty.path)
    assert found.figures["all"].failed == 0
    assert "left out, of no deployment: 3 events" in found.notes


@pytest.mark.parametrize("day", [0.5, 2.5, 8])
def test_an_event_is_of_the_assignment_that_it_names(empty: Registry, day: float) -> None:
    """A server's clock may be behind or ahead: of two deployments of a version the one that it names has failed."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.assign("v1.0.0", 3, "approval")
    empty.assign("v1.1.0", 4, "approval")
    empty.events("production", said(day, "aborted", "v1.1.0", assignment=2))
    told = measure("production", END, repository=empty.path).deployments
    assert [item.failed for item in told] == [None, "aborted", None, None]


def test_without_records_a_version_that_comes_back_is_a_return(empty: Registry) -> None:
    """Assignments by hand are deployments, without a lead time; going back to an older version tells of a failure."""
    for day, name in ((1, "v1.0.0"), (2, "v1.1.0")):
        empty.commit(day)
        empty.git("tag", f"model@{name}")
        empty.git("tag", "-a", f"model#production#{day}", "-m", "by hand", day=day)
    empty.git("tag", "-a", "model#production#3", "-m", "by hand", "model@v1.0.0^{}", day=3)
    found = measure("production", END, repository=empty.path)
    assert [(item.what, item.fix, item.leads) for item in found.deployments] == [
        ("release", False, None), ("release", False, None), ("return", True, None),
    ]  # fmt: skip
    assert found.figures["all"].failed == 1


def test_a_clone_without_the_history_is_said_and_no_error(empty: Registry) -> None:
    """Deployments whose commits of main are elsewhere count, and it is said that those are not here."""
    empty.release("v1.0.0", 1)
    empty.assign("v1.0.0", 1.5, environment="staging", main="1" * 40)
    empty.release("v1.1.0", 2)
    empty.assign("v1.1.0", 3, environment="staging")
    found = measure("staging", END, repository=empty.path)
    assert (found.figures["all"].deployments, found.figures["all"].lead_seconds) == (2, None)
    assert "not in this clone: 2 ranges of main; `git fetch --unshallow`" in found.notes


def test_an_unknown_environment_names_the_nearest(empty: Registry) -> None:
    """A typo is an error, not a table of zeros."""
    empty.release("v1.0.0", 1)
    with pytest.raises(HistoryError, match=r"no environment 'prodution'; did you mean 'production'\?"):
        measure("prodution", END, repository=empty.path)


def test_what_a_person_accepted_is_shown(empty: Registry) -> None:
    """Versions in the time looked at that were released on somebody's word are named, with who and why."""
    decided = {"check": "schema", "verdict": "fail", "by": "Grace", "reason": "Hours now"}
    empty.release("v1.0.0", 1, accepted=[decided])
    empty.release("v1.1.0", 9)
    said = "v1.0.0 was accepted by Grace although schema said fail: Hours now"
    assert measure("production", at(10), repository=empty.path).accepted == [said]
    assert f"On a person's word:\n  {said}" in delivery("production", False, None, at(10), empty.path)
    assert measure("production", at(10), days=2, repository=empty.path).accepted == []
