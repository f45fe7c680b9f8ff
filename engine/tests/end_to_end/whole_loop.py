"""The whole loop on one machine, under continuous load: release, follow, a better model, a bad one, the way back.

`make demo` runs it. A copy of this repository on a window of three months, a bare repository as its origin, a real S3
server (a folder where `weed` is not installed), and a service that follows the origin.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mainline.serving.answering import keys
from tests import object_store, project
from tests.end_to_end import figures, timeline
from tests.end_to_end.load import Load
from tests.project import Project

LIMIT = 150.0  # seconds until something that should happen counts as never
POLICY: Mapping[str, Any] = {
    "strategy": "canary",
    "steps": [
        {"setMirror": 100}, {"pause": {"duration": 3}}, {"setMirror": 0},
        {"setWeight": 20}, {"pause": {"duration": 4}}, {"setWeight": 50}, {"pause": {"duration": 4}},
    ],
    "analysis": {
        "interval": 1.0, "count": 2, "minimumSamples": 50,
        "metrics": [
            {"name": "error-rate", "limit": 0.1},
            {"name": "invalid-outputs", "limit": 0.1},
            {"name": "latency", "limit": 0.3, "threshold": 0.5},
            {"name": "prediction-drift", "limit": 0.5},
        ],
    },
    "follow": {"interval": 2.0, "jitter": 0.1},
}  # fmt: skip
DIFFERENCE = {"name": "prediction-difference", "limit": 6.0}
"""Minutes that a candidate may be away from stable on the same requests; only the mirroring steps can tell.

The better model is 2 minutes away, the bad one 11.
"""
LOOSE: Mapping[str, Any] = {
    "margin": 1.0, "sudden_drop": 1.0, "slow_decay": {"versions": 5, "limit": 1.0}, "baseline_ratio": 99.0,
    "suspicious_gain": 1.0, "max_bias": 999.0, "slices": {"relative_to_whole": 99.0, "relative_to_production": 1.0},
    "skew": {"limit": 99.0, "ignore": []},
}  # fmt: skip
"""A gate that lets anything pass: what analysis is for."""


@dataclass
class World:
    """A repository with origin and store, and what serves from it."""

    project: Project
    folder: Path
    environment: dict[str, str]
    moments: list[tuple[float, str]] = field(default_factory=list)
    port: int = 0
    keys: list[str] = field(default_factory=list)
    program: tuple[str, ...] = ("-m", "mainline")
    """What of Python is the service."""
    origin: str = ""
    """The repository that the service follows; `origin.git` in the folder without it."""

    def say(self, what: str) -> float:
        """Note a moment."""
        now = time.time()
        self.moments.append((now, what))
        print(f"  {now - self.moments[0][0]:6.1f} s  {what}", flush=True)
        return now

    def run(self, *command: str) -> str:
        """Run a command in the repository."""
        return self.project.run(*command, env=self.environment).stdout

    def release(self, message: str, **sections: Any) -> float:
        """Change parameters, run the pipeline, merge and promote; return when it was on the origin's main."""
        self.project.declare(**sections)
        self.run("python", "-m", "mainline", "repro")
        self.project.commit(message)
        return self.promote()

    def revert(self) -> float:
        """Revert the newest commit of main, and promote; return when it was on the origin's main."""
        self.run("git", "revert", "--no-edit", "HEAD")
        return self.promote()

    def promote(self) -> float:
        """Push main and promote it; return when main was there."""
        self.run("git", "push", "--quiet", "origin", "main")
        landed = time.time()
        self.run("python", "-m", "mainline", "promote")
        return landed

    @property
    def state(self) -> Path:
        """The follower's folder."""
        return self.folder / "follower"

    def status(self) -> dict[str, Any]:
        """Return what the follower says; nothing before it said anything."""
        try:
            return json.loads((self.state / "status.json").read_bytes())
        except FileNotFoundError:
            return {"stable": None, "candidate": None, "history": [], "quarantined": []}

    def stable(self) -> str:
        """Return the version that serves as stable."""
        return (self.status()["stable"] or {"version": ""})["version"]

    def is_live(self, version: str) -> bool:
        """Whether the server has taken a version in."""
        served = self.state / "served.json"
        return served.exists() and version in json.loads(served.read_bytes())["versions"]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        until = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < until, f"{what}: never; {json.dumps(self.status())[:3000]}\n{self.log()}"
            time.sleep(0.05)

    def log(self) -> str:
        """Return the end of the service's log."""
        return (self.folder / "service.log").read_text()[-3000:]

    @contextlib.contextmanager
    def service(self, *options: str) -> Iterator["subprocess.Popen[str]"]:
        """Run server and follower; end both."""
        command = [
            sys.executable, *self.program, "serve", "--follow", self.origin or str(self.folder / "origin.git"),
            "--environment", "production", "--state", str(self.state), "--settings", str(self.folder / "service.yaml"),
            *options,
        ]  # fmt: skip
        with (self.folder / "service.log").open("a") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True,
                env=self.project.environment(self.environment),
            )  # fmt: skip
        try:
            assert process.stdout is not None
            self.port = int(process.stdout.readline().rsplit(":", 1)[1])
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def create(folder: Path, made: Project, store: object_store.ObjectStore | None, policy: Mapping[str, Any]) -> World:
    """Give a repository whose pipeline has run an origin, a store, a policy, and keys for clients."""
    environment = {"DVC_SITE_CACHE_DIR": str(folder / "site"), **(store.environment if store else {})}
    world = World(made, folder, environment)
    made.give_origin(str(folder / "origin.git"))
    if store:
        world.run("python", "-m", "mainline", "remote", store.url(folder.name), "--endpoint", store.endpoint)
    else:
        world.run("python", "-m", "mainline", "remote", str(folder / "storage"))
    world.run("python", "-m", "mainline", "signing-key")
    declare(made, policy)
    held = folder / "keys.yaml"
    world.keys = [keys.make(held, f"client-{number}", "predict") for number in range(4)]
    section = {"port": 0, "keys": str(held), "open_rollout": True}
    (folder / "service.yaml").write_text(yaml.safe_dump({"service": section}))
    return world


