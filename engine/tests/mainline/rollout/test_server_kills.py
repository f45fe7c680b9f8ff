"""A server that is killed at random moments of rollouts, under load, and started again as its supervisor would."""

import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from mainline.declared import rollout
from mainline.exchange.place import Place
from mainline.rollout import machine, state
from mainline.rollout.driver import Driver
from mainline.rollout.records import Progress, Ref, State
from mainline.rollout.source import Found
from tests.end_to_end.load import Answer, Load
from tests.mainline.serving.running import Running, free_port, running, wait_for
from tests.project import ROOT, SEARCH_PATH

KILLS = 40
STEPS: list[dict[str, Any]] = [
    {"setMirror": 100}, {"pause": {"duration": 0.5}}, {"setMirror": 0},
    {"setWeight": 30}, {"pause": {"duration": 1}}, {"setWeight": 70}, {"pause": {"duration": 1}},
]  # fmt: skip
ANALYSIS = {
    "interval": 0.3,
    "count": 2,
    "minimumSamples": 20,
    "metrics": [{"name": "error-rate", "limit": 0.4}, {"name": "prediction-drift", "limit": 0.5}],
}
POLICY = rollout.read(
    {"strategy": "canary", "steps": STEPS, "analysis": ANALYSIS, "rollbackWindow": {"revisions": 0}}
)  # fmt: skip
LIMIT = 240.0


@dataclass
class Supervised:
    """A server that is started again after each kill, on the same port."""

    server: Running
    random: random.Random
    down: list[tuple[float, float]] = field(default_factory=list)
    """From when to when it was away."""

    def kill(self) -> None:
        """Kill it and start it anew; it answers when this returns."""
        began = time.time()
        command = cast("list[str]", self.server.process.args)
        self.server.process.kill()
        self.server.process.wait()
        assert self.server.process.stdout is not None
        self.server.process.stdout.close()
        with (self.server.directory / "errors").open("a") as errors:
            self.server.process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True,
                env=os.environ | {"PYTHONPATH": SEARCH_PATH},
            )  # fmt: skip
        assert self.server.process.stdout is not None
        assert self.server.process.stdout.readline().startswith("Serving")
        self.down.append((began, time.time()))


@contextmanager
def driven(driver: Driver, found: list[Found]) -> Iterator[None]:
    """Tick a driver beside the test, with what git wants last in the list."""
    ended = threading.Event()

    def keep_ticking() -> None:
        while not ended.wait(0.05):
            driver.tick(found[-1], {"problem": ""})

    thread = threading.Thread(target=keep_ticking)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.slow
def test_server_killed_at_random_moments_of_rollouts(
    place: Place, packages: dict[Ref, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rollout ends with all traffic on the new version, every step once and in order, measured from its start.

    Requests fail only while no server is there, by a connection that is refused or cut.
    """
    first, second, _ = packages
    rows = json.loads((packages[first] / "golden.json").read_text())["requests"]
    written: list[State] = []
    write = state.write
    monkeypatch.setattr(state, "write", lambda place, after: (write(place, after), written.append(after)))
    driver = Driver(place, "production")
    found = [Found(0.0, wanted=first, verified=True, policy=POLICY)]
    options = ("--routing", str(place.routing))
    rollouts = 0
    with (
        running(tmp_path / "server", None, *options, port=free_port()) as server,
        driven(driver, found),
    ):
        wait_for(lambda: driver.state.stable == first and _serves(place, driver))
        killed = Supervised(server, random.Random(2013))  # noqa: S311 - repeatable, not secret
        try:
            with Load(server.port, [server.key] * 2, rows, rate=60.0) as load:
                while len(killed.down) < KILLS:
                    wanted = second if driver.state.stable == first else first
                    found.append(Found(0.0, wanted=wanted, verified=True, policy=POLICY))
                    wait_for(lambda: driver.state.progress is not None)
                    rollouts += 1
                    _roll_out_with_kills(driver, killed)
                    assert (driver.state.stable, driver.state.quarantined) == (wanted, ())
        finally:
            server.process.kill()
            server.process.communicate()
    _check_steps(written, rollouts)
    lost = [answer for answer in load.failed if not _was_away(answer, killed.down)]
    assert lost == []
    assert {answer.status for answer in load.answers} == {0, 200}
    assert set(load.counts()) == {first.version, second.version}
    away = sum(up - down for down, up in killed.down)
    failed = f"{len(load.failed)} of {len(load.answers):,} requests failed"
    print(f"{len(killed.down)} kills in {rollouts} rollouts; {failed}, all within {away:.0f} s without a server")


def _roll_out_with_kills(driver: Driver, killed: Supervised) -> None:
    """Kill until the rollout is over; but not so often in one step that the candidate counts as the reason."""
    end = time.monotonic() + LIMIT
    while driver.state.progress is not None:
        assert time.monotonic() < end, "the rollout never ended"
        moment = time.monotonic() + killed.random.uniform(0.02, 2.0)
        while driver.state.progress is not None and time.monotonic() < moment:
            time.sleep(0.01)
        progress = driver.state.progress
        if progress is not None and progress.restarts < machine.RESTARTS:
            before = _process(driver.place)
            killed.kill()
            wait_for(partial(_is_another, driver.place, before))
            wait_for(lambda: driver.state.progress is None or driver.state.progress.process == _process(driver.place))


def _is_another(place: Place, before: str) -> bool:
    return _process(place) != before


def _process(place: Place) -> str:
    """Return which server said last what it serves."""
    return str(json.loads(place.served.read_bytes())["process"])


def _serves(place: Place, driver: Driver) -> bool:
    return place.served.exists() and json.loads(place.served.read_bytes())["revision"] == driver.state.revision


def _check_steps(written: Sequence[State], rollouts: int) -> None:
    """Hold what was written to the rules: steps in order, each measured often enough by one process from 0 on."""
    entered = 0
    for before, after in pairwise(written):
        if before.progress is None or after.progress is None:
            continue
        old, new = before.progress, after.progress
        assert new.step - old.step in (0, 1)
        if new.step == old.step and new.process != old.process and old.process:
            assert (new.measured, new.failures, new.baseline, new.live) == (0, 0, {}, None)
        elif new.step == old.step:
            assert new.measured - old.measured in (0, 1)
        else:
            entered += 1
            assert new.measured == 0
            assert _may_end(old), old
    assert entered == rollouts * len(STEPS)


def _may_end(progress: Progress) -> bool:
    """Whether a step was served, and measured as often as declared where the candidate got requests."""
    pauses = "pause" in STEPS[progress.step] and (progress.weight or progress.mirror)
    return progress.live is not None and (not pauses or progress.measured >= 2)


def _was_away(answer: Answer, down: Sequence[tuple[float, float]]) -> bool:
    ended = answer.sent + answer.seconds
    return answer.status == 0 and any(answer.sent <= up and ended >= began for began, up in down)
