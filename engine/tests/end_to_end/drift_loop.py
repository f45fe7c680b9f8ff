"""Weeks of flights played forward: a silent join failure, a world that changes, the retraining, the alarm's end.

`make -C engine demo-drift` runs it. A fork whose source delivers the flights by week, a stand-in for GitHub as its
origin, and a real service that follows the origin and is asked for each flight on its day. Labels come two days later.
Production is looked at on each day, and while an alarm waits for newer data on Mondays, which bring some. Real: the
pipeline, the gate, release, follower, server and its log, `monitor --share`, `issues`, `due`, `propose`. Played: the
clock, as `played_clock` says. The steps of workflows are run as their files name them; that the files themselves run is
tested in `tests/github`.
"""

import contextlib
import ctypes
import os
import signal
import sys
from datetime import date, timedelta
from pathlib import Path
from types import FrameType

import psutil

from mainline import periods
from mainline.monitoring.result import Alarm, Monitored
from mainline.pipeline.retraining import BRANCH, QUALITY
from tests import project
from tests.end_to_end import drift_picture, flights_ahead, warehouse
from tests.end_to_end.drift_world import BEGIN, Story, begin
from tests.end_to_end.flights_ahead import LOST, Flights

LOSS, CHANGE = (
    "the weather feed names airports by another code",
    (f"{warehouse.AIRPORT}'s airlines announce arrivals {warehouse.PADDED} minutes later"),
)
STARTED, PROPOSED, PASSED, MERGED = (
    "a retraining is started", "its pull request is open", "its gate passes", "it is merged and released",
)  # fmt: skip
FIRST, SECOND = "v1.0.0", "v1.0.1"
PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h
MISSING, MONDAY = "missing values", 0


def opened(check: str) -> str:
    """Say that an alarm opened."""
    return f"alarm: {check}"


def closed(check: str) -> str:
    """Say that an alarm was closed."""
    return f"closed: {check}"


def play(story: Story) -> Flights:
    """Play the story until the alarm is closed and the version that it was of is shown no more; return the flights."""
    flights = flights_ahead.read(story)
    flights_ahead.write_feed(story, flights, BEGIN - timedelta(1))
    story.set_clock(BEGIN, "00:00")
    with story.service():
        story.wait(lambda: story.stable() == FIRST and story.is_live(FIRST), "the first version serves")
        day = BEGIN
        while not is_over(story):
            assert day < periods.span(warehouse.LAST)[1], f"no alarm of quality was closed: {story.events}"
            live(story, flights, day)
            day += timedelta(1)
    return flights


def is_over(story: Story) -> bool:
    """Say whether an alarm of quality was closed by a release, and only the version that it brought is shown."""
    if MERGED not in story.events or not any(closed(check) in story.events for check in QUALITY):
        return False
    return [one.version for one in story.told().versions] == [SECOND]


def live(story: Story, flights: Flights, day: date) -> None:
    """Live a day: the feed, the flights, labels, a look at production, issues, and what they start."""
    warehouse.deliver(story.folder / "warehouse", story.folder / "delivered", day)
    for what, when in ((LOSS, LOST), (CHANGE, warehouse.CHANGED)):
        if day == when:
            story.happened(what, day)
    story.set_clock(day, "12:00")
    flights_ahead.feed(story, flights, day)
    is_rolling = MERGED in story.events and story.stable() == FIRST
    story.answers[day.isoformat()] = flights_ahead.ask(story, flights, day, is_rolling)
    if story.stable() == SECOND:
        story.happened(f"{SECOND} serves", day)
    flights_ahead.label(story, flights, day)
    if is_waiting(story) and day.weekday() != MONDAY:
        return
    look(story, day)
    if story.github.repository.dispatches and STARTED not in story.events:
        story.happened(STARTED, day)
        retrain(story, day)


def is_waiting(story: Story) -> bool:
    """Say whether an alarm of quality waits for newer data, of which there are some on Mondays only."""
    return STARTED not in story.events and any(opened(check) in story.events for check in QUALITY)


