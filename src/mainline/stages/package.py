"""Put together the model package, and hold it to the pipeline: same features, same predictions, every test row."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mainline import progress
from mainline.contract import Array, Columns, FeatureTable
from mainline.data import prepared
from mainline.data.lookup import Table, from_columns
from mainline.data.profile import describe
from mainline.data.storage import fresh_directory, read_columns, read_json, tidy
from mainline.errors import MainlineError
from mainline.model import metrics
from mainline.package import build, card
from mainline.package.predictor import Predictor
from mainline.params import SHAPING, Params
from usecase import interface, tables

FEATURES, TABLES, MODEL, PACKAGE = (Path(p) for p in ("data/features", "data/tables", "models/model", "models/package"))
PREDICTIONS, METRICS, CODE = Path("data/predictions/test.parquet"), Path("metrics"), Path("src/usecase")


def package(params: Params) -> None:
    """Write `models/package`."""
    request = [field.name for field in interface.REQUEST]
    fitted_on = prepared.read(FEATURES, params.months.train, [], params.features)
    newest = prepared.read(FEATURES, params.months.test[-1:], request, params.features)
    model = read_json(MODEL / "model.json")
    description = describe_package(params, model)
    contents = build.Contents(
        description=description,
        request=interface.REQUEST,
        response=interface.RESPONSE,
        tables={table.name: _newest(table, params.data.months) for table in tables.FEATURE_TABLES},
        model=(MODEL / f"model.{model['format']}").read_bytes(),
        profile={"rows": len(fitted_on), "columns": tidy(describe({**fitted_on.features, "label": fitted_on.label}))},
        card=_card(description),
        test_predictions=PREDICTIONS.read_bytes(),
        test_columns=newest.request,
        code=CODE,
    )
    predictor = build.build(fresh_directory(PACKAGE), contents)
    predicted = read_columns(PREDICTIONS, ["predicted"])["predicted"][-len(newest) :]
    check_skew(predictor, newest.request, newest.features, predicted)
    size = sum(path.stat().st_size for path in PACKAGE.rglob("*") if path.is_file())
    progress.say(
        f"{predictor.manifest['name']} {predictor.digest[:12]}, {size / 1e6:.1f} MB, "
        f"same features and predictions as the pipeline on {len(newest):,} rows"
    )


def describe_package(params: Params, model: dict[str, Any]) -> dict[str, Any]:
    """Say what the package is and what it was made from: months, parameters, and the lock's hashes of its inputs."""
    windows = {"train": params.months.train, "validation": params.months.validation, "test": params.months.test}
    shaping = params.model_dump(mode="json", by_alias=True, include=set(SHAPING))
    text = json.dumps(shaping, sort_keys=True)
    return {
        "name": interface.NAME,
        "task": interface.TASK,
        "model": model,
        "window": {name: list(months) for name, months in windows.items()},
        "made_from": {"params": hashlib.sha256(text.encode()).hexdigest(), **_lock_entries()},
    }


def check_skew(predictor: Predictor, request: Columns, features: Columns, predicted: Any) -> None:
    """Refuse a package that computes one feature or prediction of n rows otherwise than the pipeline did.

    Features are computed on every other row at a time, so that one which looks at the rows beside it shows.

    Raises:
        MainlineError: naming the feature and how many rows differ.
    """
    served = _compute_in_halves(predictor, request, list(features))
    compared = {name: (values, served[name]) for name, values in features.items()}
    compared["prediction"] = (predicted, predictor.predict_columns(request))
    for name, (offline, online) in compared.items():
        same = (offline == online) | ((offline != offline) & (online != online))
        if not same.all():
            raise MainlineError(
                f"training/serving skew: {name} differs in {int((~same).sum())} of {len(same)} rows. "
                "A feature must depend on its request and its feature tables alone; see docs/use-case.md."
            )


def _compute_in_halves(predictor: Predictor, request: Columns, names: Sequence[str]) -> dict[str, Array]:
    """Compute the named features of n requests, first of the even rows and then of the odd ones."""
    odd = np.arange(len(next(iter(request.values())))) % 2 == 1
    parts = [predictor.compute({name: values[half] for name, values in request.items()}) for half in (~odd, odd)]
    back = np.argsort(np.argsort(odd, kind="stable"))
    return {name: np.concatenate([part[name] for part in parts])[back] for name in names}


def _newest(table: FeatureTable, months: Sequence[str]) -> Table:
    """A table as the newest month sees it, exactly as it was joined when that month was prepared."""
    if (TABLES / f"{table.name}.parquet").exists():
        return from_columns(table, read_columns(TABLES / f"{table.name}.parquet"))
    before, newest = (read_columns(TABLES / table.name / f"{month}.parquet") for month in months[-2:])
    return from_columns(table, newest, before)


def _lock_entries() -> dict[str, str]:
    """The lock's hashes of what this stage reads; hashes of older stages follow from them through the lock."""
    stages = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]
    read = {str(path) for path in (FEATURES, TABLES, MODEL, PREDICTIONS)}
    outputs = (output for stage in stages.values() for output in stage["outs"])
    return {output["path"]: f"{output['hash']}:{output['md5']}" for output in outputs if output["path"] in read}


def _card(description: dict[str, Any]) -> str:
    with (METRICS / "slices.csv").open(encoding="utf-8", newline="") as file:
        slices = list(csv.DictReader(file))
    measured = {name: read_json(METRICS / f"{name}.json") for name in ("data", "test", "baseline")}
    described = {**description, "response": asdict(interface.RESPONSE)}
    return card.write(described, measured, metrics.PRIMARY[interface.TASK], slices, interface.BANNED)
