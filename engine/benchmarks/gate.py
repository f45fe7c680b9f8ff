"""The gate and its report, beside the least that a comparison takes: both packages loaded, each predicts the holdout.

Exits with 1 when gate and report together take longer than they may.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import Cost, say
from tests.project import Project

THROUGH = "2013-09"
RUNS = 5
LIMIT = 15.0
"""Seconds of wall time that gate and report may take together, once the packages are there."""


def main() -> int:
    """Release the shipped model in a copy, then hold the same commit against it, again and again."""
    with measure.workspace(THROUGH) as project:
        say("training and releasing once")
        _release(project)
        sides: dict[str, Callable[[], Cost]] = {
            "gate and report": lambda: _gate(project),
            "both packages, once": lambda: _floor(project),
        }
        for warm_up in sides.values():
            warm_up()
        costs = measure.in_turn(RUNS, sides)
    measure.compare("Gate and report", costs)
    wall = statistics.median(cost.wall for cost in costs["gate and report"])
    print(f"\n{wall:.1f} s of wall time; the limit is {LIMIT:g} s.")
    return int(wall > LIMIT)


def floor() -> None:
    """Do in this process what no comparison can do without."""
    from mainline.gate import holdout
    from mainline.package.predictor import Predictor

    candidate, production = (Predictor.load(Path(name)) for name in ("models/package", "../production"))
    rows = holdout.read(candidate)
    for model in (candidate, production):
        model.predict_columns(rows.request)


def _release(project: Project) -> None:
    """Train, commit, tag, and lay production's package beside the copy for the floor."""
    measure.run([sys.executable, "-m", "mainline", "repro"], project)
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "Release v0.1.0")
    project.run("git", "tag", "model@v0.1.0")
    project.run("git", "tag", "model#production#1")
    project.run("cp", "-RL", "models/package", "../production")


def _gate(project: Project) -> Cost:
    parts = [measure.run([sys.executable, "-m", "mainline", name], project) for name in ("gate", "report")]
    return Cost(sum(part.wall for part in parts), sum(part.cpu for part in parts), max(part.peak for part in parts))


def _floor(project: Project) -> Cost:
    return measure.run([sys.executable, "-m", "benchmarks.gate", "floor"], project)


if __name__ == "__main__":
    if sys.argv[1:] == ["floor"]:
        floor()
    else:
        sys.exit(main())
