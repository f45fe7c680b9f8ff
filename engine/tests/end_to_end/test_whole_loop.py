"""The whole loop, and what happens when its parts are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end import timeline
from tests.end_to_end.load import Load
from tests.end_to_end.whole_loop import POLICY, World, create, demo, play
from tests.mainline.serving.running import wait_for, words
from tests.project import Project


@pytest.fixture(scope="module")
def released(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two versions are released; production has the first."""
    folder = tmp_path_factory.mktemp("loop")
    world = create(folder, small_project.twin(folder / "project"), None, POLICY)
    world.release("Train a first model", model={"params": {"max_iter": 20}})
    world.release("Train longer", model={"params": {"max_iter": 40}})
    world.run("git", "revert", "--no-edit", "HEAD")
    world.promote()
    return world


@pytest.fixture
def world(released: World, tmp_path: Path) -> World:
    """The same, with a follower's folder of its own."""
    made = World(released.project, tmp_path, released.environment, keys=released.keys)
    for name in ("origin.git", "service.yaml", "keys.yaml"):
        (tmp_path / name).symlink_to(released.folder / name)
    assigned(made, "v1.0.0")
    return made


def assigned(world: World, version: str) -> None:
    """Let git assign a version: by a return to it on main, where it has another."""
    if f"model#production#{_newest(world)}" and _has(world) != version:
        world.run("git", "revert", "--no-edit", "HEAD")
        world.promote()
    assert _has(world) == version


def _newest(world: World) -> int:
    tags = world.run("git", "tag", "--list", "model#production#*").split()
    return max(int(tag.rsplit("#", 1)[1]) for tag in tags)


def _has(world: World) -> str:
    points = world.run("git", "tag", "--points-at", f"model#production#{_newest(world)}^{{}}", "--list", "model@*")
    return points.strip().removeprefix("model@")


def rows(world: World) -> list[dict[str, Any]]:
    """The golden requests."""
    return json.loads((world.project.path / "models/package/golden.json").read_text())["requests"]


def follower(process: "subprocess.Popen[str]") -> psutil.Process:
    """The follower beside a server: it runs below the server's keeper, which starts it again."""
    found: list[psutil.Process] = []

    def look() -> bool:
        below = psutil.Process(process.pid).children(recursive=True)
        found.extend(child for child in below if "follow" in words(child))
        return bool(found)

    wait_for(look)
    return found[0]


@pytest.mark.slow
def test_whole_loop() -> None:
    """Release, canary to everything, abort of a bad model, two reverts: no request fails, no bad answer is given."""
    with demo() as world:
        result = play(world)
        print(timeline.write(result.load, world.status(), world.moments))
        assert result.failed == 0
        assert set(result.load.counts()) == {"v1.0.0", "v1.1.0"}
        reported = world.run(
            "git", "-C", str(world.folder / "origin.git"), "show", "deployments/production:events.jsonl"
        )
        told = [(json.loads(line)["event"], json.loads(line)["version"]) for line in reported.splitlines()]
    assert told[:3] == [("served", "v1.0.0"), ("served", "v1.1.0"), ("aborted", "v1.2.0")]
    assert ("rolled back", "v1.1.0") in told


@pytest.mark.slow
def test_killed_at_every_transition_the_follower_ends_right(world: World) -> None:
    """SIGKILL right after, and right before, each write of the state: no step is skipped, none is taken twice."""
    load, kills = _roll_out_with_kills(world)
    assert load.failed == []
    history = [entry for entry in reversed(world.status()["history"]) if entry["version"] == "v1.1.0"]
    taken = [entry["detail"].split(":")[0] for entry in history if entry["what"] == "step"]
    assert taken == [f"{number} of 7" for number in range(1, 8)]
    assert kills >= 10
    print(f"{kills} kills, {len(load.answers):,} requests, 0 failed")


KILLING = """
import os, signal
from mainline.rollout import state
write = state.write
def kill(place, after):
    mark = place.folder / "kills"
    done = int(mark.read_text()) if mark.exists() else 0
    if done % 2: write(place, after)
    if done < 60:
        mark.write_text(str(done + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    write(place, after)
state.write = kill
from mainline.__main__ import main
main()
"""


def _roll_out_with_kills(world: World) -> tuple[Load, int]:
    """Roll v1.1.0 out with a follower that is killed around each write of its state, and started again."""
    state = world.folder / "follower"
    state.mkdir()
    settings = ["--settings", str(world.folder / "service.yaml")]
    environment = world.project.environment(world.environment)
    serve = [sys.executable, "-m", "mainline", "serve", "--routing", str(state / "routing.json"), *settings]
    follow = [sys.executable, "-c", KILLING, "follow", str(world.folder / "origin.git"), "--state", str(state)]
    kills, load = 0, None
    with (world.folder / "service.log").open("w") as log:
        server = subprocess.Popen(
            serve, cwd=world.folder, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
        try:
            assert server.stdout is not None
            world.port = int(server.stdout.readline().rsplit(":", 1)[1])
            child = subprocess.Popen(follow, cwd=world.folder, stderr=log, env=environment)
            try:
                end = time.monotonic() + 400
                while not (kills and world.stable() == "v1.1.0"):
                    assert time.monotonic() < end, (kills, world.status(), world.log())
                    if child.poll() is not None:
                        kills += child.returncode == -signal.SIGKILL
                        child = subprocess.Popen(follow, cwd=world.folder, stderr=log, env=environment)
                    if load is None and world.is_live("v1.0.0"):
                        assigned(world, "v1.1.0")
                        load = Load(world.port, world.keys, rows(world), rate=30.0)
                        load.__enter__()
                    time.sleep(0.05)
            finally:
                if load:
                    load.__exit__()
                child.kill()
                child.wait()
        finally:
            server.kill()
            server.wait()
            assert server.stdout is not None
            server.stdout.close()
    assert load is not None
    return load, kills


@pytest.mark.slow
def test_killed_at_random_follower_and_server_end_right(world: World) -> None:
    """Clients notice no kill of the follower; a killed server serves again from its disk, without a network."""
    with world.service() as process:
        world.wait(lambda: world.stable() == "v1.0.0", "the first version serves")
        world.wait(lambda: world.is_live("v1.0.0"), "the server has taken it in")
        with Load(world.port, world.keys, rows(world), rate=30.0) as load:
            assigned(world, "v1.1.0")
            for _ in range(6):
                time.sleep(1.7)
                os.kill(follower(process).pid, signal.SIGKILL)
            world.wait(lambda: world.stable() == "v1.1.0", "the rollout ends in spite of kills")
        assert load.failed == []
        assert set(load.counts()) <= {"v1.0.0", "v1.1.0"}
        beside = follower(process)
        process.kill()
        process.wait()
        beside.wait(30)
    (world.folder / "origin.git").unlink()
    with world.service(), Load(world.port, world.keys, rows(world), rate=30.0) as load:
        world.wait(lambda: load.counts()["v1.1.0"] > 50, "the server answers without a network")
        world.wait(lambda: "git is away" in world.status()["source"]["problem"], "the reason is said")
    assert load.failed == []
