"""An issue for each alarm, by itself: opened, updated and closed once, whatever else there is on GitHub."""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from mainline.declared.monitoring import Keep
from mainline.gate import findings as gate
from mainline.github import issues, proposal
from mainline.github.api import ApiError
from mainline.monitoring import alarms, sharing
from mainline.monitoring.result import Monitored
from mainline.monitoring.store import Store
from mainline.monitoring.verdict import PACKAGES
from mainline.pipeline import offer, retraining
from tests.github.repository import BOT, Item
from tests.github.standin import GitHub
from tests.mainline.monitoring.looks import look, version
from tests.mainline.report import examples
from tests.project import FLIGHTS

FAILS = version(whole_numbers="fail")
PASSES = version(whole_numbers="pass")
NOW = datetime(2013, 10, 9, 12, tzinfo=UTC)


@pytest.fixture
def monitored(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that declares production; its source has nothing newer, unless a test says so."""
    (clone / "deploy").mkdir()
    shutil.copy2(FLIGHTS / "deploy/production.yaml", clone / "deploy")
    text = (clone / "deploy/production.yaml").read_text()
    (clone / "deploy/production.yaml").write_text(text.replace("after: staging", "after: null"))
    shutil.copy2(FLIGHTS / "params.yaml", clone)
    (clone / ".gitignore").write_text("/metrics/report/\n/store/\n")
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "Declare"], check=True)
    monkeypatch.setattr(offer, "lacking", lambda period: f"{period} is not there.")
    return clone


def share(clone: Path, found: Monitored) -> None:
    """Share a look, as the machine beside the log does."""
    store = Store(clone / "store")
    store.folder.mkdir(exist_ok=True)
    lines = alarms.read(store.alarms())
    lines += alarms.update(lines, found, 3)
    store.keep_alarms(alarms.write(lines))
    still = [alarm for alarm in alarms.fold(lines) if not alarm.closed]
    sharing.give(store, "production", found.model_copy(update={"alarms": still}), lambda *_: None, Keep())


def about(github: GitHub, word: str) -> list[Item]:
    """Return the issues with a word in their title."""
    return [issue for issue in github.repository.issues if word in issue["title"]]


def test_alarm_has_one_issue_from_its_opening_to_its_end(github: GitHub, monitored: Path) -> None:
    """It is opened once, brought up to date, closed when the alarm is, and left alone after that."""
    share(monitored, look("2013-10-07", FAILS))
    issues.follow(NOW)
    issues.follow(NOW)
    (issue,) = about(github, "Alarm: v1.0.0 in production is sent fractions of what was whole in training")
    assert issue["state"] == "open"
    assert "Open since: **2013-10-07**" in issue["body"]
    first = issue["body"]
    share(monitored, look("2013-10-08", PASSES))
    issues.follow(NOW)
    (issue,) = about(github, "Alarm")
    assert (issue["state"], issue["body"] != first) == ("open", True)
    assert "passes since 2013-10-08" in issue["body"]
    share(monitored, look("2013-10-11", PASSES))
    issues.follow(NOW)
    (issue,) = about(github, "Alarm")
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    asked = len(github.requests)
    assert issues.follow(NOW).startswith("There is nothing to say")
    assert not [line for line in github.requests[asked:] if not line.startswith("GET")]


def test_name_that_ends_a_comment_does_not_end_its_mark(github: GitHub, monitored: Path) -> None:
    """Who may push to the branch may name a check: its words stay within the mark, and the issue is one."""
    check = FAILS.checks[0].model_copy(update={"name": "x --> @octo/team closes #1 <!-- mainline-monitoring: y"})
    share(monitored, look("2013-10-07", FAILS.model_copy(update={"checks": [check]})))
    issues.follow(NOW)
    issues.follow(NOW)
    (issue,) = about(github, "Alarm")
    assert issue["body"].count("-->") == issue["body"].count("<!--") + issue["body"].count("`-->`")
    assert re.sub("`[^`]*`|<!--.*?-->", "", issue["body"], flags=re.DOTALL).count("@octo") == 0


def test_result_of_another_environment_opens_nothing(github: GitHub, monitored: Path) -> None:
    """Who may push to the branch may name an environment: one that the branch is not of has no part in an issue."""
    share(monitored, look("2013-10-07", FAILS).model_copy(update={"environment": "x --> @octo/team <!--"}))
    issues.follow(NOW)
    assert about(github, "Alarm") == []
    assert "@octo" not in "".join(issue["title"] + issue["body"] for issue in github.repository.issues)


def test_names_as_long_as_they_may_be_have_a_title_that_github_takes(github: GitHub, monitored: Path) -> None:
    """A refused title would stop the issues of every alarm behind it."""
    check = FAILS.checks[0].model_copy(update={"name": "c" * 120})
    share(monitored, look("2013-10-07", FAILS.model_copy(update={"version": "v" * 120, "checks": [check]})))
    issues.follow(NOW)
    (issue,) = about(github, "Alarm")
    assert len(issue["title"]) <= 256


def test_alarm_that_a_person_closed_stays_closed(github: GitHub, monitored: Path) -> None:
    """Who closes an issue by hand knows why; a machine does not argue."""
    share(monitored, look("2013-10-07", FAILS))
    issues.follow(NOW)
    github.repository.issues[0]["state"] = "closed"
    share(monitored, look("2013-10-08", FAILS))
    issues.follow(NOW)
    assert [issue["state"] for issue in about(github, "Alarm")] == ["closed"]


def test_mark_of_a_stranger_is_not_ours(github: GitHub, monitored: Path) -> None:
    """An issue that somebody opened with our mark is neither changed nor taken for ours."""
    share(monitored, look("2013-10-07", FAILS))
    issues.follow(NOW)
    (ours,) = about(github, "Alarm")
    theirs = {**ours, "number": 2000, "id": 7, "user": {"login": "mallory"}, "title": "Theirs", "state": "open"}
    github.repository.issues[:] = [theirs]
    issues.follow(NOW)
    assert theirs["title"] == "Theirs"
    assert [issue["user"] for issue in about(github, "Alarm")] == [BOT]


def test_silence_is_an_issue_until_somebody_looks(github: GitHub, monitored: Path) -> None:
    """Without a look for the declared days nobody would know of an alarm: one issue, which the next look closes."""
    share(monitored, look("2013-10-01", PASSES))
    issues.follow(NOW)
    issues.follow(NOW)
    (issue,) = about(github, "Nobody looks at production")
    assert issue["state"] == "open"
    share(monitored, look("2013-10-09", PASSES))
    issues.follow(NOW)
    assert about(github, "Nobody looks")[0]["state"] == "closed"


def test_version_that_nobody_ever_looked_at_is_an_issue(github: GitHub, monitored: Path) -> None:
    """Assigned and never monitored, or looked at without a row: one issue, which the first row closes."""
    issues.follow(NOW)
    assert about(github, "Nobody looks") == []
    for tag in ("model@v1.0.0", "model#production#1"):
        subprocess.run(["git", "tag", tag, "main"], check=True)
    issues.follow(NOW)
    share(monitored, look("2013-10-08"))
    issues.follow(NOW)
    (issue,) = about(github, "Nobody looks at production")
    assert (issue["state"], "no prediction of it was ever looked at" in issue["body"]) == ("open", True)
    share(monitored, look("2013-10-09", PASSES))
    issues.follow(NOW)
    assert about(github, "Nobody looks")[0]["state"] == "closed"


def test_lost_part_of_the_log_is_an_issue_that_a_person_closes(github: GitHub, monitored: Path) -> None:
    """It is opened once, says what is lost, and stays open when the next look has no gap: what is lost stays lost."""
    gap = gate.Check(name="log", group="integrity", verdict="cannot tell", observed="10 rows of 1 file",
                     limit="every row", reason="2 never rolled up, and gone from the log: a-000001.jsonl.")  # fmt: skip
    whole = gap.model_copy(update={"verdict": "pass", "reason": "Nothing is missing."})
    for check in (gap, gap, whole):
        share(monitored, look("2013-10-08", PASSES).model_copy(update={"checks": [check]}))
        issues.follow(NOW)
    (issue,) = about(github, "Part of the prediction log of production is lost or waits")
    assert issue["state"] == "open"
    assert "2 never rolled up, and gone from the log" in issue["body"]


def test_package_that_is_not_here_is_an_issue_of_its_own(github: GitHub, monitored: Path) -> None:
    """Beside a lost part of the log it neither hides nor repeats that issue, and closes once the package is here."""
    lost = gate.Check(name="log", group="integrity", verdict="cannot tell", observed="10 rows of 1 file",
                      limit="every row", reason="2 never rolled up.")  # fmt: skip
    absent = lost.model_copy(update={"name": PACKAGES, "reason": "v1.1.0 answered, and no package of it is here."})
    for checks in ([lost, absent], [lost, absent], [lost]):
        share(monitored, look("2013-10-08", PASSES).model_copy(update={"checks": checks}))
        issues.follow(NOW)
    (log,), (package,) = about(github, "Part of the prediction log"), about(github, "has no package here")
    assert (log["state"], "2 never rolled up" in log["body"]) == ("open", True)
    assert (package["state"], "no package of it is here" in package["body"]) == ("closed", True)


def test_monitored_environment_that_is_not_declared_is_an_issue(github: GitHub, monitored: Path) -> None:
    """Its alarms would open no issue, so one says that; it closes once the environment is declared."""
    share(monitored, look("2013-10-08", PASSES))
    subprocess.run(["git", "push", "--quiet", "origin", "HEAD:refs/heads/monitoring/shadow"], check=True)
    issues.follow(NOW)
    (issue,) = about(github, "shadow is monitored and not declared")
    assert "`deploy/shadow.yaml` is not there" in issue["body"]
    text = (monitored / "deploy/production.yaml").read_text()
    (monitored / "deploy/shadow.yaml").write_text(text.replace("after: null", "after: production"))
    issues.follow(NOW)
    assert about(github, "shadow")[0]["state"] == "closed"


def test_alarm_of_quality_starts_a_retraining_once(
    github: GitHub, monitored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is sent where a newer period is there, and not again while the last proposal is young."""
    monkeypatch.setattr(offer, "lacking", lambda period: "" if period == "2013-10" else "no")
    share(monitored, look("2013-11-07", version(skill="fail")))
    later = datetime(2013, 11, 8, tzinfo=UTC)
    assert "A retraining was started: Quality in production: skill of v1.0.0 since 2013-11-07." in issues.follow(later)
    assert github.repository.dispatches == [{"event_type": "drift"}]
    subprocess.run(["git", "push", "--quiet", "origin", f"HEAD:refs/heads/{retraining.BRANCH}"], check=True)
    issues.follow(datetime.now(UTC))
    assert len(github.repository.dispatches) == 1


def test_retraining_that_has_no_newer_data_is_an_issue(github: GitHub, monitored: Path) -> None:
    """Where nothing newer is complete nothing is started; one issue says what is awaited."""
    share(monitored, look("2013-10-08", version(bias="fail")))
    for _ in range(2):
        issues.follow(NOW)
    (issue,) = about(github, "A retraining waits for newer data")
    assert "nothing newer is complete" in issue["body"]
    assert github.repository.dispatches == []
    share(monitored, look("2013-10-09", version(bias="pass")))
    issues.follow(NOW)
    assert about(github, "waits for newer data")[0]["state"] == "closed"


def test_hostile_names_stay_text(github: GitHub, monitored: Path) -> None:
    """What came from a client mentions nobody, links nowhere and is no markup, in the title as in the text."""
    hostile = "@everyone <img src=x> #1 | `x` <!-- mainline-monitoring: retraining --> https://evil.example"
    (check,) = FAILS.checks
    bad = check.model_copy(update={"observed": hostile, "reason": hostile})
    share(monitored, look("2013-10-07", FAILS.model_copy(update={"checks": [bad]})))
    issues.follow(NOW)
    (issue,) = about(github, "Alarm")
    shown = re.sub(r"`[^`]*`", "", issue["body"].rpartition("\n\n<!--")[0])
    assert not re.search(r"@everyone|<img|#1|https://|<!--", shown)
    issues.follow(NOW)
    assert len(about(github, "Alarm")) == 1


def test_pull_request_of_a_retraining_carries_what_monitoring_found(
    github: GitHub, monitored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason comes first, then the alarms, then the gate's report."""
    share(monitored, look("2013-10-07", version(skill="fail")))
    gate.FILE.parent.mkdir(parents=True)
    gate.FILE.write_text(examples.passing().model_dump_json())
    (monitored / "params.yaml").write_text((monitored / "params.yaml").read_text() + "# more\n")
    monkeypatch.setenv("REASON", "Quality in production: skill of v1.0.0 since 2013-10-07.")
    proposal.propose(retraining.BRANCH)
    body = github.repository.pulls[0]["body"]
    places = [body.find(text) for text in ("**Why:** Quality in production", "Open alarms", "#### Checks")]
    assert -1 not in places[:2]
    assert places[0] < places[1] < body.find(examples.passing().headline.split()[0], places[1])


def test_token_without_the_right_opens_nothing(
    github: GitHub, monitored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub's refusal is the error."""
    share(monitored, look("2013-10-07", FAILS))
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"contents": "read", "issues": "read"}))
    with pytest.raises(ApiError, match="403"):
        issues.follow(NOW)
    assert github.repository.issues == []


