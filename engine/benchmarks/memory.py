"""Peak resident memory of each stage on the whole year."""

from benchmarks import measure
from benchmarks.measure import say, spread

THROUGH = "2013-12"
RUNS = 3


def main() -> None:
    """Run the pipeline once, then each stage by itself, and print the table."""
    rows = []
    with measure.workspace(THROUGH) as project:
        say("running the pipeline once")
        measure.run(["dvc", "repro"], project)
        for stage, command in measure.stages(project).items():
            say(stage)
            costs = [measure.run(command, project) for _ in range(RUNS)]
            rows.append([stage, spread([cost.peak / 2**20 for cost in costs], ".0f")])
    measure.table("Peak memory, 12 months", ["stage", "MiB"], rows)


if __name__ == "__main__":
    main()
