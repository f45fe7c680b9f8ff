"""Many servers of one environment: what git and the store bear when each rolls out alone, and when one decides for all.

`python -P -m benchmarks.fleet`. Followers, rollout, election and git are the real ones, each server with a clone of its
own; the clock is simulated, and so are the servers' counts and the time that a package takes. Every server looks at its
own moments. With `alone` each ticks once in five seconds.
"""

import argparse
import contextlib
import heapq
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mainline.declared import rollout
from mainline.exchange.place import Place
from mainline.repository import git as programs
from mainline.repository.git import git
from mainline.rollout import driver as drivers
from mainline.rollout.clone import Clone
from mainline.rollout.records import Ref
from mainline.rollout.source import Found
from mainline.rollout.together import circle
from mainline.rollout.together.following import Pace
from tests.mainline.rollout.together.machines import Machine, Machines
from tests.mainline.rollout.worlds import ref

INTERVAL, JITTER, SPREAD, SILENT, TICK, FETCH = 30.0, 0.1, 120.0, 300.0, 5.0, 5.0
REST = 300.0
"""Seconds without a rollout in which requests are counted."""
POLICY = rollout.read(
    {
        "strategy": "canary",
        "steps": [{"setWeight": 10}, {"pause": {"duration": "2m"}}, {"setWeight": 50}, {"pause": {"duration": "2m"}}],
        "analysis": {"interval": 30, "minimumSamples": 200, "metrics": [{"name": "error-rate", "limit": 0.05}]},
        "follow": {"interval": INTERVAL, "jitter": JITTER},
        "together": {"silent": SILENT},
    }
)
REMOTE = ("fetch", "push", "ls-remote", "clone")


class Replica(Machine):
    """A server whose package takes its time: its moment within the spread, and seconds to fetch."""

    def __init__(self, world: Machines, number: int, dice: random.Random) -> None:
        self.dice, self.due, self.fetched = dice, dict[str, float](), 0
        super().__init__(world, number)

    def bring(self, wanted: Ref) -> str:
        """Have the package once its time has come; the first version at once."""
        if wanted.digest not in self.due:
            spread = self.dice.uniform(0, SPREAD) if wanted != ref(1) else 0.0
            self.due[wanted.digest] = self.world.now + spread + (FETCH if wanted != ref(1) else 0.0)
            self.fetched += 1
        if self.world.now < self.due[wanted.digest]:
            return "the package is not here yet"
        return super().bring(wanted)

    def look_whole(self, begins: bool) -> bool:
        """Find what git assigns; a package that is still under way is not a problem."""
        together = super().look_whole(begins)
        self.found = replace(self.found, problem="")
        return together

    def go_on(self) -> None:
        """Bring what was found; that it is still under way is not a problem."""
        super().go_on()
        self.found = replace(self.found, problem="")

    def look_once(self, alone: bool) -> float:
        """Look at git; return the seconds until the next look."""
        if alone:
            self.look_whole(begins=True)
            self.tick(alone)
        else:
            os.chdir(self.place.clone)
            self.speak()
            self.circle.turn(Pace(INTERVAL, SILENT))
            self.tick(alone)
        until = self.due.get(self.world.wanted.digest, 0.0) - self.world.now
        usual = INTERVAL * (1 + JITTER * self.dice.uniform(-1, 1))
        return min(usual, until + 0.1) if until > 0 else usual

    def tick(self, alone: bool) -> bool:
        """Act on what is known; say whether the server took other routes."""
        before = self.circle.tally.said().revision
        self.driver.tick(self.found, {"problem": ""}, alone=alone)
        self.speak()
        if alone:
            self.driver.tick(self.found, {"problem": ""}, alone=alone)
        return self.circle.tally.said().revision != before


