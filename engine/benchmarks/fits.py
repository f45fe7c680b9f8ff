"""What a fit costs as rows grow, by way of fitting: `python -m benchmarks.fits [COPIES ...] [WAY ...]`.

The training months of the flights are fitted so many times over, as so many more months: the copies' delays and
departures are moved at random. Each fit has a process of its own, on one thread; all ways are run in turn at one size
before the next size. Memory is the largest that the process had while it fitted, and says what the libraries alone
take; bytes are those of the exported model. Of several workers time is the sum, and memory that of the largest. 107
copies are 20 million rows; without any, it is 1, 4 and 16. A way is named as in the table; without one, all are
measured. Each row is shown as soon as it is known.

No fit takes more than `LONGEST` seconds of CPU time, and none is begun that would take more memory than is free, by
what a row took at the sizes before: the table says so in its place. What is extrapolated beyond is a table of its own.
"""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import measure
from benchmarks.measure import say

THROUGH = "2013-09"
COPIES = (1, 4, 16)
LONGEST = 600
"""Seconds of CPU time, after which a fit is ended."""
MEMORIES = (8, 24, 64)
"""GiB that rows are extrapolated to."""
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
    "XGBoost, 2 workers": ("xgboost.XGBRegressor", {"n_estimators": ROUNDS}, {**BY_PERIOD, "workers": 2}),
    "LightGBM, 2 workers": ("lightgbm.LGBMRegressor", {"n_estimators": ROUNDS}, {**BY_PERIOD, "workers": 2}),
    "SGDRegressor, by period": ("sklearn.linear_model.SGDRegressor", {}, BY_PERIOD),
}  # fmt: skip
HEADER = ["", "rows, M", "CPU, s", "peak, MiB", "libraries, MiB", "bytes a row", "RMSE of test", "bytes"]
BEYOND = ["", "measured to, rows, M", *(f"{gib} GiB hold" for gib in MEMORIES)]
CHILD = "--one"


def main() -> None:
    """Prepare the features once, then fit each way at each size; print what was measured and what follows from it."""
    copies = tuple(int(word) for word in sys.argv[1:] if word.isdecimal()) or COPIES
    ways = [word for word in sys.argv[1:] if not word.isdecimal()] or [*WAYS]
    rows: list[list[str]] = []
    measured: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    with measure.workspace(THROUGH) as project:
        say("preparing features")
        measure.run(["dvc", "repro", "prepare"], project)
        for count in copies:
            for way, before in measured.items():
                say(f"{count} times the rows: {way} (load {os.getloadavg()[0]:.1f})")
                found = _in_a_process(way, count, project.path, before)
                rows.append([way, *(found if isinstance(found, list) else _cells(found, before))])
                say(" | ".join(rows[-1]))
                if isinstance(found, dict):
                    before.append(found)
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    measure.table(f"A fit as rows grow; load of the machine at the end {load}", HEADER, rows)
    beyond = [[way, *_beyond(found[0], found[-1])] for way, found in measured.items() if len(found) > 1]
    measure.table("Extrapolated from the smallest and the largest size", BEYOND, beyond)


def _cells(found: dict[str, Any], before: list[dict[str, Any]]) -> list[str]:
    slope = f"{_slope('peak', before[0], found):,.0f}" if before else ""
    return [f"{found['rows'] / 1e6:.2f}", f"{found['cpu']:.1f}", f"{found['peak'] / 2**20:,.0f}",
            f"{found['before'] / 2**20:,.0f}", slope, f"{found['rmse']:.2f}", found["sha"][:8]]  # fmt: skip


def _slope(name: str, small: dict[str, Any], large: dict[str, Any]) -> float:
    return float(large[name] - small[name]) / (large["rows"] - small["rows"])


def _beyond(small: dict[str, Any], large: dict[str, Any]) -> list[str]:
    """Say how many rows a memory holds, and how long they take, at the slopes between two sizes."""
    cells = [f"{large['rows'] / 1e6:.1f}"]
    for gib in MEMORIES:
        per_row, cpu = _slope("peak", small, large), _slope("cpu", small, large)
        most = (gib * 2**30 - small["before"]) / max(per_row, 1)
        cells.append(f"{most / 1e6:,.0f} M in {most * cpu / 3600:,.1f} h")
    return cells


def _in_a_process(way: str, copies: int, folder: Path, before: list[dict[str, Any]]) -> dict[str, Any] | list[str]:
    """Fit a way in a process of its own; cells that say so if that takes too long, or more memory than is free."""
    if len(before) > 1:
        rows = before[0]["rows"] * copies
        expected = before[-1]["peak"] + _slope("peak", before[0], before[-1]) * (rows - before[-1]["rows"])
        if expected > psutil.virtual_memory().available:
            free = psutil.virtual_memory().available / 2**20
            return [f"{rows / 1e6:.2f}", "not run", f"{expected / 2**20:,.0f} expected, {free:,.0f} free", *[""] * 4]
    command = [sys.executable, "-m", "benchmarks.fits", CHILD, way, str(copies)]
    pins = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "DVC_STAGE": "train"}
    sources = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    environment = os.environ | pins | {"PYTHONPATH": sources}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode == -signal.SIGXCPU:
        return [f"{copies} copies", f"ended at {LONGEST}", *[""] * 5]
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
    before, started = _peak(), _cpu()
    resource.setrlimit(resource.RLIMIT_CPU, (int(started) + LONGEST, resource.RLIM_INFINITY))
    rows = fitting.read(settings, parts)
    pipeline = fitting.fit(settings, rows)
    cpu, peak = _cpu() - started, _peak()
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


def _usage() -> list[resource.struct_rusage]:
    """Return what this process took, and what those took that it started and that have ended."""
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _cpu() -> float:
    """Return the seconds of all of them."""
    return sum(each.ru_utime + each.ru_stime for each in _usage())


def _peak() -> int:
    """Return the most bytes that one of them has had."""
    return max(each.ru_maxrss for each in _usage()) * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    fit_one(sys.argv[2], int(sys.argv[3])) if sys.argv[1:2] == [CHILD] else main()
