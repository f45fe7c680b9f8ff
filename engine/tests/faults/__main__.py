"""`python -m tests.faults`: the long form of these tests, with its figures as tables; exits with 1 on any problem."""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests import object_store, project
from tests.faults import flips, kills, network, world
from tests.faults.kills import Tally
from tests.faults.world import World

KILLS = {
    "push": 20, "pull": 20, "repro": 16, "promote, first": 14, "promote, next": 18, "promote, revert": 16,
}  # fmt: skip
"""How often each command is killed."""

FLIPS = 16
"""How many objects have a bit flipped in each place, half of them listings of folders as far as there are so many."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for, print their figures, and return the number of the exit."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them where none is named")
    parser.add_argument("--seed", type=int, default=2013, help="of the moments of kills and of the bits that flip")
    parser.add_argument("--share", type=float, default=1.0, help="of the kills, such as 0.1 for a quick look")
    parser.add_argument(
        "--only", default="", metavar="COMMAND", help="kill only commands that begin so, such as promote"
    )
    chosen = parser.parse_args(arguments)
    problems: list[str] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended too
    with _world() as made:
        for name in chosen.parts or PARTS:
            problems += PARTS[name](made, chosen)
    for problem in problems:
        print(f"PROBLEM: {problem}")
    print(f"\n{len(problems)} problems" if problems else "\nNothing was lost, silently wrong or half.")
    return 1 if problems else 0


@contextlib.contextmanager
def _world() -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mainline-faults-")))
        say("a git server, an S3 server, and a small project with two models")
        store = stack.enter_context(object_store.serve())
        address = stack.enter_context(world.serve_git(folder))
        yield world.make(folder / "world", project.other(folder / "other" / "project"), store, address)


def _kill(made: World, chosen: argparse.Namespace) -> list[str]:
    rows: list[list[Any]] = []
    problems: list[str] = []
    for scenario in (scenario for scenario in kills.SCENARIOS if scenario.name.startswith(chosen.only)):
        wanted, started = max(1, round(KILLS[scenario.name] * chosen.share)), time.monotonic()
        tally = Tally(scenario.name)
        try:
            for tally in kills.campaign(made, scenario, wanted, chosen.seed):
                say(f"{scenario.name}: kill {tally.kills} of {wanted}, {len(tally.problems)} problems")
        except AssertionError as error:  # what a kill left behind stops a command that was to be undisturbed
            tally.not_right.append(f"{scenario.name}: stopped: {error}")
        found = (tally.lost, tally.wrong, tally.without_artifacts, tally.half, tally.not_right)
        rows.append([f"`{scenario.name}`", tally.kills, *map(len, found), f"{time.monotonic() - started:.0f} s"])
        problems += tally.problems
    sums = [sum(int(row[column]) for row in rows) for column in range(1, 7)]
    header = ["killed", "kills", "objects lost", "wrong", "tags without artifacts", "half versions", "not right after"]
    table("SIGKILL of the whole process group at random moments", [*header, "took"], [*rows, ["all", *sums, ""]])
    return problems


def _break_network(made: World, _: argparse.Namespace) -> list[str]:
    rows: list[list[Any]] = []
    problems: list[str] = []
    for outcome in network.campaign(made):
        lasts, ended = "twice" if outcome.passing else "always", "done" if outcome.succeeded else "refused"
        say(f"{outcome.command}, {outcome.kind} {lasts}: {ended}, {len(outcome.problems)} problems")
        rows.append([outcome.kind, lasts, f"`{outcome.command}`", outcome.injected, ended, len(outcome.problems)])
        problems += [f"{outcome.command}, {outcome.kind} {lasts}: {problem}" for problem in outcome.problems]
    table("A network that breaks", ["fault", "how often", "command", "hits", "ended", "problems"], rows)
    return problems


def _flip(made: World, chosen: argparse.Namespace) -> list[str]:
    rows: list[list[Any]] = []
    problems: list[str] = []
    for name, campaign in flips.CAMPAIGNS.items():
        flipped = caught = 0
        for problem in campaign(made, chosen.seed, FLIPS):
            flipped, caught = flipped + 1, caught + (not problem)
            problems += [f"{name}: {problem}"] if problem else []
            say(f"{name}: {caught} of {flipped}")
        rows.append([name, flipped, caught])
    table("One flipped bit at a time", ["where and when", "flipped", "detected"], rows)
    return problems


PARTS = {"kills": _kill, "network": _break_network, "flips": _flip}


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table as Markdown, as `engine/docs/storage.md` keeps it."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    print(f"\n{title}\n", *(f"| {' | '.join(map(str, line))} |" for line in lines), sep="\n", flush=True)


def say(text: str) -> None:
    """Show progress beside the results, not among them."""
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
