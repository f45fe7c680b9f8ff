"""SIGKILL at a random moment: nothing is lost, wrong or half, and the same command run again ends right."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.faults import audit
from tests.faults.audit import ENVIRONMENTS, State
from tests.faults.world import World

Prepare = Callable[[World], None]
Check = Callable[[World, State], list[str]]


@dataclass
class Tally:
    """What was seen of one command; each entry names what is wrong after which kill."""

    command: str
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    without_artifacts: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    not_right: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.wrong, *self.without_artifacts, *self.half, *self.not_right]


@dataclass(frozen=True)
class Scenario:
    """A command, what the world is like before it, and how its end is told to be right."""

    name: str
    command: str
    prepare: Prepare
    check: Check


def campaign(world: World, scenario: Scenario, kills: int, seed: int, length: float = 0.0) -> Iterator[Tally]:
    """Kill the command so many times at random moments of its run; yield the tally after each.

    A run that ended before its kill is not a kill, and is repeated.

    Args:
        world: where; it is brought into the state that the scenario begins with.
        scenario: the command.
        kills: how many.
        seed: of the moments.
        length: about how many seconds a run takes; 0 to measure one.
    """
    seeded = random.Random(f"{scenario.name} {seed}")  # noqa: S311 - repeatable, not secret
    tally = Tally(scenario.name)
    length = length or _measure(world, scenario)
    while tally.kills < kills:
        scenario.prepare(world)
        before = audit.look(world)
        moment = seeded.uniform(0.15, 1.0) * length
        if world.kill(scenario.command, after=moment):
            tally.kills += 1
            _judge(world, scenario, before, tally, f"{scenario.name}, killed after {moment:.2f} s")
            yield tally
        else:
            length *= 0.97  # the machine is less busy than it was


def _measure(world: World, scenario: Scenario) -> float:
    """Return how many seconds an undisturbed run takes."""
    scenario.prepare(world)
    started = time.monotonic()
    world.run(scenario.command)
    return time.monotonic() - started


def prepare(name: str, world: World) -> None:
    """Bring the world into the state before a scenario's command."""
    next(scenario for scenario in SCENARIOS if scenario.name == name).prepare(world)


def _judge(world: World, scenario: Scenario, before: State, tally: Tally, where: str) -> None:
    """Look at everything after the kill; then run the same command to its end and look again."""
    _note(world, tally, before, audit.look(world), f"{where}: at once")
    finished = world.run(scenario.command, succeed=None)
    after = audit.look(world)
    _note(world, tally, before, after, f"{where}: after the second run")
    if finished.returncode != 0:
        tally.not_right.append(f"{where}: the second run says {finished.stderr.strip()[-300:]}")
    tally.not_right.extend(f"{where}: {problem}" for problem in scenario.check(world, after))


def _note(world: World, tally: Tally, before: State, now: State, where: str) -> None:
    tally.lost.extend(f"{where}: {name} is lost" for name in now.lost_since(before))
    tally.wrong.extend(f"{where}: {name} is wrong" for name in now.wrong)
    tally.without_artifacts.extend(f"{where}: {tag} lacks artifacts" for tag in audit.without_artifacts(world, now))
    tally.half.extend(f"{where}: {tag} is half a version" for tag in audit.half_versions(now))


def _stand_at(world: World, branch: str) -> None:
    """Put the project, and `main` here and at the origin, at a commit, with its results."""
    world.git("switch", "--quiet", "--discard-changes", "--force-create", "main", branch)
    if audit.workspace(world):
        world.project.run("dvc", "checkout", "--quiet", "--force")
    world.git("push", "--quiet", "--force", "origin", "main")


def _empty_store(world: World) -> None:
    world.store.remove(*world.store.keys(f"{world.prefix}/"))


def forget_versions(world: World, keep: tuple[str, ...] = ()) -> None:
    """Take tags of the registry back, here and at the origin."""
    gone = [tag for tag in audit.look(world).tags if tag not in keep]
    if gone:
        world.git("push", "--quiet", "origin", "--delete", *gone)
    ours = [tag for tag in world.git("tag").split() if tag not in keep]
    if ours:
        world.git("tag", "--delete", *ours)


