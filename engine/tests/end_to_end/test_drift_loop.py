"""The story of drift, played whole: what each of its steps left in git, in the results and on GitHub."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest
import yaml

from mainline.monitoring import alarms, sharing, wording
from mainline.monitoring.result import Monitored
from mainline.pipeline.retraining import BRANCH, QUALITY, SUBJECT
from tests import project
from tests.end_to_end import drift_loop, drift_picture, warehouse
from tests.end_to_end.drift_loop import FIRST, MISSING, SECOND
from tests.end_to_end.drift_world import BEGIN, Story, begin
from tests.end_to_end.flights_ahead import LOST
from tests.mainline.serving.running import words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """The story, played to its end."""
    with begin() as made:
        drift_loop.play(made)
        yield made


def look(story: Story, day: date) -> Monitored:
    """Return what was seen at the end of a day."""
    return story.looks[day.isoformat()]


def lines(story: Story) -> list[alarms.Line]:
    """Return what happened to alarms, as the branch has it."""
    return alarms.read(git(story, "show", f"{sharing.branch('production')}:{alarms.FILE}").encode())


def git(story: Story, *arguments: str) -> str:
    """Ask the origin."""
    return story.run("git", "-C", str(story.folder / "origin.git"), *arguments)


def test_silent_join_failure_is_an_alarm_on_its_first_day(story: Story) -> None:
    """Nothing is missing on the day before; on the day itself all weather is, and the alarm names it."""
    verdicts = {
        day: next(check for check in look(story, day).versions[0].checks if check.name == MISSING)
        for day in (LOST - timedelta(1), LOST)
    }
    assert [check.verdict for check in verdicts.values()] == ["pass", "fail"]
    assert re.search(rf"(temp|humid|wind_speed|precip|visib): 100\.00% of {LOST}", verdicts[LOST].observed)
    opened, *_ = [line for line in lines(story) if (line.check, line.event) == (MISSING, "opened")]
    assert opened.time[:10] == LOST.isoformat()
    closed, *_ = [line for line in lines(story) if (line.check, line.event) == (MISSING, "closed")]
    assert closed.time[:10] == (LOST + timedelta(8)).isoformat(), "it passes from the next day on, for seven days"


def test_every_row_that_was_answered_is_in_the_results(story: Story) -> None:
    """The rows of the last result are those that the server answered, and no look missed a row of the log."""
    answered = sum(sum(counts.values()) for counts in story.answers.values())
    assert story.told().rows == answered
    assert {check.verdict for found in story.looks.values() for check in found.checks} == {"pass"}


def test_changed_world_is_an_alarm_of_quality_with_its_slice_and_start(story: Story) -> None:
    """Within ten days of the change, and not before, a check of quality names the airport whose schedules changed."""
    before = {
        alarm.check for day, found in story.looks.items() if day < f"{warehouse.CHANGED}" for alarm in found.alarms
    }
    assert not before & QUALITY
    alarm = drift_loop.alarm_of(story)
    opened = date.fromisoformat(alarm.opened[:10])
    assert warehouse.CHANGED < opened <= warehouse.CHANGED + timedelta(10)
    assert alarm.check == "bias by segment"
    assert f"origin {warehouse.AIRPORT}" in alarm.observed
    assert f"events of {warehouse.CHANGED} to " in alarm.reason, "the days are those of the changed world"


def test_retraining_waits_for_data_that_has_seen_enough(story: Story) -> None:
    """Between alarm and retraining an issue says that newer data is waited for; it is closed in the end or waits."""
    waiting = [
        issue for issue in story.github.repository.issues if issue["title"] == "A retraining waits for newer data"
    ]
    assert waiting
    day = date.fromisoformat(story.events[drift_loop.STARTED])
    assert day == BEGIN + timedelta(35)


def test_retraining_is_a_pull_request_that_was_merged_after_its_gate(story: Story) -> None:
    """Its body has the reason and the gate's report; main holds its commit, with five weeks more in the window."""
    (pull,) = [one for one in story.github.repository.pulls if one["head"]["ref"] == BRANCH]
    assert pull["state"] == "closed"
    assert pull["body"].startswith("**Why:** Quality in production: bias by segment of `v1.0.0`")
    gate = json.loads((story.robot.path / "metrics/report/gate.json").read_text())
    assert gate["verdict"] in ("pass", "warn")
    assert SUBJECT in git(story, "log", "--format=%s", "main")
    params = yaml.safe_load(git(story, "show", "main:params.yaml"))
    assert params["data"]["through"] == "2013-W32"


