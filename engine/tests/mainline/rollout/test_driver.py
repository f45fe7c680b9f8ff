"""What the driver makes of time, of files that somebody removed, and of whatever stands in those that it reads."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainline.declared import rollout
from mainline.errors import MainlineError
from mainline.exchange import routes, server_report
from mainline.exchange.place import Place, StateError
from mainline.rollout import state, status
from mainline.rollout.clock import Clock
from mainline.rollout.driver import Driver
from mainline.rollout.source import Found
from mainline.serving.endpoints import rollout_page
from tests.mainline.rollout.worlds import canary, ref

POLICY = canary({"setWeight": 10}, {"pause": {"duration": 3600}}, metrics=[])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Times:
    """Clocks that a test sets: on the wall, and one that only goes on."""

    def __init__(self) -> None:
        self.wall = self.steady = 1_800_000_000.0

    def pass_by(self, seconds: float) -> None:
        """Let time go by."""
        self.wall += seconds
        self.steady += seconds

    def clock(self) -> Clock:
        """Return what a process reads."""
        return Clock(lambda: self.wall, lambda: self.steady)


class Rollout:
    """Version 1 serves, version 2 is on trial, and the server takes what it is asked."""

    def __init__(self, place: Place) -> None:
        self.place, self.times, self.answers = place, Times(), 0
        self.wanted = ref(1)
        self.start()
        self.tick()
        self.wanted = ref(2)
        self.tick()
        self.tick()
        assert self.step() == 1

    def start(self) -> None:
        """Begin, as a follower that was started again."""
        self.driver = Driver(self.place, "production", self.times.clock())

    def tick(self, seconds: float = 0.0) -> None:
        """Let time go by, the server speak, and the driver look."""
        self.times.pass_by(seconds)
        self.place.folder.mkdir(exist_ok=True)
        self.answers += 1
        said = {"process": "1", "revision": self.driver.state.revision, "versions": {}, "number": self.answers}
        self.place.served.write_text(json.dumps(said))
        os.utime(self.place.served, ns=(0, int(self.times.wall * 1e9) + self.answers))
        self.driver.tick(Found(0.0, wanted=self.wanted, verified=True, policy=POLICY), {"problem": ""})

    def step(self) -> int | None:
        """Return the step that the rollout is at; None without one."""
        return self.driver.state.progress.step if self.driver.state.progress else None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path / "follower")


@pytest.mark.parametrize("jump", [-40 * 365 * 86_400.0, -7200.0, 7200.0, 86_400.0 * 365])
@pytest.mark.parametrize("restarted", [False, True])
def test_clock_that_jumps_ends_no_wait_and_makes_none_longer(place: Place, jump: float, restarted: bool) -> None:
    """Forth, back, or from 1970 to today, within a process or between two: an hour's pause takes its hour."""
    rollout = Rollout(place)
    for _ in range(5):
        rollout.tick(600.0)
    rollout.times.wall += jump
    if restarted:
        rollout.start()
    rollout.tick(1.0)
    assert rollout.step() == 1
    rollout.tick(540.0)
    assert rollout.step() == 1
    rollout.tick(70.0)
    rollout.tick()
    assert (rollout.driver.state.stable, rollout.step()) == (ref(2), None)
    assert abs(rollout.driver.state.history[-1].time - rollout.times.wall) < 1.0, "told by the clock as it is now"


def test_clock_that_jumps_aborts_nobody(place: Place) -> None:
    """The deadline of a step that waits for the server is counted by time that went by."""
    rollout = Rollout(place)
    rollout.wanted = ref(3)
    rollout.driver.tick(Found(0.0, wanted=ref(3), verified=True, policy=POLICY), {"problem": ""})
    rollout.times.wall += 7200.0
    rollout.place.served.write_text(json.dumps({"process": "1", "revision": 0, "versions": {}}))
    rollout.driver.tick(Found(0.0, wanted=ref(3), verified=True, policy=POLICY), {"problem": ""})
    assert rollout.driver.state.quarantined == ()


def test_time_without_a_follower_does_not_count(place: Place) -> None:
    """Killed again and again, a pause still ends after the time that it was watched, and not before."""
    rollout = Rollout(place)
    for _ in range(11):
        rollout.tick(300.0)
        rollout.times.pass_by(5000.0)
        rollout.start()
        rollout.tick()
        assert rollout.step() == 1
    rollout.tick(301.0)
    rollout.tick()
    assert rollout.driver.state.stable == ref(2)


def test_removed_folder_comes_back(place: Place) -> None:
    """State, routes and status are written once more, and the rollout goes on where it was."""
    rollout = Rollout(place)
    before = place.routing.read_bytes()
    shutil.rmtree(place.folder)
    rollout.tick()
    assert place.routing.read_bytes() == before
    assert state.read(place) == rollout.driver.state
    assert status.read(place.folder)["phase"] == "progressing"


def check_line(error: MainlineError) -> None:
    """Hold a refusal to one line."""
    assert "\n" not in str(error)


def _changed(draw: Any, found: Any) -> Any:
    """Put something else at a random place of a document."""
    if isinstance(found, Mapping) and found and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(found)))
        return {**found, name: _changed(draw, found[name])}
    if isinstance(found, list) and found and draw(st.integers(0, 4)):
        number = draw(st.integers(0, len(found) - 1))
        return [*found[:number], _changed(draw, found[number]), *found[number + 1 :]]
    return draw(JSON)


