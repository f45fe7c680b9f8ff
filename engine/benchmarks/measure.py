"""What a command costs, and tables of medians with their spread.

Two sides of a ratio run in turn (A B A B), so that a busy machine slows both. CPU time is user and system time
of the command and of everything it started and waited for; wall time is only as good as the machine is quiet.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from mainline.stages.harness import PINNED
from tests.project import ROOT, Project, copy

PRODUCED = ("data/raw", "data/validated", "data/quarantine", "data/tables", "data/features", "data/predictions",
            "models/model", "models/package", ".dvc/cache", ".dvc/tmp", "../site", "dvc.lock")  # fmt: skip
"""What a run of the pipeline leaves outside of git, the lock, and what DVC remembers of the machine."""

UNWANTED = {"PYTHONDONTWRITEBYTECODE", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
"""Settings of the caller that would change what is measured."""


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and CPU time, and the peak resident bytes of the largest process."""

    wall: float
    cpu: float
    peak: int


@contextmanager
def workspace(through: str) -> Iterator[Project]:
    """Yield a project with the flights in which nothing has run, with data from 2013-01 through a month."""
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as directory:
        project = copy(Path(directory, "repository"))
        project.declare(data={"from": "2013-01", "through": through})
        run([sys.executable, "-m", "compileall", "-q", "engine/src", "src"], project)
        reset(project)
        yield project


def reset(project: Project) -> None:
    """Remove everything the pipeline made: outputs, cache, lock and what DVC remembers."""
    for name in PRODUCED:
        path = project.path / name
        path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)


def stages(project: Project) -> dict[str, list[str]]:
    """Name the stages in the order they ran in, with the command that runs each as DVC does."""
    lock = yaml.safe_load((project.path / "dvc.lock").read_text())
    return {name: ["sh", "-c", stage["cmd"]] for name, stage in lock["stages"].items()}


def microseconds(call: Callable[[], object], calls: int, blocks: int) -> float:
    """Return the median over blocks of the CPU time of a call, on one thread; the first block warms up."""
    found = []
    for _ in range(blocks + 1):
        started = time.process_time()
        for _ in range(calls):
            call()
        found.append((time.process_time() - started) / calls * 1e6)
    return statistics.median(found[1:])


def run(command: Sequence[str], project: Project) -> Cost:
    """Run a command in the copy and return its cost.

    Raises:
        SystemExit: with the command's output, when it failed.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=project.path, env=_environment(project), stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read()}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def in_turn(runs: int, sides: Mapping[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    """Measure each side `runs` times, one after the other, again and again."""
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    for number in range(1, runs + 1):
        for name, measure in sides.items():
            say(f"run {number} of {runs}: {name}")
            costs[name].append(measure())
    return costs


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Write the median of some values and, in brackets, the least and the greatest."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Divide run by run, so that what slowed both sides of a pair cancels out."""
    return [a / b for a, b in zip(over, under, strict=True)]


def compare(title: str, costs: Mapping[str, Sequence[Cost]]) -> None:
    """Print CPU and wall time of two sides and the ratio of the first to the second."""
    rows = []
    for label, kind in (("CPU time, s", "cpu"), ("wall time, s", "wall")):
        over, under = ([getattr(cost, kind) for cost in side] for side in costs.values())
        rows.append([label, spread(over), spread(under), spread(ratios(over, under))])
    table(title, ["", *costs, "ratio"], rows)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table as Markdown, as `engine/docs/benchmarks.md` keeps it."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    print(f"\n{title}\n", *(f"| {' | '.join(map(str, line))} |" for line in lines), sep="\n", flush=True)


def say(text: str) -> None:
    """Show progress beside the results, not among them."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _environment(project: Project) -> dict[str, str]:
    """The settings every stage runs with; bytecode is kept, and nothing is reported to DVC's makers."""
    settings = {**PINNED, "DVC_SITE_CACHE_DIR": str(project.path.parent / "site"), "DVC_NO_ANALYTICS": "1"}
    inherited = project.environment(settings)
    own = f"{inherited['PYTHONPATH']}{os.pathsep}{ROOT / 'engine'}"  # `floor` and `parts` run in a copy of the project
    return {name: value for name, value in inherited.items() if name not in UNWANTED} | {"PYTHONPATH": own}
