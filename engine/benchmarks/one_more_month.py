"""One more month after nine: what `dvc repro` costs and what it adds to the cache, beside ten months from nothing."""

import json
from pathlib import Path

import yaml

from benchmarks import measure
from benchmarks.measure import Cost, say
from tests.project import Project

BEFORE, AFTER = "2013-09", "2013-10"
RUNS = 3
Objects = dict[str, int]
"""Bytes of each object in DVC's cache, by hash."""


def main() -> None:
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
