"""A day of the loop in minutes: real git, real files, server and follower in one process, by a clock that is set.

`pytest -s -m slow engine/tests/mainline/rollout/test_soak.py` prints what was measured.
"""

import gc
import os
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest
import yaml

from mainline.declared import environments
from mainline.exchange.place import Place
from mainline.registry import events, records
from mainline.registry.records import Release
from mainline.rollout.clock import Clock
from mainline.rollout.driver import Driver
from mainline.rollout.follower import Follower
from mainline.rollout.records import Ref
from mainline.rollout.source import Source
from mainline.serving.answering import keys
from mainline.serving.service import Service

HOURS, TICK, LOOK = 24, 5, 900
"""Hours that pass, seconds between two ticks, and between two looks at git."""
WARM = 3
"""Hours after which everything that is loaded once has been."""
POLICY = {
    "strategy": "canary",
    "steps": [{"setWeight": 20}, {"pause": {"duration": "10m"}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}],
    "analysis": {"interval": 30, "count": 3, "metrics": [{"name": "error-rate", "limit": 0.05}]},
    "rollbackWindow": {"revisions": 0},
}
MIB = 2**20


class Repository:
    """An origin with a commit, a version and an environment, and a clone that pushes to it."""

    def __init__(self, folder: Path, packages: dict[Ref, Path]) -> None:
        self.origin, self.path, self.number = folder / "origin.git", folder / "work", 0
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin)], check=True)
        subprocess.run(["git", "clone", "--quiet", str(self.origin), str(self.path)], check=True, capture_output=True)
        self.git("config", "user.name", "Test")
        self.git("config", "user.email", "test@example.org")
        self.git("checkout", "--quiet", "-B", "main")
        (self.path / "deploy").mkdir()
        declared = {"promotion": {"after": None, "approval": "automatic", "signature": "optional"}, "rollout": POLICY}
        (self.path / "deploy/production.yaml").write_text(yaml.safe_dump(declared))
        for ref in packages:
            self.commit(f"Make {ref.version}")
            self.git("tag", "--annotate", f"model@{ref.version}", "--message", self.record(ref))
        self.git("push", "--quiet", "origin", "main", "--tags")

    def git(self, *arguments: str) -> None:
        """Run git in the clone."""
        subprocess.run(["git", *arguments], cwd=self.path, check=True, capture_output=True)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def record(self, ref: Ref) -> str:
        """Return what the tag of a version says."""
        made = Release(version=ref.version, digest=ref.digest, replaces=None, bump="first", reason="", verdict="pass",
                       headline="", metrics={}, window={}, runs=[], signature=None)  # fmt: skip
        return records.write([ref.version], made)

    def assign(self, ref: Ref) -> None:
        """Give production a version."""
        self.number += 1
        self.git("tag", "--annotate", f"model#production#{self.number}", f"model@{ref.version}^{{}}", "--message", "x")
        self.git("push", "--quiet", "origin", f"model#production#{self.number}")

    def force(self) -> None:
        """Put another history in the place of main."""
        self.git("commit", "--quiet", "--amend", "--allow-empty", "--message", f"Another main {self.number}")
        self.git("push", "--quiet", "--force", "origin", "main")


class Day:
    """A server and a follower, and the time that both go by."""

    def __init__(
        self, folder: Path, repository: Repository, packages: dict[Ref, Path], patch: pytest.MonkeyPatch
    ) -> None:
        self.now, self.place = 1_800_000_000.0, Place(folder / "state")
        (folder / "production.yaml").write_text(yaml.safe_dump({"service": {"keys": str(folder / "keys.yaml")}}))
        keys.make(folder / "keys.yaml", "client", "predict")
        settings = environments.load_server(folder / "production.yaml").service
        self.service = Service(settings, None, self.place.routing, followed=True)
        source = Source(str(repository.origin), "production", self.place)
        by_name = {ref.version: path for ref, path in packages.items()}
        patch.setattr(source, "_check", lambda *_: None)
        patch.setattr(
            source,
            "_download",
            lambda version, scratch, _: Path(shutil.copytree(by_name[version], scratch / "package")),
        )
        self.follower = Follower(source, self.place)
        self.follower.driver = Driver(self.place, "production", Clock(lambda: self.now, lambda: self.now))

    def tick(self) -> None:
        """Let the server answer some requests and speak, and the follower look at it."""
        self.now += TICK
        for number in range(20):
            if self.service.routing:
                model = self.service.choose()
                model.metrics.outcomes["ok"] += 1
                model.metrics.seconds.observe(0.001)
                model.metrics.predictions[number] += 1
        self.service.poll()
        self.follower.tick()


@pytest.mark.slow
def test_day_of_the_loop_leaves_no_memory_no_file_and_no_thread(
    packages: dict[Ref, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollout each hour, main replaced every sixth, events pushed all along: everything that is held stays flat."""
    first, second, _ = packages
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a loss of power is not played
    repository = Repository(tmp_path, packages)
    day = Day(tmp_path, repository, packages, monkeypatch)
    process, held = psutil.Process(), []
    for hour in range(HOURS):
        wanted = (first, second)[hour % 2]
        repository.assign(wanted)
        if hour % 6 == 5:
            repository.force()
        for second_of_hour in range(0, 3600, TICK):
            if second_of_hour % LOOK == 0:
                day.follower.look()
            day.tick()
        assert (day.follower.driver.state.stable, day.follower.driver.state.progress) == (wanted, None)
        assert day.follower.found.problem == ""
        gc.collect()
        held.append((process.memory_info().rss / MIB, process.num_fds(), process.num_threads()))
    day.follower.look()
    os.chdir(repository.path)
    repository.git("fetch", "--quiet", "origin")
    told = [event.version for event in events.read("production", repository.path).events if event.event == "served"]
    assert told == [(first, second)[hour % 2].version for hour in range(HOURS)]
    assert not day.follower.driver.state.outbox
    memory, files, threads = zip(*held[WARM:], strict=True)
    print(f"{HOURS} h, {HOURS * 3600 // TICK:,} ticks, {HOURS * 3600 // LOOK} looks, {HOURS} rollouts: "
          f"{memory[0]:.0f} to {memory[-1]:.0f} MiB (at most {max(memory):.0f}), files {min(files)} to {max(files)}, "
          f"threads {min(threads)} to {max(threads)}")  # fmt: skip
    assert max(memory) - memory[0] < 30
    assert max(files) == min(files)
    assert max(threads) == min(threads)
