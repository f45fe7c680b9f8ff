"""The whole pipeline from nothing, `dvc repro`, beside the same work in one process (see `floor.py`)."""

import json
import shutil
import statistics
import sys
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import Cost, say
from tests.project import Project

WINDOWS = {"12 months": "2013-12", "6 months": "2013-06"}
RUNS = 5
RESULTS = ("metrics", "models/model", "models/package", "data/predictions")
"""What both must make the same, to the last byte."""


def main() -> None:
    """Measure each window and print a table of costs and one of where the difference goes."""
    for name, through in WINDOWS.items():
        with measure.workspace(through) as pipeline, measure.workspace(through) as floor:
            say(f"{name}: warming up")
            check_equal(pipeline, floor)
            costs = measure.in_turn(RUNS, {"pipeline": lambda: _repro(pipeline), "floor": lambda: _floor(floor)})
            measure.compare(f"Pipeline from nothing, {name}", costs)
            _print_parts(name, pipeline, floor, costs)


def _repro(project: Project) -> Cost:
    measure.reset(project)
    return measure.run(["dvc", "repro"], project)


def _floor(project: Project) -> Cost:
    return measure.run([sys.executable, "-m", "benchmarks.floor", str(_file(project))], project)


def check_equal(pipeline: Project, floor: Project) -> None:
    """Run both once; the package names the lock's hashes of its inputs, so the floor is given the lock.

    Raises:
        SystemExit: when one file of the results differs.
    """
    _repro(pipeline)
    shutil.copy(pipeline.path / "dvc.lock", floor.path)
    _floor(floor)
    made, expected = _contents(floor.path), _contents(pipeline.path)
    different = sorted(name for name in made.keys() | expected.keys() if made.get(name) != expected.get(name))
    if different:
        sys.exit(f"The floor is not the same work: {', '.join(different)} came out otherwise.")
    say(f"same results, byte for byte: {len(expected)} files")


def _contents(root: Path) -> dict[str, bytes]:
    files = [path for name in RESULTS for path in (root / name).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def _print_parts(name: str, pipeline: Project, floor: Project, costs: dict[str, list[Cost]]) -> None:
    """Say where the difference goes, from one more run of each part."""
    say(f"{name}: parts")
    measure.reset(pipeline)
    dvc = _part(pipeline, "dvc")["dvc"]
    stages = {stage: _part(pipeline, stage) for stage in measure.stages(pipeline)}
    once = json.loads(_file(floor).read_text())["imports"]
    imports = sum(part["imports"] for part in stages.values()) - once
    files = sum(part["files"] for part in stages.values())
    total, least = (statistics.median(cost.cpu for cost in costs[side]) for side in ("pipeline", "floor"))
    rest = total - least - imports - files - dvc
    rows = [
        ["the work itself (floor)", least],
        ["starting Python and importing libraries for each stage", imports],
        ["tables written and read between stages", files],
        ["DVC: hashing, cache, lock, its own start", dvc],
        ["rest: libraries loaded late, months joined again, ends of processes, noise", rest],
        ["pipeline", total],
    ]
    shares = [[label, f"{value:.2f}", f"{value / total:.0%}"] for label, value in rows]
    measure.table(f"Where the CPU time goes, {name}", ["", "s", "share"], shares)
    measure.table(
        f"By stage, {name} (CPU s)",
        ["", "start and imports", "tables read and written", "work"],
        [[stage, *(f"{part[kind]:.2f}" for kind in ("imports", "files", "work"))] for stage, part in stages.items()],
    )


def _part(project: Project, name: str) -> dict[str, float]:
    measure.run([sys.executable, "-m", "benchmarks.parts", str(_file(project)), name], project)
    return dict(json.loads(_file(project).read_text()))


def _file(project: Project) -> Path:
    return project.path.parent / "parts.json"


if __name__ == "__main__":
    main()
