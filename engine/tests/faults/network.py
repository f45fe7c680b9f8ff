"""A network that breaks between client and store: a command ends right or says in a line that it did not."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults import audit
from tests.faults.kills import SCENARIOS, Scenario
from tests.faults.world import World
from tests.faulty_proxy import KINDS, Fault, FaultyProxy, Kind

PATIENCE = 1  # seconds that a client waits for an answer
HARMLESS: tuple[Kind, ...] = ("delay", "throttle")
"""What only takes time: with these, a command must succeed however often they come."""

UPWARD: tuple[Kind, ...] = ("flip sent",)
"""What happens on the way to the store, where a pull sends nothing that could be hit."""

_SCENARIOS = {scenario.name: scenario for scenario in SCENARIOS if scenario.name in ("push", "pull")}


@dataclass
class Outcome:
    """What a command did under one fault; `passing` hits twice and is over, otherwise it stays until the end."""

    command: str
    kind: Kind
    passing: bool
    injected: int = 0
    succeeded: bool = False
    problems: list[str] = field(default_factory=list)


def campaign(
    world: World, kinds: tuple[Kind, ...] = KINDS, commands: tuple[str, ...] = ("push", "pull"), lasting: bool = True
) -> Iterator[Outcome]:
    """Run commands under each kind of fault, passing and, where it is asked for, lasting; yield what each did."""
    port = int(world.store.endpoint.rpartition(":")[2])
    with FaultyProxy(port) as proxy:
        for kind in kinds:
            for name in commands:
                if kind in UPWARD and name == "pull":
                    continue
                for passing in (True, False) if lasting else (True,):
                    yield _try(world, proxy, _SCENARIOS[name], Outcome(name, kind, passing))
    world.configure(world.store.endpoint, 20)


def _try(world: World, proxy: FaultyProxy, scenario: Scenario, outcome: Outcome) -> Outcome:
    world.configure(world.store.endpoint, 20)
    scenario.prepare(world)
    before = audit.look(world)
    world.configure(proxy.endpoint, PATIENCE)
    times, skip = (2, 3) if outcome.passing else (None, 0)
    proxy.fault = Fault(outcome.kind, times, skip, after=256, seconds=0.02)
    finished = world.run(scenario.command, succeed=None)
    outcome.injected, proxy.fault = proxy.injected, None
    outcome.succeeded = finished.returncode == 0
    now = audit.look(world)
    outcome.problems.extend(f"{name} is lost" for name in now.lost_since(before))
    outcome.problems.extend(f"{name} is wrong" for name in now.wrong)
    if outcome.injected == 0:
        outcome.problems.append("nothing was hit")
    if outcome.succeeded:
        outcome.problems.extend(scenario.check(world, now))
    else:
        outcome.problems.extend(_complain(finished.stderr))
    if not outcome.succeeded and outcome.kind in HARMLESS:
        outcome.problems.append(f"failed although everything arrived: {finished.stderr[-300:]}")
    _again(world, scenario, outcome)
    return outcome


def _complain(said: str) -> Iterator[str]:
    """Say what is wrong with how a failure was told."""
    lines = said.strip().splitlines()
    if not lines or not lines[-1].startswith("mainline: ") or "Traceback" in said:
        yield f"the failure is not told in a line: {said[-300:]}"


def _again(world: World, scenario: Scenario, outcome: Outcome) -> None:
    """Run the same command on a sound network: it must end right."""
    finished = world.run(scenario.command, succeed=None)
    if finished.returncode != 0:
        outcome.problems.append(f"failed on a sound network: {finished.stderr[-300:]}")
    now = audit.look(world)
    outcome.problems.extend(scenario.check(world, now))
    outcome.problems.extend(f"{name} is wrong at the end" for name in now.wrong)