def test_new_version_is_rolled_out_and_answers_alone(story: Story) -> None:
    """Git assigns it to production, the follower reports that it serves, and only it answers on the last days."""
    served = [json.loads(line) for line in git(story, "show", "deployments/production:events.jsonl").splitlines()]
    assert [(line["event"], line["version"]) for line in served] == [("served", FIRST), ("served", SECOND)]
    assert set(story.answers[min(story.answers)]) == {FIRST}
    assert set(story.answers[max(story.answers)]) == {SECOND}
    assert f"model@{SECOND}" in git(story, "tag", "--points-at", "model#production#2^{}")


def test_alarm_and_its_issue_are_closed(story: Story) -> None:
    """The alarm ends when its version answers no more, its issue is closed, and the airport is nearer to the others."""
    alarm = drift_loop.alarm_of(story)
    ended = [one for one in alarms.fold(lines(story)) if (one.check, one.opened) == (alarm.check, alarm.opened)]
    assert [bool(one.closed) for one in ended] == [True]
    issues = [
        one for one in story.github.repository.issues
        if one["title"] == f"Alarm: {FIRST} in production {wording.plain(alarm.check)}"
    ]  # fmt: skip
    assert [issue["state"] for issue in issues] == ["closed"]
    first = next(
        found for _, found in sorted(story.looks.items()) if alarm.check in {one.check for one in found.alarms}
    )
    assert abs(drift_loop.bias(story.told())) < 0.7 * abs(drift_loop.bias(first))


def test_picture_has_every_event_and_needs_nothing_else(story: Story, tmp_path: Path) -> None:
    """It is one file of SVG for light and dark pages, in which each day on which something happened is marked."""
    drawn = drift_picture.write(story, tmp_path / "drift.svg").read_text()
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    words = " ".join("".join(part.itertext()) for part in root)
    assert all(what in words for what in story.events)
    assert "prefers-color-scheme: dark" in drawn
    assert not re.search(r"(href|src)=|url\(", drawn)


def test_said_in_one_sentence(story: Story) -> None:
    """The conclusion is one sentence with the days of the story."""
    said = drift_loop.conclude(story)
    assert said.count(". ") == 0
    assert all(story.events[what] in said for what in (drift_loop.opened(MISSING), drift_loop.PROPOSED))


def test_ctrl_c_ends_everything_and_leaves_nothing(tmp_path: Path) -> None:
    """Stopped while the first model is trained, it ends each process that it started, and removes its folder."""
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([project.SEARCH_PATH, str(project.ENGINE)]),
    }
    command = [sys.executable, "-P", "-m", "tests.end_to_end.drift_loop"]
    with subprocess.Popen(command, cwd=project.ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            own = psutil.Process(process.pid)
            until = time.monotonic() + 300
            while not any(word in ("mainline.stages", "repro") for child in _below(own) for word in words(child)):
                assert time.monotonic() < until, "nothing is trained"
                time.sleep(0.1)
            children = _below(own)
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 128 + signal.SIGINT
            assert process.stderr is not None
            assert process.stderr.read().splitlines()[-1] == "Stopped; nothing is left of it."
            _, alive = psutil.wait_procs(children, timeout=60)
            assert alive == []
            assert list(tmp_path.glob("mainline-*")) == []
        finally:
            process.kill()


def _below(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes that one started; those that ended meanwhile are left out."""
    return process.children(recursive=True)
