"""What a fit costs as rows grow, by way of fitting: `python -m benchmarks.fits [COPIES ...]`, 1, 4 and 16 without.

The training months of the flights are fitted so many times over, as so many more months: the copies' delays and
departures are moved at random. Each fit has a process of its own, on one thread; all ways are run in turn at one size
before the next size. Memory is the largest that the process had while it fitted, and says what the libraries alone
take; bytes are those of the exported model.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from benchmarks.measure import say

THROUGH = "2013-09"
COPIES = (1, 4, 16)
ROUNDS = 60
BY_PERIOD = {"by": "period"}
WAYS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "scikit-learn boosting, in memory": (
        "sklearn.ensemble.HistGradientBoostingRegressor", {"max_iter": ROUNDS, "early_stopping": False}, {},
    ),
    "LightGBM, in memory": ("lightgbm.LGBMRegressor", {"n_estimators": ROUNDS}, {}),
    "XGBoost, in memory": ("xgboost.XGBRegressor", {"n_estimators": ROUNDS}, {}),
    "XGBoost, by period": ("xgboost.XGBRegressor", {"n_estimators": ROUNDS}, BY_PERIOD),
    "XGBoost, by period, checkpoints": (
        "xgboost.XGBRegressor", {"n_estimators": ROUNDS}, {**BY_PERIOD, "checkpoint": ROUNDS // 3},
    ),
    "SGDRegressor, by period": ("sklearn.linear_model.SGDRegressor", {}, BY_PERIOD),
}  # fmt: skip
HEADER = ["", "rows, M", "CPU, s", "peak, MiB", "libraries, MiB", "bytes a row", "RMSE of test", "bytes"]
CHILD = "--one"


def main() -> None:
    """Prepare the features once, then fit each way at each size and print the table."""
    copies = tuple(map(int, sys.argv[1:])) or COPIES
    rows: list[list[str]] = []
    smallest: dict[str, dict[str, Any]] = {}
    with measure.workspace(THROUGH) as project:
        say("preparing features")
        measure.run(["dvc", "repro", "prepare"], project)
        for count in copies:
            for way in WAYS:
                say(f"{count} times the rows: {way} (load {os.getloadavg()[0]:.1f})")
                found = _in_a_process(way, count, project.path)
                first = smallest.setdefault(way, found)
                grown = found["rows"] - first["rows"]
                slope = f"{(found['peak'] - first['peak']) / grown:,.0f}" if grown else ""
                rows.append(
                    [way, f"{found['rows'] / 1e6:.2f}", f"{found['cpu']:.1f}", f"{found['peak'] / 2**20:,.0f}",
                     f"{found['before'] / 2**20:,.0f}", slope, f"{found['rmse']:.2f}", found["sha"][:8]]
                )  # fmt: skip
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    measure.table(f"A fit as rows grow; load of the machine at the end {load}", HEADER, rows)


def _in_a_process(way: str, copies: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.fits", CHILD, way, str(copies)]
    pins = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "DVC_STAGE": "train"}
    sources = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    environment = os.environ | pins | {"PYTHONPATH": sources}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{way} failed:\n{ran.stdout}{ran.stderr}")
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def fit_one(way: str, copies: int) -> None:
    """Fit in this process, as DVC runs the stage train, and print what it cost as JSON."""
    from mainline.data import dataset
    from mainline.declared import params
    from mainline.declared.fit import Fit
    from mainline.declared.params import Model, Preprocessing
    from mainline.model import export
    from mainline.stages import checkpoints, fitting
    from usecase import interface

    declared = params.load()
    type_, hyperparameters, fit = WAYS[way]
    model = Model(type=type_, params=hyperparameters, fit=Fit(**fit))
    encoding = Preprocessing(numeric="auto", categorical="one-hot" if "linear" in type_ else "ordinal")
    settings = declared.model_copy(update={"model": model, "preprocessing": encoding})
    parts = [_copy(part, number) for number in range(copies) for part in declared.parts.train]
    request = [field.name for field in interface.REQUEST]
    test = dataset.read(dataset.FOLDER, declared.parts.test, request, declared.features)
    before, started = _peak(), time.process_time()
    rows = fitting.read(settings, parts)
    pipeline = fitting.fit(settings, rows)
    cpu, peak = time.process_time() - started, _peak()
    error = fitting.predict(pipeline, test, settings) - test.label
    content, _ = export.export(
        pipeline, type_, interface.TASK, *fitting.names(settings, test), test.features, settings.limits.parity
    )
    checkpoints.forget("train")
    found = {"rows": len(rows), "cpu": cpu, "before": before, "peak": peak, "rmse": float(np.sqrt(np.mean(error**2)))}
    print(json.dumps(found | {"sha": hashlib.sha256(content).hexdigest()}))


def _copy(part: str, number: int) -> str:
    """Write a copy of a part's rows with moved delays, if it is not there; return its name."""
    from mainline.data import dataset
    from mainline.data.storage import read_columns, write_columns

    name = part if number == 0 else f"{part}-{number}"
    if not (dataset.FOLDER / f"{name}.parquet").is_file():
        columns = read_columns(dataset.FOLDER / f"{part}.parquet")
        random = np.random.default_rng(number)
        moved = random.integers(-3, 4, len(columns[dataset.LABEL]))
        columns[dataset.LABEL] = columns[dataset.LABEL] + moved
        for feature in ("feature.departure_minute", "feature.scheduled_block"):
            columns[feature] = (columns[feature] + random.integers(-2, 3, len(moved))).astype(np.float32)
        write_columns(columns, dataset.FOLDER / f"{name}.parquet")
    return name


def _peak() -> int:
    """Return the most bytes that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    fit_one(sys.argv[2], int(sys.argv[3])) if sys.argv[1:2] == [CHILD] else main()
