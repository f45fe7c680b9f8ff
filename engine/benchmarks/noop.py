"""Nothing to do: `make repro` beside a bare `dvc status`, the least that can tell."""

import sys
from functools import partial

from benchmarks import measure
from benchmarks.measure import say

THROUGH = "2013-03"
RUNS = 9
SIDES = {
    "make repro": ["make", "repro"],
    "dvc status": ["dvc", "status"],
}


def main() -> None:
    """Run the pipeline once, then measure both sides in turn and print the table."""
    with measure.workspace(THROUGH) as project:
        (project.path / ".venv").symlink_to(sys.prefix)
        say("running the pipeline once")
        measure.run(SIDES["make repro"], project)
        costs = measure.in_turn(RUNS, {name: partial(measure.run, side, project) for name, side in SIDES.items()})
    measure.compare("Nothing to do", costs)


if __name__ == "__main__":
    main()
