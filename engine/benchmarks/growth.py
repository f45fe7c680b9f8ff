"""CPU time, peak memory and output of each stage as data grow: `python -m benchmarks.growth [COPIESxMONTHS ...]`.

`4x12` is each month of 2013 four times over; `1x48` is four years. See `scaled_source.py` for how rows differ. The last
column packages once more without the playback of monitoring, which is fits, as those of `train` are.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks import measure, scaled_source
from benchmarks.measure import Cost, say
from tests.project import Project

SIZES = ("1x12", "4x12", "1x48")

ALONE = "package, monitor.fits: 0"


def main() -> None:
    """Run the pipeline at each size once and print a table of every stage's cost."""
    sizes = sys.argv[1:] or SIZES
    costs = {size: _stages(*map(int, size.split("x"))) for size in sizes}
    names = list(next(iter(costs.values())))
    shown: dict[str, Callable[[tuple[Cost, int]], str]] = {
        "CPU time, s": lambda cost: f"{cost[0].cpu:.1f}",
        "Peak memory, MiB": lambda cost: f"{cost[0].peak / 2**20:.0f}",
        "Output, MB": lambda cost: f"{cost[1] / 1e6:.1f}",
    }
    for title, show in shown.items():
        rows = [[size, *(show(found[name]) for name in names)] for size, found in costs.items()]
        measure.table(title, ["copies x months", *names], rows)


def _stages(copies: int, months: int) -> dict[str, tuple[Cost, int]]:
    """Run each stage as DVC would, one after another; return its cost and the bytes of its outputs."""
    with measure.workspace(period(months)) as project:
        scale(project, copies)
        project.run("git", "checkout", "dvc.lock")  # the package names what it was made from; here it is not true
        found = {}
        for name, stage in yaml.safe_load((project.path / "dvc.yaml").read_text())["stages"].items():
            say(f"{copies}x{months}: {name}")
            found[name] = _stage(stage, project)
        say(f"{copies}x{months}: {ALONE}")
        project.declare(monitor={"fits": 0})
        return found | {ALONE: _stage(stage, project)}


def _stage(stage: dict[str, Any], project: Project) -> tuple[Cost, int]:
    cost = measure.run(["sh", "-c", stage["cmd"]], project)
    return cost, sum(_size(project.path / path) for path in stage["outs"])


def period(months: int) -> str:
    """Name the last of so many months, the first of which is January 2013."""
    return f"{scaled_source.YEAR + (months - 1) // 12}-{(months - 1) % 12 + 1:02}"


def scale(project: Project, copies: int) -> None:
    """Let the source deliver the flights `copies` times, and more flight numbers be allowed."""
    usecase = project.path / "src/usecase"
    (usecase / "source.py").rename(usecase / "shipped.py")
    text = Path(scaled_source.__file__).read_text(encoding="utf-8")
    (usecase / "source.py").write_text(text.replace("COPIES = 1\n", f"COPIES = {copies}\n"), encoding="utf-8")
    most = scaled_source.FLIGHT_NUMBERS * copies - 1
    for name in ("schema.py", "interface.py"):
        content = (usecase / name).read_text(encoding="utf-8")
        (usecase / name).write_text(content.replace("9999", str(most)), encoding="utf-8")


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    main()
