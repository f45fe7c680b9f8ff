"""Fit the declared model on the training rows and export it to a form that needs no scikit-learn."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from mainline import personal, progress
from mainline.conformance.code import portable
from mainline.conformance.names import check_features, check_policy
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.parts import Rows
from mainline.data.storage import fresh_directory, write_csv, write_json
from mainline.declared.params import Params
from mainline.labels import classes
from mainline.model import baselines, estimator, export, frames, metrics, threshold
from mainline.model.metric import Metric
from mainline.stages import checkpoints
from mainline.stages.fitting import MODEL, fit, names, predict, read, target, weigh
from usecase import interface, scoring

CURVE = ("rows", "iteration", "metric")


def train(params: Params) -> None:
    """Write `models/model`, `metrics/train.json`, `metrics/validation.json` and the learning curve."""
    portable(Path("src/usecase/scoring.py"))
    allowed = personal.columns(interface)
    check_policy(params.features, interface.REQUEST, interface.BANNED, key=interface.KEY, declared=allowed)
    check_features(params.features, dataset.offered(dataset.FOLDER, params.parts.train[0]))
    fitted_on = read(params, params.parts.train)
    validation, test = (_read(parts, params) for parts in (params.parts.validation, params.parts.test))
    pipeline = fit(params, fitted_on)
    content, exported = export.export(
        pipeline, params.model.type, interface.TASK, *names(params, fitted_on), test.features, params.limits.parity
    )
    base = baselines.fit_constant(target(fitted_on), classes(interface), weigh(fitted_on))
    predicted = {
        name: predict(pipeline, rows, params) for name, rows in (("train", fitted_on), ("validation", validation))
    }
    cut = _threshold(params, validation, predicted["validation"])
    fresh_directory(MODEL)
    (MODEL / exported.filename).write_bytes(content)
    write_json(exported.describe() | {"baseline": base} | cut, MODEL / "model.json")
    scorer = metrics.declared(interface.TASK, classes(interface), params.evaluation, cut.get("threshold"))
    scores = {
        name: {"rows": len(rows), **scorer.measure(rows.label, predicted[name], weigh(rows))}
        for name, rows in (("train", fitted_on), ("validation", validation))
    }
    for name, score in scores.items():
        write_json(score, Path(f"metrics/{name}.json"))
    write_csv(
        _learning_curve(pipeline, fitted_on, validation, params, scorer.primary),
        Path("metrics/plots/learning.csv"),
        CURVE,
    )
    primary = scorer.primary.name
    progress.say(
        f"{primary} {scores['train'][primary]:.4g} on train, {scores['validation'][primary]:.4g} on validation"
    )
    if exported.reason:
        progress.say(f"packaged with scikit-learn, because: {exported.reason}")
    checkpoints.forget("train")


def _read(parts: tuple[str, ...], params: Params) -> Prepared:
    return dataset.read(dataset.FOLDER, parts, [field.name for field in interface.REQUEST], params.features)


def _threshold(params: Params, validation: Prepared, predicted: Array) -> dict[str, Any]:
    """Return the threshold of two classes and where it comes from, for the model's description."""
    if interface.TASK != "classification":
        return {}
    value, source = threshold.choose(params.evaluation, validation.label, predicted, weigh(validation))
    return {"threshold": value, "threshold_source": source}


def _learning_curve(
    pipeline: Pipeline, fitted_on: Rows, validation: Prepared, params: Params, primary: Metric
) -> list[dict[str, object]]:
    """The primary metric after each iteration, on as many training rows as there are for validation."""
    curve: list[dict[str, object]] = []
    for name, rows in (("train", _spread(fitted_on, len(validation))), ("validation", validation)):
        table, weight = frames.table(rows.features, *names(params, rows)), weigh(rows)
        for iteration, raw in enumerate(estimator.learning_curve(pipeline, table, interface.TASK), start=1):
            value = primary.value(rows.label, scoring.respond(raw, rows.request), weight)
            curve.append({"rows": name, "iteration": iteration, "metric": value})
    return curve


def _spread(rows: Rows, count: int) -> Prepared:
    """Take at most `count` rows, evenly over time."""
    return rows.take(np.unique(np.linspace(0, len(rows) - 1, count).astype(int)))
