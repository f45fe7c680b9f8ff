"""Several servers with one rollout, each with a follower that runs a program of the test in place of its own."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from mainline.repository.git import ask
from tests.end_to_end.whole_loop import World

LIMIT = 500.0
SERVERS = 3


class Server:
    """A server with its follower, each a process of its own; the follower is started again when it ends."""

    def __init__(self, world: World, number: int, program: str) -> None:
        self.place = world.folder / f"server-{number}"
        self.place.mkdir()
        self._world, self._program, self.kills = world, program, 0
        named = {"MAINLINE_SERVER": f"server-{number}", "MARKS": str(world.folder / "marks")}
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
        command = [sys.executable, "-c", self._program, "follow", str(self._world.folder / "origin.git")]
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
def servers(world: World, program: str) -> Iterator[list[Server]]:
    """Start several, whose followers run a program, and end them."""
    started: list[Server] = []
    try:
        started.extend(Server(world, number, program) for number in range(SERVERS))
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


def record(world: World) -> Any:
    """Return what the leader wrote last; None before any did."""
    found = ask("cat-file", "blob", "refs/mainline/production/rollout/record", at=world.folder / "origin.git")
    return json.loads(found) if found else None


def steps_taken(server: Server, version: str) -> list[str]:
    """Return the numbers of the steps that a version took, as a server remembers them."""
    history = json.loads((server.place / "state.json").read_text())["history"]
    return [one["detail"].split(":")[0] for one in history if one["what"] == "step" and one["version"] == version]
