"""Fit the declared model on the training rows and export it to a form that needs no scikit-learn."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import has_fit_parameter

from mainline import progress
from mainline.conformance import check_column, check_features, check_policy, check_predictions, portable
from mainline.contract import Array
from mainline.data import prepared
from mainline.data.prepared import Prepared
from mainline.data.storage import fresh_directory, write_csv, write_json
from mainline.declared.params import Params
from mainline.errors import ParamsError, UseCaseError
from mainline.labels import classes
from mainline.model import baselines, estimator, export, frames, metrics, threshold
from mainline.model.metric import Metric
from usecase import features, interface, scoring

MODEL = Path("models/model")
CURVE = ("rows", "iteration", "metric")


def train(params: Params) -> None:
    """Write `models/model`, `metrics/train.json`, `metrics/validation.json` and the learning curve."""
    portable(Path("src/usecase/scoring.py"))
    check_policy(params.features, interface.REQUEST, interface.BANNED, key=interface.KEY)
    check_features(params.features, (*features.NUMERIC, *features.CATEGORICAL))
    fitted_on, validation, test = (_read(parts, params) for parts in _parts(params))
    pipeline = fit(params, fitted_on)
    content, exported = export.export(
        pipeline, params.model.type, interface.TASK, *_names(params), test.features, params.limits.parity
    )
    base = baselines.fit_constant(scoring.fit_target(fitted_on.label, fitted_on.request), classes(interface))
    predicted = {
        name: predict(pipeline, rows, params) for name, rows in (("train", fitted_on), ("validation", validation))
    }
    cut = _threshold(params, validation, predicted["validation"])
    fresh_directory(MODEL)
    (MODEL / exported.filename).write_bytes(content)
    write_json(exported.describe() | {"baseline": base} | cut, MODEL / "model.json")
    scorer = metrics.declared(interface.TASK, classes(interface), params.evaluation, cut.get("threshold"))
    scores = {
        name: {"rows": len(rows), **scorer.measure(rows.label, predicted[name])}
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


def fit(params: Params, rows: Prepared) -> Pipeline:
    """Fit the declared model on n rows.

    Raises:
        ParamsError: when the estimator refuses its hyperparameters or the data.
    """
    numeric, categorical = _names(params)
    pipeline = estimator.build(params.model, params.preprocessing, numeric, categorical, interface.TASK, params.seed)
    name = params.model.type.rpartition(".")[2]
    target = scoring.fit_target(rows.label, rows.request)
    check_column("scoring.py: fit_target", target, len(rows))
    _check_target(target)
    try:
        with progress.clock(f"fitting {name} on {len(rows):,} rows"):
            return pipeline.fit(frames.table(rows.features, numeric, categorical), target, **_weights(rows, pipeline))
    except (InvalidParameterError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ParamsError("model.params", f"{name} refuses: {reason}", "correct params.yaml") from error


def _parts(params: Params) -> tuple[tuple[str, ...], ...]:
    return params.parts.train, params.parts.validation, params.parts.test


def _weights(rows: Prepared, pipeline: Pipeline) -> dict[str, Array]:
    """Return the use case's weights of n rows as an argument of the fit; {} if it weighs none.

    Raises:
        UseCaseError: when they are not a weight per row.
        ParamsError: when the estimator takes none.
    """
    if not hasattr(scoring, "weight"):
        return {}
    weights = scoring.weight(rows.label, rows.request)
    check_column("scoring.py: weight", weights, len(rows))
    if weights.dtype.kind not in "biuf" or not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum():
        raise UseCaseError("src/usecase/scoring.py: weight must return a number per row, none below 0, not all 0.")
    name, estimator_ = pipeline.steps[-1]
    if not has_fit_parameter(estimator_, "sample_weight"):
        found = f"{type(estimator_).__name__} takes no weights, and scoring.weight gives them"
        raise ParamsError(
            "model.type", found, "declare another estimator, or take weight out of src/usecase/scoring.py"
        )
    return {f"{name}__sample_weight": weights}


def _read(parts: tuple[str, ...], params: Params) -> Prepared:
    return prepared.read(prepared.FOLDER, parts, [field.name for field in interface.REQUEST], params.features)


def _names(params: Params) -> tuple[list[str], list[str]]:
    """Split the chosen features by kind, numbers first; the order is that of `params.yaml`."""
    return (
        [name for name in params.features if name in features.NUMERIC],
        [name for name in params.features if name in features.CATEGORICAL],
    )


def _check_target(target: Array) -> None:
    """Refuse to fit a classifier on rows that lack a class.

    Raises:
        ParamsError: naming it.
    """
    if interface.TASK == "regression":
        return
    names = classes(interface) or (0, 1)
    lacking = [name for code, name in enumerate(names) if not (target == code).any()]
    if lacking:
        found = f"no row to fit on is labelled {', '.join(repr(name) for name in lacking)}"
        other = ", or take out of CLASSES what does not occur" if len(names) > 2 else ""
        raise ParamsError("data", found, f"take more rows to fit on, by data or split{other}")


def predict(pipeline: Pipeline, rows: Prepared, params: Params) -> Array:
    """Answer n rows with the fitted pipeline, as a client would be answered."""
    raw = frames.predict(pipeline, frames.table(rows.features, *_names(params)), interface.TASK)
    predicted = scoring.respond(raw, rows.request)
    check_predictions("scoring.py: respond", predicted, len(rows), classes(interface))
    return predicted


def _threshold(params: Params, validation: Prepared, predicted: Array) -> dict[str, Any]:
    """Return the threshold of two classes and where it comes from, for the model's description."""
    if interface.TASK != "classification":
        return {}
    value, source = threshold.choose(params.evaluation, validation.label, predicted)
    return {"threshold": value, "threshold_source": source}


def _learning_curve(
    pipeline: Pipeline, fitted_on: Prepared, validation: Prepared, params: Params, primary: Metric
) -> list[dict[str, object]]:
    """The primary metric after each iteration, on as many training rows as there are for validation."""
    curve: list[dict[str, object]] = []
    for name, rows in (("train", _spread(fitted_on, len(validation))), ("validation", validation)):
        table = frames.table(rows.features, *_names(params))
        for iteration, raw in enumerate(estimator.learning_curve(pipeline, table, interface.TASK), start=1):
            value = primary.value(rows.label, scoring.respond(raw, rows.request))
            curve.append({"rows": name, "iteration": iteration, "metric": value})
    return curve


def _spread(rows: Prepared, count: int) -> Prepared:
    """Take at most `count` rows, evenly over time."""
    return rows.take(np.unique(np.linspace(0, len(rows) - 1, count).astype(int)))
