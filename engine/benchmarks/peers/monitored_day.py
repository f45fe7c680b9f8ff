"""What it costs to roll up and judge a day of production: here, by pandas alone, and by Evidently.

    python -P -m benchmarks.peers.monitored_day ROWS PYTHON

ROWS are those of the day. PYTHON has Evidently in an environment of its own: `pip install evidently "pandas<3"
pyarrow`. It compares all features with the rows of the test, by the tests that it picks itself, and writes its page.
It reads columns, so the log becomes columns by pandas first, as `docs/serving.md` shows it. No side is asked for
quality, which takes labels.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks import measure, monitoring
from benchmarks.measure import Cost, say
from mainline.data import dataset
from mainline.package.predictor import Predictor
from tests.project import Project

THROUGH = "2013-03"
RUNS = 3
_JUDGE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.monitoring import inspection, packages
from mainline.monitoring.store import Store
asked = inspection.Asked(
    environment="production", policy=Monitoring(), evaluation=Evaluation(slice_min_rows=500), bias=5.0, slice_rows=500,
    until=datetime(2026, 3, 2, tzinfo=UTC), kind=None, fetch=None, written={},
)
found = inspection.inspect(Path(sys.argv[1]), Store(Path(sys.argv[2])), packages.find([Path("models/package")]), asked)
assert found.rows == int(sys.argv[3]), found.rows
"""
_COLUMNS = """
import json, sys
from pathlib import Path
import pandas as pd
log = pd.json_normalize([json.loads(line) for file in sorted(Path(sys.argv[1]).iterdir()) for line in file.open()])
log = log.explode([name for name in log if isinstance(log[name].iloc[0], list)])
features = log[[name for name in log if name.startswith("features.")]].infer_objects()
features.columns = [name.removeprefix("features.") for name in features]
features.to_parquet(sys.argv[2])
"""
_EVIDENTLY = """
import sys
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
current, reference = (pd.read_parquet(file) for file in sys.argv[1:3])
Report([DataDriftPreset()]).run(current, reference[list(current)]).save_html(sys.argv[3])
"""


def main(given: Sequence[str]) -> None:
    """Write a day's log, let each judge it, and print the table."""
    rows, python = int(given[0]), given[1]
    with measure.workspace(THROUGH) as project, tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder:
        say("running the pipeline once")
        measure.run(["dvc", "repro"], project)
        place = Path(folder)
        say(f"writing a log of {rows:,} rows")
        monitoring.write(place / "log", project, rows)
        _write_reference(project, place / "reference.parquet")
        found: dict[str, list[Cost]] = {name: [] for name in ("here", "pandas", "evidently")}
        for run in range(RUNS):
            store, log, day = place / f"store-{run}", str(place / "log"), str(place / "day.parquet")
            say(f"run {run + 1} of {RUNS}")
            found["here"].append(measure.run([sys.executable, "-c", _JUDGE, log, str(store), str(rows)], project))
            found["pandas"].append(measure.run([sys.executable, "-c", _COLUMNS, log, day], project))
            judged = [python, "-c", _EVIDENTLY, day, str(place / "reference.parquet"), str(place / "page.html")]
            found["evidently"].append(measure.run(judged, project))
    measure.table(f"A day of {rows:,} rows", ["step", "CPU s", "times ours", "peak MB"], list(_rows(found)))


def _write_reference(project: Project, target: Path) -> None:
    """Write the features of the test rows, which Evidently compares a day with."""
    package = Predictor.load(project.path / "models/package")
    names = [*package.manifest["model"]["numeric"], *package.manifest["model"]["categorical"]]
    tested = dataset.read(project.path / dataset.FOLDER, package.manifest["window"]["test"], [], names)
    pd.DataFrame(tested.features).to_parquet(target)


def _rows(found: dict[str, list[Cost]]) -> list[list[str]]:
    ours = [cost.cpu for cost in found["here"]]
    both = [
        sum(pair)
        for pair in zip(*([cost.cpu for cost in found[name]] for name in ("pandas", "evidently")), strict=True)
    ]
    peaks = {name: max(cost.peak for cost in costs) for name, costs in found.items()}
    sides = (
        ("roll up and judge, here", ours, peaks["here"]),
        ("log to columns by pandas", [cost.cpu for cost in found["pandas"]], peaks["pandas"]),
        ("drift by Evidently, from columns", [cost.cpu for cost in found["evidently"]], peaks["evidently"]),
        ("pandas and Evidently", both, max(peaks["pandas"], peaks["evidently"])),
    )
    return [
        [name, measure.spread(cpu, ".1f"), measure.spread(measure.ratios(cpu, ours), ".1f"), f"{peak / 1e6:.0f}"]
        for name, cpu, peak in sides
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