def declare(made: Project, policy: Mapping[str, Any]) -> None:
    """Write the rollout of production; only signed packages may serve there."""
    file = made.path / "deploy" / "production.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["rollout"] = dict(policy)
    declared["promotion"]["signature"] = "required"
    file.write_text(yaml.safe_dump(declared, sort_keys=False))


def mirrored(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy that mirrors throughout, so that pairs can be compared in every step."""
    steps = [step for step in policy["steps"] if step != {"setMirror": 0}]
    found = {**policy, "steps": steps, "analysis": dict(policy["analysis"])}
    found["analysis"]["metrics"] = [*policy["analysis"]["metrics"], DIFFERENCE]
    return found


@dataclass(frozen=True)
class Result:
    """What the loop came to, in seconds and requests."""

    promoted: float
    aborted: float
    rolled_back: float
    failed: int
    world: World
    load: Load


def play(world: World) -> Result:
    """Play the whole loop under load, and return its figures."""
    world.say("start: the model has been trained, nothing is released")
    world.release("Train a first model", model={"params": {"max_iter": 30}})
    world.say("v1.0.0 is released: gate, store, signature, tags")
    with world.service():
        world.wait(lambda: world.stable() == "v1.0.0", "the first version serves")
        world.say("v1.0.0 serves, fetched from the store and verified")
        rows = json.loads((world.project.path / "models/package/golden.json").read_text())["requests"]
        world.wait(lambda: world.is_live("v1.0.0"), "the server is ready")
        with Load(world.port, world.keys, rows, rate=30.0) as load:
            return _under_load(world, load)


def _under_load(world: World, load: Load) -> Result:
    params = yaml.safe_load((world.project.path / "params.yaml").read_text())
    began = world.release("Train longer", model={"params": {**params["model"]["params"], "max_iter": 80}})
    world.say("a better model is merged and released as v1.1.0")
    world.wait(lambda: world.stable() == "v1.1.0", "the better model serves everything")
    promoted = world.say("v1.1.0 has all traffic, step by step") - began
    bad = {"params": {**params["model"]["params"], "max_iter": 30, "loss": "quantile", "quantile": 0.85}}
    began = world.release("Loosen the gate, and a model that predicts late arrivals", model=bad, gate=LOOSE)
    world.say("a bad model passes a loosened gate: v1.2.0 is released")
    world.wait(lambda: bool(world.status()["quarantined"]), "analysis aborts the bad model")
    aborted = world.say(f"aborted: {world.status()['quarantined'][-1]['reason']}") - began
    world.wait(lambda: "rollback/v1.1.0" in world.run("git", "ls-remote", "origin"), "the revert is prepared")
    world.say("branch rollback/v1.1.0 is pushed, for people to review")
    world.revert()
    world.say("git revert of the bad model: main and production agree again")
    world.run("git", "revert", "--no-edit", "HEAD~2")
    landed = world.promote()
    world.wait(lambda: world.stable() == "v1.0.0", "the revert of the better model brings v1.0.0 back")
    time.sleep(2)  # the load goes on, so that a late answer of the former version would be seen
    back = load.last("v1.1.0") - landed
    world.say(f"git revert of v1.1.0 too: its last answer came {back:.1f} s after the revert was on main")
    return Result(promoted, aborted, back, len(load.failed), world, load)


@contextlib.contextmanager
def demo() -> Iterator[World]:
    """Make a world on the shipped use case with a real S3 server."""
    from tests.conftest import _small

    folder = Path(tempfile.mkdtemp(prefix="mainline-demo-"))
    with contextlib.ExitStack() as ends:
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        store = ends.enter_context(object_store.serve()) if shutil.which("weed") else None
        print(f"Store: {'S3 at ' + store.endpoint if store else 'a folder; `weed` is not installed'}")
        made = _small(folder / "project")
        yield create(folder, made, store, mirrored(POLICY))


def main() -> int:
    """Play the loop and print its timeline."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with demo() as world:
        result = play(world)
        delivery = world.run("python", "-m", "mainline", "delivery")
        pictures = timeline.draw(result.load, world.moments, project.ROOT / "metrics" / "report")
        print(timeline.write(result.load, world.status(), world.moments))
        print(figures.write(result.load, world.folder / "service.log", world.status()))
        print(delivery)
        print("Pictures of it: " + ", ".join(str(file.relative_to(project.ROOT)) for file in pictures))
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