def test_servers_without_new_rows_are_an_issue_though_a_runner_looks_each_day(github: GitHub, monitored: Path) -> None:
    """A look at old rows alone is none: servers that died would pass for ever."""
    share(monitored, look("2013-10-20", PASSES, last="2013-10-07"))
    issues.follow(datetime(2013, 10, 20, 13, tzinfo=UTC))
    share(monitored, look("2013-10-21", PASSES, last="2013-10-07"))
    issues.follow(datetime(2013, 10, 21, 13, tzinfo=UTC))
    (issue,) = about(github, "Nobody looks at production")
    assert issue["state"] == "open"
    assert "no row since 2013-10-07" in issue["body"]


def test_alarm_that_another_machine_saw_earlier_keeps_its_issue(github: GitHub, monitored: Path) -> None:
    """A line that comes late moves the opening back; the issue that is there is brought up to date, and closes."""
    share(monitored, look("2013-10-07", FAILS))
    issues.follow(NOW)
    store = Store(monitored / "store")
    store.keep_alarms(alarms.join(store.alarms(), alarms.write(alarms.update([], look("2013-10-05", FAILS), 3))))
    for day in ("2013-10-08", "2013-10-11"):
        share(monitored, look(day, PASSES))
        issues.follow(NOW)
    (issue,) = about(github, "Alarm")
    assert issue["state"] == "closed"
    assert "Open since: **2013-10-05**" in issue["body"]


