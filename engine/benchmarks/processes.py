"""The stages that work on partitions in one process and in several: `python -m benchmarks.processes 4x12 2`.

`4x12` is each month of 2013 four times over (see `growth.py`). Nothing is reused: each run computes every month.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import growth, measure
from benchmarks.measure import Cost
from mainline.declared.compute import FILE
from tests.project import Project

RUNS = 2
STAGES = ("validate", "prepare")


def main() -> None:
    """Measure both ways in turn, and print their costs with the peak of the largest process."""
    copies, months = map(int, sys.argv[1].split("x"))
    number = int(sys.argv[2])
    with measure.workspace(growth.period(months)) as project:
        growth.scale(project, copies)
        measure.run(["engine/stage", "ingest"], project)
        for stage in STAGES:
            ways: Mapping[str, Callable[[], Cost]] = {
                name: partial(_cost, project, stage, processes)
                for name, processes in {f"{number} processes": number, "one": 1}.items()
            }
            costs = measure.in_turn(RUNS, ways)
            measure.compare(f"{stage} at {copies}x{months}", costs)
            peaks = [
                [way, measure.spread([cost.peak / 2**20 for cost in found], ".0f")] for way, found in costs.items()
            ]
            measure.table("Largest process, MiB", ["", "peak"], peaks)


def _cost(project: Project, stage: str, processes: int) -> Cost:
    Path(project.path, FILE).write_text(f"processes: {processes}\n", encoding="utf-8")
    return measure.run(["engine/stage", stage], project)


if __name__ == "__main__":
    main()
