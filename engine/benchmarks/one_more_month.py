"""One more month after nine: what `dvc repro` costs and what it adds to the cache, beside ten months from nothing.

`python -m benchmarks.one_more_month 4x12` measures the data stages alone, from eleven to twelve months of the flights
four times over (see `growth.py`).
"""

import json
import sys
from pathlib import Path

import yaml

from benchmarks import growth, measure
from benchmarks.measure import Cost, say
from tests.project import Project

BEFORE, AFTER = "2013-09", "2013-10"
RUNS = 3
DATA_STAGES = ("ingest", "validate", "prepare")
Objects = dict[str, int]
"""Bytes of each object in DVC's cache, by hash."""


def main() -> None:
    """Measure the data stages of a size that is named, or else the whole pipeline."""
    if sys.argv[1:]:
        _data_stages(*map(int, sys.argv[1].split("x")))
    else:
        _whole()


def _data_stages(copies: int, months: int) -> None:
    """Measure both ways to so many months in turn; print the CPU time of each stage's own process, and with DVC."""
    with measure.workspace(growth.period(months)) as project:
        growth.scale(project, copies)
        rounds: dict[str, list[dict[str, float]]] = {"one more month": [], "from nothing": []}
        for number in range(1, RUNS + 1):
            for way, found in rounds.items():
                say(f"run {number} of {RUNS}: {way}")
                measure.reset(project)
                if way == "one more month":
                    project.declare(data={"through": growth.period(months - 1)})
                    measure.run(["dvc", "repro", "prepare"], project)
                project.declare(data={"through": growth.period(months)})
                found.append(_costs(project))
    rows = []
    for name in rounds["from nothing"][0]:
        more, nothing = ([costs[name] for costs in found] for found in rounds.values())
        spreads = (measure.spread(more, ".1f"), measure.spread(nothing, ".1f"))
        rows.append([name, *spreads, measure.spread(measure.ratios(more, nothing))])
    measure.table(f"Data stages at {copies}x{months}, CPU time, s", ["", *rounds, "ratio"], rows)


def _costs(project: Project) -> dict[str, float]:
    """Run the data stages and return the CPU seconds of each one's process, and of all with DVC."""
    whole = measure.run(["dvc", "repro", "prepare"], project).cpu
    files = {name: project.path / f".dvc/tmp/runs/{name}.json" for name in DATA_STAGES}
    costs = {name: float(json.loads(file.read_text())["cpu_seconds"]) for name, file in files.items()}
    return costs | {
        "validate and prepare": costs["validate"] + costs["prepare"],
        "all three": sum(costs.values()),
        "all three, with DVC": whole,
    }


def _whole() -> None:
    """Measure both ways to ten months in turn; print their costs, and what the cache gained for each output."""
    with measure.workspace(AFTER) as project:
        say("warming up")
        measure.run(["dvc", "repro"], project)
        ways = {"one more month": lambda: _one_more(project), "ten months from nothing": lambda: _all(project)}
        costs = measure.in_turn(RUNS, ways)
        nine = _nine_months(project)
        measure.run(["dvc", "repro"], project)
        measure.compare("One more month, from nine to ten", costs)
        _print_growth(project, nine)


def _nine_months(project: Project) -> Objects:
    """Bring the copy to nine finished months with the tenth declared; return what the cache holds."""
    measure.reset(project)
    project.declare(data={"through": BEFORE})
    measure.run(["dvc", "repro"], project)
    project.declare(data={"through": AFTER})
    return _objects(project)


def _one_more(project: Project) -> Cost:
    _nine_months(project)
    return measure.run(["dvc", "repro"], project)


def _all(project: Project) -> Cost:
    measure.reset(project)
    return measure.run(["dvc", "repro"], project)


def _objects(project: Project) -> Objects:
    """List the cache: an object's path below `files/md5` is its hash, cut after two characters."""
    root = project.path / ".dvc/cache/files/md5"
    return {path.parent.name + path.name: path.stat().st_size for path in root.glob("*/*")}


def _print_growth(project: Project, before: Objects) -> None:
    after = _objects(project)
    rows, counted = [], set(before)
    lock = yaml.safe_load((project.path / "dvc.lock").read_text())
    for output in (output for stage in lock["stages"].values() for output in stage["outs"]):
        hashes = _hashes(project, output["md5"]) & after.keys()
        new = hashes - counted
        counted |= new
        if hashes:
            rows.append([output["path"], len(hashes), len(new), *_megabytes(after, hashes, new)])
    rows.append(["all", len(after), len(after.keys() - before), *_megabytes(after, set(after), after.keys() - before)])
    measure.table("Added to the cache by the tenth month", ["output", "objects", "new", "MB", "new MB"], rows)


def _hashes(project: Project, name: str) -> set[str]:
    """Name the objects of an output: itself, and for a folder all files that its listing names."""
    listing = project.path / ".dvc/cache/files/md5" / name[:2] / Path(name[2:])
    return {name} | ({entry["md5"] for entry in json.loads(listing.read_text())} if name.endswith(".dir") else set())


def _megabytes(sizes: Objects, *groups: set[str]) -> list[str]:
    return [f"{sum(sizes[name] for name in group) / 1e6:.2f}" for group in groups]


if __name__ == "__main__":
    main()
