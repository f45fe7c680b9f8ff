"""The rollout with a real server under load: no request fails, and every answer is of a version that was live."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mainline.declared import rollout
from mainline.exchange.place import Place
from mainline.rollout.driver import Driver
from mainline.rollout.records import Ref
from mainline.rollout.source import Found
from tests.end_to_end.load import Load
from tests.mainline.serving.running import Running, running, wait_for
from tests.project import LIMIT

POLICY = rollout.read(
    {
        "strategy": "canary",
        "steps": [
            {"setMirror": 100}, {"pause": {"duration": 0.5}}, {"setMirror": 0},
            {"setWeight": 30}, {"pause": {"duration": 1}},
        ],
        "analysis": {
            "interval": 0.3, "minimumSamples": 20,
            "metrics": [{"name": "error-rate", "limit": 0.4}, {"name": "prediction-drift", "limit": 0.5}],
        },
    }
)  # fmt: skip


class Rollout:
    """A driver that a thread ticks, with what git wants set by the test."""

    def __init__(self, place: Place, server: Running) -> None:
        self.driver, self.server, self.place = Driver(place, "production"), server, place
        self.found = Found(0.0)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.keep_ticking)

    def keep_ticking(self) -> None:
        """Tick until the end."""
        while not self.ended.wait(0.05):
            self.driver.tick(self.found, {"problem": ""})

    def want(self, ref: Ref) -> None:
        """Let git assign a version whose package is here."""
        self.found = Found(0.0, wanted=ref, verified=True, policy=POLICY)

    def serves(self, ref: Ref) -> bool:
        """Whether the server gives every request to a version."""
        said = json.loads(self.place.served.read_bytes()) if self.place.served.exists() else {}
        alone = self.driver.state.stable == ref and self.driver.state.progress is None
        return alone and said.get("revision") == self.driver.state.revision


@pytest.fixture
def rows(packages: dict[Ref, Path]) -> list[dict[str, Any]]:
    """The golden requests."""
    return json.loads((next(iter(packages.values())) / "golden.json").read_text())["requests"]


@contextmanager
def rolling_out(place: Place, tmp_path: Path, workers: int = 1) -> Iterator[Rollout]:
    """A server that follows the driver's routing file."""
    with running(tmp_path / "server", None, "--routing", str(place.routing), workers=workers) as server:
        made = Rollout(place, server)
        made.thread.start()
        try:
            yield made
        finally:
            made.ended.set()
            made.thread.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_from_the_first_step_to_the_last(
    place: Place, packages: dict[Ref, Path], rows: list[dict[str, Any]], tmp_path: Path, workers: int
) -> None:
    """Mirror, 30 %, everything, and back at once: all are answered, each by a version that was live, in proportion."""
    first, second, far = packages
    with rolling_out(place, tmp_path, workers) as world:
        world.want(first)
        wait_for(lambda: world.serves(first))
        with Load(world.server.port, [world.server.key] * 2, rows, rate=60.0) as load:
            world.want(second)
            wait_for(lambda: world.serves(second))
            world.want(far)
            wait_for(lambda: bool(world.driver.state.quarantined) and world.serves(second))
            back = time.time()
            world.want(first)
            wait_for(lambda: world.serves(first))
            wait_for(lambda: load.counts(since=back)[first.version] > 20)
    assert load.failed == []
    assert set(load.counts()) == {first.version, second.version}
    assert "prediction-drift" in world.driver.state.quarantined[0].reason
    steps = {entry.detail: entry.time for entry in world.driver.state.history if entry.version == second.version}
    began, ended = steps["5 of 5: pause 1 s"], steps["every step passed"]
    counts = load.counts(since=began + 0.1, until=ended - 0.1)
    total = sum(counts.values())
    assert abs(counts[second.version] - 0.3 * total) <= 3.29 * (0.21 * total) ** 0.5 + 1


def test_damaged_package_of_stable_is_replaced_by_the_one_before(place: Place, packages: dict[Ref, Path]) -> None:
    """Started on a machine where stable's package was damaged, and without a network, a good former one serves."""
    first, second, _ = packages
    driver = Driver(place, "production")
    for ref in (first, second):
        driver.tick(Found(0.0, wanted=ref, verified=True, policy=rollout.read({"steps": []})), {"problem": ""})
        live = {"process": "1", "revision": driver.state.revision, "versions": {}}
        place.served.write_text(json.dumps(live))
        driver.tick(Found(0.0, wanted=ref, verified=True, policy=rollout.read({"steps": []})), {"problem": ""})
    assert driver.state.stable == second
    (place.package(second.digest) / "model_card.md").write_text("changed")
    Driver(place, "production")
    assert json.loads(place.routing.read_text())["routes"][0]["version"] == first.version


@pytest.mark.parametrize("damaged", ["package", "routes"])
def test_server_starts_where_its_follower_has_something_to_mend(
    place: Place, packages: dict[Ref, Path], tmp_path: Path, damaged: str
) -> None:
    """Where nothing can be loaded, server and follower start, and serve once what was damaged is well again."""
    first = next(iter(packages))
    Driver(place, "production").tick(Found(0.0, wanted=first, verified=True), {"problem": ""})
    card = place.package(first.digest) / "model_card.md"
    sealed = card.read_bytes()
    if damaged == "package":
        card.write_text("changed")
    else:
        place.routing.write_text("{")
    with running(tmp_path / "server", None, "--follow", str(tmp_path / "away"), "--state", str(place.folder)) as server:
        try:
            if damaged == "package":
                assert server.ask("/readyz")[0] == 503
                card.write_bytes(sealed)
            wait_for(lambda: server.ask("/readyz")[0] == 200)
        finally:
            server.stop()


def test_silent_server_is_not_believed(place: Place, packages: dict[Ref, Path]) -> None:
    """What a server said long ago does not count: the step waits."""
    first, second, _ = packages
    driver = Driver(place, "production")
    for ref in (first, second):
        driver.tick(Found(0.0, wanted=ref, verified=True, policy=POLICY), {"problem": ""})
    said = {"process": "1", "revision": driver.state.revision, "versions": {}}
    place.served.write_text(json.dumps(said))
    os.utime(place.served, (1.0, 1.0))
    driver.tick(Found(0.0, wanted=second, verified=True, policy=POLICY), {"problem": ""})
    assert driver.state.progress is not None
    assert driver.state.progress.live is None
    os.utime(place.served)
    driver.tick(Found(0.0, wanted=second, verified=True, policy=POLICY), {"problem": ""})
    assert driver.state.progress.live is not None


def test_golden_requests_are_asked_here(place: Place, packages: dict[Ref, Path]) -> None:
    """Without traffic the candidate's golden requests decide: as sealed they pass, far from stable they fail."""
    first, second, far = packages
    section = {"interval": 1, "goldenRequests": True, "metrics": [{"name": "prediction-difference", "limit": 5.0}]}
    steps = [{"setWeight": 10}, {"pause": {"duration": 0}}]
    declared = rollout.read({"strategy": "canary", "steps": steps, "analysis": section})
    driver = Driver(place, "production")
    end = time.monotonic() + LIMIT
    for ref in (first, second, far):
        while driver.state.stable != ref and not driver.state.quarantined:
            assert time.monotonic() < end, "the rollout did not end"
            driver.tick(Found(0.0, wanted=ref, verified=True, policy=declared), {"problem": ""})
            live = {"process": "1", "revision": driver.state.revision, "versions": {}}
            place.served.write_text(json.dumps(live))
    assert driver.state.stable == second
    assert "golden requests: mean difference 100" in driver.state.quarantined[0].reason