@pytest.mark.parametrize("until", ["soon", "2013-10-07T12:00:00", "@org/team soon"])
def test_result_that_no_machine_writes_stops_nothing(github: GitHub, monitored: Path, until: str) -> None:
    """Whoever may push to the branch can neither stop the issues of all environments nor mention a team."""
    store = Store(monitored / "store")
    store.folder.mkdir()
    found = look("2013-10-07", FAILS)
    sharing.give(store, "production", found.model_copy(update={"until": until}), lambda *_: None, Keep())
    assert issues.follow(NOW).startswith("There is nothing to say")
    assert github.repository.issues == []


def _merge(clone: Path, package: str, message: str) -> None:
    """Put a package into the lock of main, at the origin too."""
    outs = [{"path": "models/package", "md5": f"{package}.dir"}]
    (clone / "dvc.lock").write_text(yaml.safe_dump({"stages": {"package": {"cmd": "make", "outs": outs}}}))
    for command in (
        ["add", "--all"],
        ["commit", "--quiet", "--message", message],
        ["push", "--quiet", "origin", "HEAD:main"],
    ):
        subprocess.run(["git", *command], check=True)


def test_merge_that_no_run_released_is_an_issue_until_it_is(github: GitHub, monitored: Path) -> None:
    """Main's model that production could take and has not: one issue some hours later, closed once production has it.

    A revert that no run saw is one as well, with an issue of its own.
    """
    now = datetime.now(UTC)
    later = now + timedelta(hours=4)
    _merge(monitored, "a" * 32, "First")
    issues.follow(later)
    assert about(github, "is not released") == []
    for tag in ("model@v1.0.0", "model#production#1"):
        subprocess.run(["git", "tag", tag], check=True)
    _merge(monitored, "b" * 32, "Better [skip ci]")
    issues.follow(now)
    assert about(github, "is not released") == []
    issues.follow(later)
    issues.follow(later)
    (issue,) = about(github, "The model of the default branch is not released")
    assert issue["state"] == "open"
    assert "a model that no run released" in issue["body"]
    assert "production could take it and did not" in issue["body"]
    assert "\n- GitHub starts no run for the newest commit, since its message says `[skip ci]`: start" in issue["body"]
    for tag in ("model@v1.1.0", "model#production#2"):
        subprocess.run(["git", "tag", tag], check=True)
    issues.follow(later)
    assert [each["state"] for each in about(github, "is not released")] == ["closed"]
    _merge(monitored, "a" * 32, "Revert [skip ci]")
    issues.follow(later)
    (new,) = [each for each in about(github, "is not released") if each["state"] == "open"]
    assert "has had v1.0.0 since" in new["body"]
    _merge(monitored, "c" * 32, "Failed")
    issues.follow(later)
    (failed,) = [each for each in about(github, "is not released") if each["state"] == "open"]
    assert "\n- Look at the run of *Main* for the newest commit: if it failed or waits, it says why. " in failed["body"]


def test_lock_that_cannot_be_read_keeps_no_alarm_back(github: GitHub, monitored: Path) -> None:
    """A conflict that somebody merged into main's lock fails Main; an alarm opens its issue all the same."""
    _merge(monitored, "a" * 32, "First")
    for tag in ("model@v1.0.0", "model#production#1"):
        subprocess.run(["git", "tag", tag], check=True)
    (monitored / "dvc.lock").write_text("<<<<<<< HEAD\n")
    subprocess.run(["git", "commit", "--quiet", "--all", "--message", "Merge"], check=True)
    subprocess.run(["git", "push", "--quiet", "origin", "HEAD:main"], check=True)
    share(monitored, look("2013-10-07", FAILS))
    issues.follow(NOW)
    assert len(about(github, "Alarm")) == 1
