"""Families of estimators on the flights: what a fit costs, how it is exported, how faithfully, and one row's time.

    python -m benchmarks.families [FILTER]    all whose name has the text in it

Each is fitted twice on the same rows, on one thread, and exported. Both predictions of the test rows are compared, as
they are and with one feature missing from each row; the time of a row is CPU time of the package's runtime and of the
library's own pipeline, with features ready on both sides. A second table shows CatBoost with text as it takes it by
itself, as codes and as columns of their own.
"""

import argparse
import hashlib
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from threadpoolctl import threadpool_limits

from benchmarks import measure
from benchmarks.measure import say
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.declared import params
from mainline.declared.params import Model, Params
from mainline.model import export, frames, runtime
from mainline.stages import fitting
from usecase import interface, scoring

THROUGH = "2013-06"
CATBOOST = "catboost.CatBoostRegressor"
FAMILIES: dict[str, dict[str, Any]] = {
    "sklearn.ensemble.HistGradientBoostingRegressor": {
        "max_iter": 150, "max_leaf_nodes": 31, "min_samples_leaf": 100, "early_stopping": False,
    },
    "xgboost.XGBRegressor": {
        "n_estimators": 150, "learning_rate": 0.1, "max_leaves": 31, "max_depth": 0, "grow_policy": "lossguide",
        "min_child_weight": 100,
    },
    "lightgbm.LGBMRegressor": {"n_estimators": 150, "num_leaves": 31, "min_child_samples": 100},
    CATBOOST: {"iterations": 150, "learning_rate": 0.1, "depth": 5},
    "sklearn.ensemble.RandomForestRegressor": {"n_estimators": 50, "min_samples_leaf": 50, "max_features": 0.3},
    "sklearn.linear_model.Ridge": {},
}  # fmt: skip
HEADER = [
    "", "fit, CPU s", "RMSE", "package", "model, KB", "difference", "with gaps", "bytes repeat", "a row, us",
    "by its library, us",
]  # fmt: skip
BLOCKS, CALLS = 7, 50


def main(wanted: str) -> None:
    """Prepare the features once, then fit each family and print the tables."""
    with measure.workspace(THROUGH) as project:
        say("preparing features")
        measure.run(["dvc", "repro", "prepare"], project)
        os.chdir(project.path)
        declared = params.load()
        fitted_on, test = (read(parts, declared) for parts in (declared.parts.train, declared.parts.test))
        with threadpool_limits(1):
            rows = [
                _measure(type_, FAMILIES[type_], declared, fitted_on, test) for type_ in FAMILIES if wanted in type_
            ]
            text = _categories(declared, fitted_on, test) if wanted in CATBOOST else []
    measure.table(f"Families, {len(fitted_on):,} rows fitted on, {len(test):,} test rows", HEADER, rows)
    if text:
        measure.table("Text in CatBoost", ["", "fit, CPU s", "RMSE", "CatBoost's own ONNX"], text)


def read(parts: tuple[str, ...], declared: Params) -> Prepared:
    """Read the rows of some parts of the project here."""
    return dataset.read(dataset.FOLDER, parts, [field.name for field in interface.REQUEST], declared.features)


def _measure(type_: str, given: dict[str, Any], declared: Params, fitted_on: Prepared, test: Prepared) -> list[str]:
    say(type_)
    settings = declared.model_copy(update={"model": Model(type=type_, params=given)})
    names = fitting.names(settings, test)
    started = time.process_time()
    pipeline = fitting.fit(settings, fitted_on)
    seconds = time.process_time() - started
    both = [
        export.export(fitted, type_, interface.TASK, *names, test.features, settings.limits.parity)
        for fitted in (pipeline, fitting.fit(settings, fitted_on))
    ]
    content, exported = both[0]
    loaded = runtime.load(content, exported.describe())
    one = {name: values[:1] for name, values in test.features.items()}
    error = fitting.predict(pipeline, test, settings) - test.label
    return [
        f"`{type_}`",
        f"{seconds:.1f}",
        f"{np.sqrt(np.mean(error**2)):.2f}",
        exported.format,
        f"{len(content) / 1e3:,.0f}",
        f"{exported.parity:.1g}",
        _with_gaps(loaded, pipeline, exported, test),
        "yes" if len({hashlib.sha256(content).hexdigest() for content, _ in both}) == 1 else "no",
        f"{measure.microseconds(partial(loaded.predict, one), CALLS, BLOCKS):.0f}",
        f"{measure.microseconds(partial(pipeline.predict, frames.table(one, *names)), CALLS, BLOCKS):,.0f}",
    ]


def _categories(declared: Params, fitted_on: Prepared, test: Prepared) -> list[list[str]]:
    """Fit CatBoost on the same rows with text in three ways, and ask the library for an ONNX file of each."""
    import catboost

    rows = []
    model = Model(type=CATBOOST, params=FAMILIES[CATBOOST])
    for how in ("ordinal", "one-hot", "its own"):
        say(f"text: {how}")
        categorical = "ordinal" if how == "its own" else how
        preprocessing = declared.preprocessing.model_copy(update={"categorical": categorical})
        settings = declared.model_copy(update={"model": model, "preprocessing": preprocessing})
        pipeline = fitting.fit(settings, fitted_on)
        numeric, text = fitting.names(settings, test)
        head, regressor = pipeline[:-1], pipeline[-1]
        given = [_coded(head, some, numeric, text, how) for some in (fitted_on, test)]
        options = {"cat_features": [*range(len(numeric), given[0].shape[1])]} if how == "its own" else {}
        started = time.process_time()
        regressor = catboost.CatBoostRegressor(**regressor.get_params(), **options).fit(
            given[0], fitting.target(fitted_on)
        )
        seconds = time.process_time() - started
        error = scoring.respond(regressor.predict(given[1]), test.request) - test.label
        rows.append([how, f"{seconds:.1f}", f"{np.sqrt(np.mean(error**2)):.2f}", _own_onnx(regressor, given[1])])
    return rows


def _coded(head: Any, rows: Prepared, numeric: list[str], text: list[str], how: str) -> Any:
    """Return n rows as CatBoost is given them; of its own categories codes are integers, in a table of objects."""
    matrix = head.transform(frames.table(rows.features, numeric, text))
    if how != "its own":
        return matrix
    table = matrix.astype(object)
    table[:, len(numeric) :] = matrix[:, len(numeric) :].astype(int)
    return table


def _own_onnx(regressor: Any, matrix: Any) -> str:
    """Say how far the library's own ONNX file is from its predictions, with a gap in each row; or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        try:
            regressor.save_model(str(file), format="onnx")
        except Exception as error:
            return str(error).strip().splitlines()[0].rpartition(": ")[2]
        session = onnxruntime.InferenceSession(str(file))
    found = []
    for gaps in (False, True):
        rows = matrix.astype(np.float32)
        if gaps:
            rows[np.arange(len(rows)), np.arange(len(rows)) % rows.shape[1]] = np.nan
        answered = session.run(None, {session.get_inputs()[0].name: rows})[0].ravel()
        found.append(np.abs(answered - regressor.predict(rows)).max())
    return f"{found[0]:.1g}, with gaps {found[1]:.1g}"


def _with_gaps(loaded: runtime.Runtime, pipeline: Any, exported: export.Exported, test: Prepared) -> str:
    """Return the largest difference over test rows that lack one feature each."""
    rows = export._with_gaps(test.features, exported.numeric)
    return f"{export._difference_with_gaps(loaded, pipeline, rows, exported):.1g}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filter", nargs="?", default="")
    main(parser.parse_args().filter)