def look(story: Story, day: date) -> None:
    """Look at production at the end of a day, bring issues up to date, and note which alarms opened and closed."""
    flights_ahead.count_rows(story)
    story.set_clock(day, "23:59")
    folder = story.folder
    story.project.run(
        "python", *story.program, "monitor", "--share", "--logs", str(folder / "log"), "--labels",
        str(folder / "labels"), "--metrics", str(folder / "metrics.txt"), "--until", f"{day}T23:59:00Z", "--state",
        str(story.state), "and", "issues", env=story.environment,
    )  # fmt: skip
    before = story.looks[max(story.looks)].alarms if story.looks else []
    found = story.looks[day.isoformat()] = story.told()
    assert found.until == f"{day}T23:59:00Z", found.until
    for alarm in found.alarms:
        story.happened(opened(alarm.check), day)
    still = {_name(alarm) for alarm in found.alarms}
    for alarm in before:
        if _name(alarm) not in still:
            story.happened(closed(alarm.check), day)


def retrain(story: Story, day: date) -> None:
    """Do what `retrain.yml` does, merge its pull request, and do what `main.yml` does then."""
    robot, outputs = story.robot, story.folder / "outputs"
    _reset(story)
    robot.run(
        "python",
        *story.program,
        "due",
        env=story.environment,
        GITHUB_EVENT_NAME="repository_dispatch",
        GITHUB_OUTPUT=str(outputs),
    )
    due = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    assert due["due"] == "true", due
    now = {"GIT_AUTHOR_DATE": f"{day}T23:59:00Z", "GIT_COMMITTER_DATE": f"{day}T23:59:00Z", "REASON": due["reason"]}
    robot.run("python", "-m", "mainline", "window", "--advance", due["periods"], env=story.environment)
    robot.run("python", "-m", "mainline", "repro", env=story.environment)
    gate = robot.run("python", "-m", "mainline", "gate", succeed=None, env=story.environment)
    robot.run("python", "-m", "mainline", "report", env=story.environment)
    robot.run("python", "-m", "mainline", "propose", BRANCH, env={**story.environment, **now})
    story.happened(PROPOSED, day)
    assert gate.returncode == 0, gate.stdout + gate.stderr
    story.happened(PASSED, day)
    (pull,) = (one for one in story.github.repository.pulls if one["head"]["ref"] == BRANCH)
    story.fork.merge(pull["number"])
    _reset(story)
    robot.run("python", "-m", "mainline", "promote", env=story.environment)
    story.happened(MERGED, day)


def conclude(story: Story) -> str:
    """Say in one sentence what happened."""
    alarm = alarm_of(story)
    return (
        f"A join that failed silently on {LOST} was an alarm on {story.events[opened(MISSING)]}; the change of "
        f"{warehouse.CHANGED} was one of {alarm.check} on {alarm.opened[:10]} ({alarm.observed}), the retraining of "
        f"{story.events[PROPOSED]} passed its gate and served on {story.events[f'{SECOND} serves']}, and the alarm "
        f"closed on {story.events[closed(alarm.check)]} ({warehouse.AIRPORT}: {bias(story.told()):+.1f})."
    )


def bias(found: Monitored) -> float:
    """Return the airport's mean error against that of all flights, of the one version that answers."""
    (version,) = found.versions
    return next(part.bias for part in version.segments if (part.column, part.value) == ("origin", warehouse.AIRPORT))


def alarm_of(story: Story) -> Alarm:
    """Return the first alarm of quality after the world changed, as it opened."""
    found = (
        alarm for day, look in sorted(story.looks.items()) if day >= warehouse.CHANGED.isoformat()
        for alarm in look.alarms if alarm.check in QUALITY
    )  # fmt: skip
    return next(found)


def main() -> int:
    """Play the story, draw its picture, and say it in one sentence."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, _interrupt)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # what loses its parent becomes a child of this process
    try:
        with begin(_end_children) as story:
            play(story)
            picture = drift_picture.write(story, project.ROOT / "metrics" / "report" / "drift.svg")
            said = conclude(story)
    except KeyboardInterrupt:
        print("Stopped; nothing is left of it.", file=sys.stderr)
        return 128 + signal.SIGINT
    print(f"\n{said[:-1]}; the timeline is {picture.relative_to(Path.cwd())}.")
    return 0


def _reset(story: Story) -> None:
    """Bring the clone of the workflows to main."""
    story.robot.run("git", "fetch", "--quiet", "--tags", "--force", "origin")
    story.robot.run("git", "reset", "--quiet", "--hard", "origin/main")


def _name(alarm: Alarm) -> tuple[str, str]:
    return alarm.digest, alarm.check


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_children() -> None:
    """End whatever this process started, and what that started, orphans included."""
    while children := psutil.Process().children(recursive=True):
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(children, timeout=5)


if __name__ == "__main__":
    sys.exit(main())
