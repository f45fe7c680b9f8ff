"""Several servers with one rollout, under load, while the follower that decides is killed again and again."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.repository.git import ask, git
from tests.end_to_end.load import Load
from tests.end_to_end.whole_loop import POLICY, World, create
from tests.project import Project

LIMIT = 500.0
SERVERS = 3
KILLS = 40
"""More than a rollout has transitions, each with a kill before it is written to git and one after it."""
TOGETHER = {**POLICY, "together": {"silent": 60}, "follow": {"interval": 2.0, "jitter": 0.1}}
FOLLOWING = f"""
import os, pathlib, signal
from mainline.rollout.together import board
write = board.Board.write_record
mark = pathlib.Path(os.environ["KILLS"])
def kill(self, record, before, *more):
    progress = record.decided.progress
    step = [progress.step, progress.live is None, progress.measured > 0] if progress else []
    transition = f"{{record.decided.stable}} {{step}}"
    done = mark.read_text().splitlines() if mark.exists() else []
    if done.count(transition) < 2 and len(done) < {KILLS}:
        with mark.open("a") as file:
            file.write(transition + "\\n")
        if done.count(transition): write(self, record, before, *more)
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, record, before, *more)
board.Board.write_record = kill
from mainline.__main__ import main
main()
"""


class Server:
    """A server with its follower, each a process of its own; the follower is started again when it ends."""

    def __init__(self, world: World, number: int) -> None:
        self.place = world.folder / f"server-{number}"
        self.place.mkdir()
        self._world, self.kills = world, 0
        named = {"MAINLINE_SERVER": f"server-{number}", "KILLS": str(world.folder / "kills")}
        self._environment = world.project.environment(world.environment) | named
        self._log = (self.place / "log").open("a")
        settings = ["--settings", str(world.folder / "service.yaml")]
        command = [sys.executable, "-m", "mainline", "serve", "--routing", str(self.place / "routing.json"), *settings]
        self.process = subprocess.Popen(
            command, cwd=world.folder, stdout=subprocess.PIPE, stderr=self._log, text=True, env=self._environment
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.follower = self._follow()

    def _follow(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", FOLLOWING, "follow", str(self._world.folder / "origin.git")]
        return subprocess.Popen(
            [*command, "--state", str(self.place)], cwd=self._world.folder, stderr=self._log, env=self._environment
        )

    def keep(self) -> None:
        """Start the follower again where it ended."""
        code = self.follower.poll()
        if code is not None:
            self.kills += code == -signal.SIGKILL
            self.follower = self._follow()

    def serves(self, version: str) -> bool:
        """Whether every request has a version."""
        file = self.place / "status.json"
        found: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {"stable": None}
        stable = found["stable"] is not None and found["stable"]["version"] == version
        return stable and found["candidate"] is None and found["served"] == found["revision"]

    def end(self) -> None:
        """End both."""
        for process in (self.follower, self.process):
            process.kill()
            process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()


@contextlib.contextmanager
def servers(world: World) -> Iterator[list[Server]]:
    """Start several, and end them."""
    started: list[Server] = []
    try:
        started.extend(Server(world, number) for number in range(SERVERS))
        yield started
    finally:
        for server in started:
            server.end()


def wait(started: list[Server], reached: Callable[[], bool]) -> None:
    """Wait until something is so, and start followers again meanwhile."""
    end = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < end, [(server.place / "status.json").read_text()[:1500] for server in started]
        for server in started:
            server.keep()
        time.sleep(0.05)


def wait_for_all(started: list[Server], version: str) -> None:
    """Wait until every server gives every request to a version."""
    wait(started, lambda: all(server.serves(version) for server in started))


def told(world: World) -> list[tuple[str, str]]:
    """Return what others were told, as git has it."""
    there = ask("show", "deployments/production:events.jsonl", at=world.folder / "origin.git").splitlines()
    return [(json.loads(line)["event"], json.loads(line)["version"]) for line in there]


@pytest.mark.slow
def test_leader_killed_at_every_transition(small_project: Project, tmp_path: Path) -> None:
    """SIGKILL before and after each write of the record: no request fails, one verdict, and each step once."""
    world = create(tmp_path, small_project.twin(tmp_path / "project"), None, TOGETHER)
    world.release("Train a first model", model={"params": {"max_iter": 20}})
    rows = json.loads((world.project.path / "models/package/golden.json").read_text())["requests"]
    with servers(world) as started:
        wait_for_all(started, "v1.0.0")
        with contextlib.ExitStack() as loads:
            asked = [loads.enter_context(Load(one.port, world.keys[:2], rows, rate=20.0)) for one in started]
            world.release("Train longer", model={"params": {"max_iter": 40}})
            wait_for_all(started, "v1.1.0")
        wait(started, lambda: len(told(world)) > 1)
        assert told(world) == [("served", "v1.0.0"), ("served", "v1.1.0")]
        answers = [answer for load in asked for answer in load.answers]
        assert [answer for load in asked for answer in load.failed] == []
        history = json.loads((started[0].place / "state.json").read_text())["history"]
        taken = [one["detail"].split(":")[0] for one in history if one["what"] == "step" and one["version"] == "v1.1.0"]
        assert taken == [f"{number} of 7" for number in range(1, 8)]
        record = json.loads(
            git("cat-file", "blob", "refs/mainline/production/rollout/record", at=tmp_path / "origin.git")
        )
        kills = sum(server.kills for server in started)
        assert kills >= 10
        assert record["term"] > 5
        print(f"{kills} kills, {record['term']} terms, {len(answers):,} requests to {SERVERS} servers, 0 failed")