def _before_push(world: World) -> None:
    _stand_at(world, "first")
    forget_versions(world)
    _empty_store(world)


def _after_push(world: World, now: State) -> list[str]:
    missing = now.here.keys() - now.there.keys()
    needed = {name for name in missing if name in of_workspace(world, now)}
    return [f"{name} did not arrive" for name in sorted(needed)]


def of_workspace(world: World, now: State) -> set[str]:
    """Name the objects of the commit in the workspace."""
    return set(audit.needed(world, world.git("rev-parse", "HEAD").strip(), now))


def _before_pull(world: World) -> None:
    _stand_at(world, "first")
    if not of_workspace(world, now := audit.look(world)) <= now.there.keys():
        world.run("push")
    world.forget(".dvc/cache", "data", "models")
    world.git("checkout", "--", "data", "models")


def _after_pull(world: World, now: State) -> list[str]:
    absent = [f"{name} was not fetched" for name in sorted(of_workspace(world, now) - now.here.keys())]
    return absent + [f"{path} is not what dvc.lock says" for path in audit.workspace(world)]


def _before_repro(world: World) -> None:
    """Ask for the second model from the first one's results, with nothing to take it from."""
    _stand_at(world, "first")
    world.forget(".dvc/cache/runs")
    world.git("checkout", "second", "--", "params.yaml")


def _after_repro(world: World, _: State) -> list[str]:
    expected, made = world.git("show", "second:dvc.lock"), (world.project.path / "dvc.lock").read_text()
    problems = [] if made == expected else ["dvc.lock is not that of an undisturbed run"]
    return problems + [f"{path} is not what dvc.lock says" for path in audit.workspace(world)]


def _before_release(world: World) -> None:
    """The first model is released, the second is merged; the store has the first one's objects only."""
    if not set(FIRST) <= audit.look(world).tags.keys():
        _before_push(world)
        world.run("promote")
    forget_versions(world, FIRST)
    _stand_at(world, "second")
    now = audit.look(world)
    kept = set(audit.needed(world, world.git("rev-parse", "first").strip(), now))
    world.store.remove(*(key for key in world.store.keys(f"{world.prefix}/") if audit.name_of(key) not in kept))


def _before_return(world: World) -> None:
    """Both models are released, and the merge of the second is reverted."""
    both = (*FIRST, *SECOND)
    if not set(both) <= audit.look(world).tags.keys():
        _before_release(world)
        world.run("promote")
    forget_versions(world, both)
    if "reverted" not in world.git("branch", "--format=%(refname:short)").split():
        _stand_at(world, "second")
        world.git("revert", "--no-edit", "HEAD")
        world.git("branch", "reverted")
    _stand_at(world, "reverted")


def _released(version: str, number: int) -> tuple[str, ...]:
    return (f"model@{version}", *(f"model#{name}#{number}" for name in ENVIRONMENTS))


def _tags_are(branch: str, *expected: tuple[str, ...]) -> Check:
    """Check that the registry has exactly these tags, and that the last ones stand at a branch's commit."""

    def check(world: World, now: State) -> list[str]:
        problems = [] if now.tags.keys() == {*sum(expected, ())} else [f"the registry has {sorted(now.tags)}"]
        commit = world.git("rev-parse", branch).strip()
        return problems + [f"{tag} is not at {branch}" for tag in expected[-1] if now.tags.get(tag) != commit]

    return check


FIRST, SECOND = _released("v1.0.0", 1), _released("v1.1.0", 2)
BACK = tuple(f"model#{name}#3" for name in ENVIRONMENTS)

SCENARIOS = (
    Scenario("push", "push", _before_push, _after_push),
    Scenario("pull", "pull", _before_pull, _after_pull),
    Scenario("repro", "repro", _before_repro, _after_repro),
    Scenario("promote, first", "promote", _before_push, _tags_are("first", FIRST)),
    Scenario("promote, next", "promote", _before_release, _tags_are("second", FIRST, SECOND)),
    Scenario("promote, revert", "promote", _before_return, _tags_are("first", FIRST, SECOND, BACK)),
)
