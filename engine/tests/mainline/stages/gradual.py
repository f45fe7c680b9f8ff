"""A small regression in four prepared periods, and fits of it; as a program, one fit of a folder's."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.storage import write_columns
from mainline.declared import params
from mainline.declared.fit import Fit
from mainline.model import export, frames
from mainline.stages import fingerprint, fitting

SGD, MLP = "sklearn.linear_model.SGDRegressor", "sklearn.neural_network.MLPRegressor"
HGB, FOREST = "sklearn.ensemble.HistGradientBoostingRegressor", "sklearn.ensemble.RandomForestRegressor"
XGB, LGBM = "xgboost.XGBRegressor", "lightgbm.LGBMRegressor"
PERIODS = ("2013-01", "2013-02", "2013-03", "2013-04")
NUMERIC, CATEGORICAL = ["distance", "wind", "noise"], ["carrier"]
ROWS = 400  # a period
REQUEST = [SimpleNamespace(name="dep_delay")]
SIZES = {HGB: "max_iter", FOREST: "n_estimators", XGB: "n_estimators", LGBM: "n_estimators"}
"""By estimator, the hyperparameter that says of how many rounds it is."""
SAMPLED: Mapping[str, Mapping[str, Any]] = {
    HGB: {"early_stopping": False, "max_features": 0.5},
    FOREST: {"max_depth": 4},
    XGB: {"subsample": 0.7, "colsample_bytree": 0.6},
    LGBM: {"subsample": 0.7, "subsample_freq": 1, "colsample_bytree": 0.6},
}
"""Hyperparameters with which a fit draws random numbers in each round."""


def fit_target(label: Array, columns: Mapping[str, Array]) -> Array:
    """What is fitted: the delay that comes on top of the departure's."""
    return label - columns["dep_delay"]


def settle(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in a folder with four prepared periods."""
    monkeypatch.chdir(folder)
    install(monkeypatch)
    for number, period in enumerate(PERIODS):
        write(period, draw(number))


def install(patch: pytest.MonkeyPatch) -> None:
    """Put the small regression in the place of the use case that ships."""
    patch.setattr(fitting, "interface", SimpleNamespace(TASK="regression", REQUEST=REQUEST))
    patch.setattr(fitting, "scoring", SimpleNamespace(fit_target=fit_target))


def count_less(bound: float, patch: pytest.MonkeyPatch) -> None:
    """Let rows count whose label is below a bound, and no others."""
    scoring = SimpleNamespace(fit_target=fit_target, weight=lambda label, _: (label < bound).astype(float))
    patch.setattr(fitting, "scoring", scoring)


def run_by_dvc(patch: pytest.MonkeyPatch, code: str = "code") -> None:
    """Let DVC run the stage train, with some code."""
    patch.setenv("DVC_STAGE", "train")
    patch.setattr(fingerprint, "take", lambda *_: SimpleNamespace(digest=code))


def draw(seed: int) -> Prepared:
    """Draw flights whose gain depends on distance, wind, which is missing now and then, and carrier, plus noise.

    One of the carriers is of this draw alone.
    """
    random = np.random.default_rng(seed)
    numbers: dict[str, Array] = {name: random.normal(size=ROWS).astype(np.float32) for name in NUMERIC}
    numbers["wind"][random.random(ROWS) < 0.1] = np.nan
    carrier = random.choice(np.array(["A", "B", f"C{seed}"], dtype=object), ROWS)
    gain = 5 * numbers["distance"] + np.nan_to_num(numbers["wind"]) ** 2 + 3 * (carrier == "A")
    delay = random.normal(0, 20, ROWS).round()
    return Prepared({"dep_delay": delay}, numbers | {"carrier": carrier}, gain + delay + random.normal(size=ROWS))


def write(period: str, rows: Prepared) -> None:
    """Write the prepared rows of a period."""
    (dataset.FOLDER / period).parent.mkdir(parents=True, exist_ok=True)
    write_columns(rows.as_columns(), dataset.FOLDER / f"{period}.parquet")


def declare(type_: str, fit: Mapping[str, Any], categorical: Any = "one-hot", **hyperparameters: Any) -> params.Params:
    """Return the parameters that fitting reads."""
    return params.Params.model_construct(
        model=params.Model(type=type_, params=hyperparameters, fit=Fit(**fit)),
        preprocessing=params.Preprocessing(numeric="auto", categorical=categorical),
        features=(*NUMERIC, *CATEGORICAL),
        seed=7,
    )


def fitted(declared: params.Params, periods: tuple[str, ...] = PERIODS) -> Pipeline:
    """Fit on some periods, read as it is declared."""
    return fitting.fit(declared, fitting.read(declared, periods))


def in_memory(declared: params.Params) -> Prepared:
    """Read the rows of all periods into memory."""
    return dataset.read(dataset.FOLDER, PERIODS, ["dep_delay"], declared.features)


def exported(declared: params.Params) -> str:
    """Fit and export; return the digest of the bytes."""
    type_ = declared.model.type
    content, found = export.export(
        fitted(declared), type_, "regression", NUMERIC, CATEGORICAL, draw(9).features, 1e-3
    )  # fmt: skip
    assert found.format == "onnx"
    return hashlib.sha256(content).hexdigest()


def predict(pipeline: Pipeline) -> Array:
    """Predict rows that were not fitted on."""
    return frames.predict(pipeline, frames.table(draw(9).features, NUMERIC, CATEGORICAL), "regression")


def error(pipeline: Pipeline) -> float:
    """Return the root of the mean squared error on rows that were not fitted on."""
    rows = draw(9)
    return float(np.sqrt(np.mean((predict(pipeline) - fit_target(rows.label, rows.request)) ** 2)))


def main() -> None:
    """Fit XGBoost in this folder, in segments of ten rounds, and print the digest of what is exported."""
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        run_by_dvc(patch)
        print(exported(declare(XGB, {"checkpoint": 10, "by": "period"}, n_estimators=200, **SAMPLED[XGB])))


if __name__ == "__main__":
    assert Path(dataset.FOLDER).is_dir(), os.getcwd()
    main()
