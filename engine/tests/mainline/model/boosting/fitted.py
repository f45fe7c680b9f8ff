"""Models of XGBoost, LightGBM and CatBoost, fitted on a few rows as the pipeline fits them."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from mainline.contract import Array, Task
from mainline.declared.params import Model, Preprocessing
from mainline.model import estimator, export, frames, runtime

NUMERIC, CATEGORICAL = ["size", "age"], ["code"]
FAMILIES = {
    "xgboost": ("xgboost.XGBRegressor", "xgboost.XGBClassifier"),
    "lightgbm": ("lightgbm.LGBMRegressor", "lightgbm.LGBMClassifier"),
    "catboost": ("catboost.CatBoostRegressor", "catboost.CatBoostClassifier"),
}
TASKS: list[tuple[str, Task]] = [
    (types[task != "regression"], task)
    for types in FAMILIES.values()
    for task in ("regression", "classification", "multiclass")
]
"""Each type with each task that it takes."""
PARITY = 2e-6


def draw(count: int = 1000, codes: str = "abc", gaps: float = 0.2, seed: int = 1) -> dict[str, Array]:
    """Draw rows of features; a share of the ages is missing."""
    random = np.random.default_rng(seed)
    age = np.where(random.random(count) < gaps, np.nan, random.normal(size=count))
    code = random.choice(np.array(list(codes), dtype=object), count)
    return {"size": random.normal(size=count).astype(np.float32), "age": age.astype(np.float32), "code": code}


def label(rows: dict[str, Array], task: Task) -> Array:
    """Return n labels: numbers between 0 and 1, or classes, of three one more frequent than another."""
    found = 2 * rows["size"] + np.nan_to_num(rows["age"]) + (rows["code"] == "a")
    if task == "regression":
        return np.abs(found) / 10 + 0.01
    return np.digitize(found, [0.5] if task == "classification" else [-1.0, 1.5])


def rounds(type_: str) -> str:
    """Name the hyperparameter that says how many iterations a type has."""
    return "iterations" if type_.startswith("catboost") else "n_estimators"


def build(type_: str, task: Task, categorical: Any = "ordinal", **params: Any) -> Pipeline:
    """Build the pipeline that is declared, with seed 1."""
    model = Model(type=type_, params=params)
    preprocessing = Preprocessing(numeric="auto", categorical=categorical)
    return estimator.build(model, preprocessing, NUMERIC, CATEGORICAL, task, 1)


def fit(type_: str, task: Task, rows: dict[str, Array], categorical: Any = "ordinal", **params: Any) -> Pipeline:
    """Fit what is declared on n rows."""
    params = {rounds(type_): 20} | params
    return build(type_, task, categorical, **params).fit(table(rows), label(rows, task))


def table(rows: dict[str, Array]) -> Any:
    """Arrange rows as the pipeline takes them."""
    return frames.table(rows, NUMERIC, CATEGORICAL)


def write(
    pipeline: Pipeline, task: Task, rows: dict[str, Array], tolerance: float = PARITY
) -> tuple[bytes, export.Exported]:
    """Export a pipeline, held to the rows."""
    type_ = f"{type(pipeline[-1]).__module__.partition('.')[0]}.{type(pipeline[-1]).__name__}"
    return export.export(pipeline, type_, task, NUMERIC, CATEGORICAL, rows, tolerance)


def answers(content: bytes, exported: export.Exported, rows: dict[str, Array]) -> Array:
    """Predict with the exported model."""
    return runtime.load(content, exported.describe()).predict(rows)