@st.composite
def documents(draw: Any, sound: Any) -> bytes:
    """Return a document with something else in it, cut off, or bytes that are not a document."""
    kind = draw(st.sampled_from(["changed", "changed", "cut", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=30))
    text = json.dumps(_changed(draw, sound) if kind == "changed" else sound).encode()
    return text[: draw(st.integers(0, len(text)))] if kind == "cut" else text


COUNTERS = {
    "instance": "1", "requests": 900, "failed": 3, "invalid": 1, "mirrored": 0,
    "seconds": {"0.0005": 1, "0.05": 890, "inf": 9}, "predictions": {"-3": 4, "17": 896},
    "pairs": {"number": 2, "sum": 0.5, "squares": 0.2},
}  # fmt: skip
MEASURED = rollout.read(
    {"strategy": "canary", "steps": [{"setWeight": 10}, {"pause": {"duration": 60}}],
     "analysis": {"interval": 1, "minimumSamples": 1, "metrics": [{"name": name, "limit": 0.1} for name in (
         "error-rate", "invalid-outputs", "latency", "prediction-difference", "prediction-drift")]}}
)  # fmt: skip


def measured(place: Place) -> tuple[Driver, Times, Any]:
    """Return a driver in the middle of a measured step, and what the server says."""
    times = Times()
    driver = Driver(place, "production", times.clock())
    for number in (1, 2):
        driver.tick(Found(0.0, wanted=ref(number), verified=True, policy=MEASURED), {"problem": ""})
    said = {"process": "1", "revision": driver.state.revision, "versions": {"v1.1.0": COUNTERS, "v1.2.0": COUNTERS}}
    place.served.write_text(json.dumps(said))
    os.utime(place.served, (times.wall, times.wall))
    driver.tick(Found(0.0, wanted=ref(2), verified=True, policy=MEASURED), {"problem": ""})
    assert driver.state.progress is not None
    assert driver.state.progress.live is not None
    return driver, times, said


@FEW
@given(data=st.data())
def test_whatever_the_server_says_the_driver_goes_on(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is not counters says nothing; no number of a client's, and no file, stops the follower."""
    place = Place(tmp_path_factory.mktemp("fuzz"))
    driver, times, said = measured(place)
    place.served.write_bytes(data.draw(documents(said)))
    times.pass_by(2.0)
    driver.tick(Found(0.0, wanted=ref(2), verified=True, policy=MEASURED), {"problem": ""})
    assert status.read(place.folder)["phase"] in ("progressing", "stable")
    status.render(status.read(place.folder), times.wall)


@FEW
@given(data=st.data())
def test_whatever_is_in_the_state_it_is_used_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A state is read whole, or refused in one line; what is read never stops the follower later."""
    place = Place(tmp_path_factory.mktemp("fuzz"))
    _, times, said = measured(place)
    sound = json.loads(place.state.read_text())
    place.state.write_bytes(data.draw(documents(sound)))
    try:
        driver = Driver(place, "production", times.clock())
    except StateError as error:
        check_line(error)
        return
    for seconds in (0.0, 2.0, 90.0):
        times.pass_by(seconds)
        place.served.write_text(json.dumps(said | {"revision": driver.state.revision, "at": seconds}))
        driver.tick(Found(0.0, wanted=ref(2), verified=True, policy=MEASURED), {"problem": ""})


@FEW
@given(data=st.data())
def test_whatever_is_in_the_status_it_is_shown_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The command prints the document or one line; a follower that goes on from it does not trip."""
    place = Place(tmp_path_factory.mktemp("fuzz"))
    _, times, _ = measured(place)
    place.status.write_bytes(data.draw(documents(json.loads(place.status.read_text()))))
    try:
        found = status.read(place.folder)
        status.render(found, times.wall)
        rollout_page.render(found, times.wall)
    except MainlineError as error:
        check_line(error)
    Driver(place, "production", times.clock())


@FEW
@given(data=st.data())
def test_whatever_is_in_the_routes_they_are_read_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The server reads a routing file whole, or refuses it in one line."""
    place = Place(tmp_path_factory.mktemp("fuzz"))
    measured(place)
    place.routing.write_bytes(data.draw(documents(json.loads(place.routing.read_text()))))
    try:
        routes.read(place.routing)
    except MainlineError as error:
        check_line(error)


def test_counters_that_shrank_are_not_compared(place: Place) -> None:
    """Fewer than the step began with is not a measurement, whoever wrote it."""
    driver, times, said = measured(place)
    fewer = {**COUNTERS, "requests": 5, "failed": 4, "invalid": 0}
    place.served.write_text(json.dumps(said | {"versions": {"v1.1.0": COUNTERS, "v1.2.0": fewer}}))
    times.pass_by(2.0)
    driver.tick(Found(0.0, wanted=ref(2), verified=True, policy=MEASURED), {"problem": ""})
    assert driver.judgement is None
    assert driver.state.progress is not None
    overflowed = json.dumps(said).replace('"squares": 0.2', '"squares": Infinity').encode()
    live = server_report.parse(overflowed)
    assert live is not None, "the server is there all the same"
    assert live["versions"]["v1.1.0"]["pairs"] == {"number": 0, "sum": 0.0, "squares": 0.0}
    assert server_report.parse(b'{"process": "", "revision": 1, "versions": {}}') is None
