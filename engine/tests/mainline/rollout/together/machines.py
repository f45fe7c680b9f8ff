"""Several servers of an environment, each with a clone, a folder and clocks of its own, before one origin."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from mainline.declared import rollout
from mainline.declared.rollout import Policy
from mainline.exchange.place import Place
from mainline.repository.git import git
from mainline.rollout.clock import Clock
from mainline.rollout.driver import Driver
from mainline.rollout.records import Ref, State
from mainline.rollout.source import Found
from mainline.rollout.together.board import Board, Notices
from mainline.rollout.together.circle import Circle
from mainline.rollout.together.following import Pace
from tests.mainline.rollout.worlds import ref

INTERVAL, SILENT = 10.0, 60.0
PACE = Pace(INTERVAL, SILENT)


def policy(*steps: dict[str, Any], **analysis: Any) -> Policy:
    """A canary of 50 % for 30 seconds, measured every 10, with one rollout for all servers."""
    section = {
        "strategy": "canary",
        "steps": list(steps) or [{"setWeight": 50}, {"pause": {"duration": 30}}],
        "analysis": {"interval": 10.0, "minimumSamples": 100, "metrics": [{"name": "error-rate", "limit": 0.1}]}
        | analysis,
        "progressDeadlineSeconds": 120,
        "follow": {"interval": INTERVAL},
        "together": {"silent": SILENT},
    }
    return rollout.read(section)


def counters(requests: int, failed: int = 0) -> dict[str, Any]:
    """What a server counted of a version."""
    return {
        "instance": "1", "requests": requests, "failed": failed, "invalid": 0, "mirrored": 0,
        "seconds": {"inf": requests}, "predictions": {}, "pairs": {"number": 0, "sum": 0.0, "squares": 0.0},
    }  # fmt: skip


class Machine:
    """One server with its follower; its clock on the wall is as wrong as its number says."""

    def __init__(self, world: "Machines", number: int) -> None:
        self.world, self.number = world, number
        self.place = Place(world.path / f"machine-{number}")
        self.place.make()
        git("clone", "--quiet", str(world.origin), str(self.place.clone), at=world.path)
        self.clock = Clock(lambda: 1e9 + 1e6 * number + world.now, lambda: world.now)
        self.found = Found(0.0)
        self.looks, self.told = 0, list[tuple[str, str]]()
        self.away = self.broken = False
        self.problem, self.pace = "", PACE
        self.process, self.rate, self.failing = 1, 100, dict[str, float]()
        self.counted: dict[str, Any] = {}
        self.pairs = counters(0)["pairs"]
        self.start()

    def start(self) -> None:
        """Begin, as a follower that was started again."""
        self.driver = Driver(self.place, "production", self.clock)
        self.circle = Circle(self.driver, self)
        self.circle.name = f"pod-{self.number}"

    def look_whole(self, begins: bool) -> bool:  # noqa: ARG002 - the first version is brought as any other
        """Find what the world says git assigns."""
        self.looks += 1
        wanted = self.world.wanted
        self.found = Found(0.0, "c0ffee", wanted, policy=self.world.policy, signed=False)
        problem = self.bring(wanted)
        self.found = replace(self.found, verified=not problem, problem=problem)
        return self.world.is_together

    def go_on(self) -> None:
        """Bring what was found, without a look."""
        problem = self.bring(self.world.wanted)
        self.found = replace(self.found, verified=not problem, problem=problem)

    def bring(self, wanted: Ref) -> str:
        """Have a package, or not."""
        if self.broken and wanted != ref(1):
            return "storage is away"
        self.place.package(wanted.digest).mkdir(parents=True, exist_ok=True)
        return ""

    def tell(self, told: State) -> None:
        """Tell others, and remember it."""
        self.world.events += [(self.circle.name, event.kind, event.version) for event in told.outbox]
        self.driver.delivered |= frozenset(event.id for event in told.outbox)

    def turn(self) -> None:
        """Let the server speak and the follower look once."""
        os.chdir(self.place.clone)
        self.speak()
        self.problem = self.circle.turn(self.pace)
        self.driver.tick(self.found, {"problem": ""}, alone=False)
        self.speak()

    def speak(self) -> None:
        """Serve what the routing file says, and count."""
        if self.away or not self.place.routing.exists():
            self.circle.tally.hear(None)
            return
        routes = json.loads(self.place.routing.read_text())
        for route in routes["routes"]:
            before = self.counted.get(route["version"], counters(0))["requests"]
            number = before + self.rate
            failed = int(number * self.failing.get(route["version"], 0.0))
            self.counted[route["version"]] = counters(number, failed) | {
                "instance": str(self.process), "pairs": self.pairs,
            }  # fmt: skip
        said = {"process": str(self.process), "revision": routes["revision"], "versions": self.counted}
        self.place.served.write_text(json.dumps(said))
        os.utime(self.place.served, ns=(0, int(self.clock.wall() * 1e9) + self.looks))
        self.circle.hear()

    @property
    def state(self) -> State:
        """What its follower acts on."""
        return self.driver.state

    @property
    def leads(self) -> bool:
        """Whether it decides."""
        return self.circle.lease.leads


class Machines:
    """The servers, their origin, and the time that passes for all of them."""

    def __init__(self, path: Path, number: int) -> None:
        self.path, self.origin, self.now = path, path / "origin.git", 1000.0
        git("init", "--quiet", "--bare", str(self.origin), at=path)
        self.wanted, self.policy, self.is_together = ref(1), policy(), True
        self.events: list[tuple[str, str, str]] = []
        self.all = [Machine(self, one) for one in range(number)]

    def pass_by(self, turns: int = 1, but: tuple[Machine, ...] = ()) -> None:
        """Let every server look so many times, except for some that do nothing."""
        for _ in range(turns):
            self.now += INTERVAL
            for machine in self.all:
                if machine not in but:
                    machine.turn()
            assert sum(machine.leads for machine in self.all) <= 1, "two decide at once"

    def leader(self) -> Machine:
        """Return the one that decides."""
        return next(machine for machine in self.all if machine.leads)

    def others(self) -> list[Machine]:
        """Return those that do not."""
        return [machine for machine in self.all if not machine.leads]

    def serve(self, number: int) -> None:
        """Serve a version as the stable one, on every machine."""
        self.wanted = ref(number)
        self.pass_by(4)
        assert {machine.state.stable for machine in self.all} == {ref(number)}

    def board(self) -> Notices:
        """Read what hangs in git."""
        os.chdir(self.all[0].place.clone)
        return Board("production").read(with_reports=True)
