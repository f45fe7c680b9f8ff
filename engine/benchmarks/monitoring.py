"""What it costs to roll up a prediction log, beside pandas as docs/serving.md shows it.

The log has a row per request, as the service writes it: `python -P -m benchmarks.monitoring [ROWS]`, a million without
it. pandas reads the first file alone, since all of it would take more memory than most machines have.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from benchmarks import measure
from benchmarks.measure import Cost, say
from mainline.data import columns, dataset
from mainline.package.predictor import Predictor
from tests.project import Project

THROUGH = "2013-09"
ROWS, FILE_ROWS = 1_000_000, 65_000

_ROLL = """
import sys
from pathlib import Path
from mainline.monitoring import packages, rollup
from mainline.monitoring.store import Store
summary = rollup.roll(Path(sys.argv[1]), Store(Path(sys.argv[2])), packages.find([Path("models/package")]))
assert (summary.rows, summary.bad) == (int(sys.argv[3]), 0), (summary.rows, summary.bad)
"""
_PANDAS = """
import json, sys
import pandas as pd
log = pd.json_normalize([json.loads(line) for line in open(sys.argv[1])])
log = log.explode([name for name in log if isinstance(log[name].iloc[0], list)])
log.drop(columns="stale").to_parquet(sys.argv[2])
"""


def main(given: Sequence[str]) -> None:
    """Write a log, roll it up twice, read its first file by pandas, and print the table."""
    wanted = int(given[0]) if given else ROWS
    with measure.workspace(THROUGH) as project, tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder:
        say("running the pipeline once")
        measure.run(["dvc", "repro"], project)
        log, store = Path(folder, "log"), Path(folder, "store")
        say(f"writing a log of {wanted:,} rows")
        files = write(log, project, wanted)
        roll = [sys.executable, "-c", _ROLL, str(log), str(store), str(wanted)]
        rows = [_row(f"roll up {wanted:,} rows of {len(files)} files", wanted, measure.run(roll, project))]
        rows.append(_row("roll up again, nothing new", wanted, measure.run(roll, project)))
        floor = [sys.executable, "-c", _PANDAS, str(files[0]), str(Path(folder, "pandas.parquet"))]
        few = min(FILE_ROWS, wanted)
        rows.append(_row(f"pandas, {few:,} rows", few, measure.run(floor, project)))
        written = sum(path.stat().st_size for path in (store / "rows").rglob("*.parquet"))
        sketches = [path.stat().st_size for path in (store / "sketches").rglob("*.json")]
        say(f"Parquet {written / 1e6:.0f} MB of {sum(file.stat().st_size for file in files) / 1e6:.0f} MB; ")
        say(f"a sketch has {sum(sketches) / len(sketches) / 1e3:.1f} KB")
    measure.table("From the prediction log to columns", ["step", "CPU s", "CPU s a million rows", "peak MB"], rows)


def write(folder: Path, project: Project, rows: int) -> list[Path]:
    """Write a log as one server would have in a day; return its files."""
    folder.mkdir()
    lines = _lines(project, rows)
    files = []
    for number, start in enumerate(range(0, rows, FILE_ROWS), start=1):
        files.append(folder / f"predictions-20260301T000000-0123abcd-{number:06d}.jsonl")
        with files[-1].open("wb") as file:
            file.writelines(next(lines) for _ in range(min(FILE_ROWS, rows - start)))
    return files


def _lines(project: Project, rows: int) -> Iterator[bytes]:
    """Yield lines of the test month again and again, at times that are spread over a day."""
    predictor = Predictor.load(project.path / "models/package")
    names = [field.name for field in predictor.request]
    month = dataset.read(project.path / dataset.FOLDER, predictor.manifest["window"]["test"], names, [])
    requests = columns.to_rows(month.request, predictor.request)
    features, predicted = predictor.compute(month.request), predictor.predict_columns(month.request).tolist()
    values = {name: column.tolist() for name, column in features.items()}
    for number in range(rows):
        row, moment = number % len(requests), datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number / rows)
        yield orjson.dumps(
            {
                "time": moment.isoformat(timespec="milliseconds"),
                "request_id": f"{number:032x}",
                "trace_id": f"{number:032x}",
                "key": "client",
                "model": predictor.manifest["name"],
                "version": "v1.0.0",
                "digest": predictor.digest,
                "seconds": 0.001,
                "inputs": {name: [requests[row].get(name)] for name in names},
                "features": {name: [column[row]] for name, column in values.items()},
                "prediction": [predicted[row]],
                "stale": [[]],
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )


def _row(name: str, rows: int, cost: Cost) -> list[str]:
    return [name, f"{cost.cpu:.1f}", f"{cost.cpu / rows * 1e6:.1f}", f"{cost.peak / 1e6:.0f}"]


if __name__ == "__main__":
    main(sys.argv[1:])
