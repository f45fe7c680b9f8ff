"""A small regression whose truth is known, in the place of the use case that ships."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.contract import Array, FeatureTable, Field
from mainline.data.dataset import Prepared
from mainline.data.storage import write_columns
from mainline.declared import params
from mainline.declared.window import Data
from mainline.experiments import candidates, costs, judgement, search, staleness, trials, variant, worth
from mainline.stages import fitting
from tests.project import FLIGHTS

HGB = "sklearn.ensemble.HistGradientBoostingRegressor"
CLASSIFIER = "sklearn.ensemble.HistGradientBoostingClassifier"
NUMERIC, CATEGORICAL = ["strong", "twin", "noise"], ["carrier"]
MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04", "2013-05", "2013-06")
REQUEST = (Field("left_at", "time", "When it left", "2013-01-01T00:00:00Z"),)
TABLES = (FeatureTable("strong_table", "key", ("strong",)), FeatureTable("pair", "key", ("noise", "twin")))
DAY = 1440  # minutes


def compute(columns: Mapping[str, Array], tables: Mapping[str, Mapping[str, Array]]) -> dict[str, Array]:
    """One feature from one table, two from the other, one from the request."""
    pair = tables["pair"]
    return {**tables["strong_table"], "noise": pair["noise"], "twin": pair["twin"], "carrier": columns["key"]}


def install(patch: pytest.MonkeyPatch, task: str = "regression", classes: tuple[str, ...] = ()) -> None:
    """Put it, or one of a label that is a class, everywhere the experiments look for the use case."""
    features = SimpleNamespace(
        NUMERIC=NUMERIC, CATEGORICAL=CATEGORICAL, prediction_time=lambda columns: columns["left_at"], compute=compute
    )
    interface = SimpleNamespace(NAME="planted", TASK=task, REQUEST=REQUEST, BANNED={}, CLASSES=classes)
    scoring = SimpleNamespace(fit_target=lambda label, _: label, respond=lambda raw, _: raw)
    offered = {
        "features": features,
        "interface": interface,
        "scoring": scoring,
        "tables": SimpleNamespace(FEATURE_TABLES=TABLES),
    }
    for module in (fitting, variant, candidates, search, trials, worth, staleness, costs, judgement):
        for name, offer in offered.items():
            if hasattr(module, name):
                patch.setattr(module, name, offer)


def declare(type_: str = HGB, **hyperparameters: Any) -> params.Params:
    """Return the shipped parameters with these features, a window of six months and a small model."""
    chosen = (
        {"max_iter": 30, "min_samples_leaf": 10} | hyperparameters if type_ in (HGB, CLASSIFIER) else hyperparameters
    )
    changed = {
        "data": Data.model_validate({"from": MONTHS[0], "through": MONTHS[-1]}),
        "model": params.Model(type=type_, params=chosen),
        "features": (*NUMERIC, *CATEGORICAL),
        "tune": {"trials": 4, "space": {"learning_rate": [0.05, 0.1, 0.3], "max_leaf_nodes": [4, 31]}},
    }
    return params.load(FLIGHTS / "params.yaml").model_copy(update=changed)


def draw(days: int = 20, seed: int = 5, start: int = 0, slope: float = 5.0) -> Prepared:
    """Draw 40 rows a day: the label is slope times `strong`, a little of the carrier, and noise; `noise` is nothing."""
    random = np.random.default_rng(seed)
    count = days * 40
    numbers = {name: random.normal(size=count).astype(np.float32) for name in NUMERIC}
    numbers["twin"] = (numbers["strong"] + 0.1 * numbers["twin"]).astype(np.float32)
    carrier = random.choice(np.array(["A", "B", "C"], dtype=object), count)
    label = slope * numbers["strong"] + 0.3 * (carrier == "A") + random.normal(size=count)
    moment = (start * DAY + np.sort(random.integers(0, days * DAY, count))).astype(np.int64)
    return Prepared({"left_at": moment}, numbers | {"carrier": carrier}, label.astype(np.float64))


def draw_classes(classes: int, days: int = 20, seed: int = 5, start: int = 0) -> Prepared:
    """Draw the same rows with a class for a label: its place, by how large the planted number is."""
    rows = draw(days, seed, start)
    bounds = np.quantile(rows.label, np.linspace(0, 1, classes + 1)[1:-1])
    return replace(rows, label=np.digitize(rows.label, bounds).astype(np.float64))


def write(folder: Path, months: tuple[str, ...]) -> None:
    """Write some months as the pipeline would, thirty days apart."""
    for month in months:
        number = MONTHS.index(month)
        rows = draw(seed=number, start=30 * number)
        write_columns(rows.as_columns(), folder / "data/features" / f"{month}.parquet")