def simulate(folder: Path, number: int, alone: bool, per_look: int) -> dict[str, float]:
    """Serve a version, rest, and roll another one out; return what it took."""
    dice = random.Random(7)  # noqa: S311 - repeatable, not secret
    world = Machines(folder, 0)
    world.policy = (
        POLICY if not alone else replace(POLICY, declared=POLICY.declared.model_copy(update={"together": None}))
    )
    world.all = [Replica(world, one, dice) for one in range(number)]
    for machine in world.all:
        machine.found = Found(0.0)
        machine.rate = 5
    queue = [(world.now + dice.uniform(0, INTERVAL), one, "look") for one in range(number)]
    queue += [(world.now + dice.uniform(0, TICK), one, "tick") for one in range(number)] if alone else []
    heapq.heapify(queue)

    def run(until: float, wanted: Ref | None = None) -> None:
        while queue and queue[0][0] <= until:
            moment, one, what = heapq.heappop(queue)
            world.now = max(world.now, moment)
            machine: Any = world.all[one]
            if what == "tick":
                machine.tick(alone)
                heapq.heappush(queue, (world.now + TICK, one, what))
            else:
                heapq.heappush(queue, (world.now + machine.look_once(alone), one, what))
            if wanted and all(each.state.stable == wanted and not each.state.progress for each in world.all):
                return
        world.now = max(world.now, until)

    run(world.now + 4 * INTERVAL, ref(1))
    run(world.now + SILENT)
    result = {}
    with counting() as asked:
        looks = sum(machine.looks for machine in world.all)
        run(world.now + REST)
        result["rest"] = _remote(asked, world, looks, per_look) / (REST / 60)
    began, world.wanted = world.now, ref(2)
    with counting() as asked:
        looks = sum(machine.looks for machine in world.all)
        run(world.now + 3600, ref(2))
        result["rollout"] = _remote(asked, world, looks, per_look) / ((world.now - began) / 60)
    result["seconds"] = world.now - began
    result["verdicts"] = len({(e[0], e[2]) for e in world.events if e[2] == ref(2).version}) if not alone else number
    result["fetches"] = sum(machine.fetched for machine in world.all if isinstance(machine, Replica)) - number
    assert {machine.state.stable for machine in world.all} == {ref(2)}, "not all serve the new version"
    return result


def _remote(asked: Counter[str], world: Machines, looks: int, per_look: int) -> int:
    """Count what was really asked of the origin, and for each whole look what one of a real follower asks."""
    whole = sum(machine.looks for machine in world.all) - looks
    return sum(asked[name] for name in REMOTE) + per_look * whole


@contextlib.contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count the commands of git by name."""
    asked: Counter[str] = Counter()
    run = programs._run

    def counted(arguments: tuple[str, ...], *more: Any) -> Any:
        asked[arguments[0]] += 1
        return run(arguments, *more)

    programs._run = counted  # type: ignore[assignment]
    try:
        yield asked
    finally:
        programs._run = run


def ask_once(folder: Path) -> int:
    """Return how often a real follower's look asks the origin, if nothing changed there."""
    origin = folder / "repository.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(origin), at=folder)
    tree = git("mktree", at=origin, given="").strip()
    identity = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    commit = git("commit-tree", tree, "-m", "Start", at=origin, environment=identity).strip()
    git("update-ref", "refs/heads/main", commit, at=origin)
    clone = Clone(str(origin), Place(folder / "looking"))
    assert clone.fetch() == ""
    with counting() as asked:
        assert clone.fetch() == ""
    return sum(asked[name] for name in REMOTE)


def measure(number: int, alone: bool) -> dict[str, float]:
    """Simulate so many servers in a folder of their own; each package that is there counts as sound."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder, contextlib.ExitStack() as stack:
        stack.callback(os.chdir, here)
        for module in (circle, drivers):
            stack.enter_context(patch.object(module, "is_sound", lambda package, _digest: package.is_dir()))
        return simulate(Path(folder), number, alone, ask_once(Path(folder)))


def main() -> None:
    """Simulate both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--machines", type=int, default=20, help="that they run on, for the cache")
    chosen = parser.parse_args()
    results = [measure(chosen.servers, alone) for alone in (True, False)]
    rows = [
        ("requests to git a minute, at rest", *(f"{one['rest']:.0f}" for one in results)),
        ("requests to git a minute, within a rollout", *(f"{one['rollout']:.0f}" for one in results)),
        ("verdicts", *(f"{one['verdicts']:.0f}" for one in results)),
        ("seconds until all serve the new version alone", *(f"{one['seconds']:.0f}" for one in results)),
        ("packages from the store", *(f"{one['fetches']:.0f}" for one in results)),
        ("the same with `packages.cache`", *(f"{min(chosen.machines, one['fetches']):.0f}" for one in results)),
    ]
    print(f"| {chosen.servers} servers | each alone | together |\n|---|---:|---:|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


if __name__ == "__main__":
    main()
