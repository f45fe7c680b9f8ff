"""Measure the exported model on the test rows, which neither fitted nor chose it, and come later if data has time."""

from pathlib import Path

import numpy as np

from mainline import personal, progress
from mainline.conformance.arrays import check_column
from mainline.contract import Array
from mainline.data import dataset, predictions, sides
from mainline.data.columns import format_time
from mainline.data.dataset import Prepared
from mainline.data.moments import prediction_time
from mainline.data.storage import read_json, write_columns, write_csv, write_json
from mainline.declared.params import Params
from mainline.labels import classes
from mainline.model import baselines, conformal, diagnostics, metrics, runtime, weights
from mainline.model.baselines import Baseline
from mainline.model.intervals import interval
from mainline.model.metrics import Scorer
from mainline.model.runtime import Runtime
from usecase import features, interface, scoring

MODEL, METRICS = Path("models/model"), Path("metrics")
REFERENCE_ROWS = 500
CONFUSION = ("actual", "predicted", "rows", "share")


def evaluate(params: Params) -> None:
    """Write test predictions, metrics beside the baseline's, slices, plot data and reference predictions.

    The baseline is the rule that is harder to beat; if the use case offers one of its own, `metrics/baseline.json` has
    the primary metric of both. In `metrics/test.json` the primary metric comes first, low and high bound it with 95 %
    confidence, and ratio is the model's over the baseline's, or what the model's lacks to 1 over what the baseline's
    does. Where the use case weighs rows, metrics are weighted, and the weights are kept beside the predictions.
    """
    test = dataset.read(
        dataset.FOLDER, params.parts.test, [field.name for field in interface.REQUEST],
        (*features.NUMERIC, *features.CATEGORICAL),
    )  # fmt: skip
    model = read_json(MODEL / "model.json")
    loaded = runtime.load((MODEL / f"model.{model['format']}").read_bytes(), model)
    predicted = scoring.respond(loaded.predict(test.features), test.request)
    known = scoring.respond(baselines.repeat(model["baseline"], len(test)), test.request)
    day, weight = dataset.clusters(features, test), weights.of(scoring, test.label, test.request)
    scorer = metrics.declared(interface.TASK, classes(interface), params.evaluation, model.get("threshold"))
    rule = baselines.hardest(scoring, scorer, test.label, known, (test.request, test.features), weight)
    simple = {"rows": len(test), **scorer.measure(test.label, rule.predicted, weight)}
    score = {"rows": len(test), **scorer.measure(test.label, predicted, weight)}
    primary = scorer.primary.name
    low, high = interval(scorer.primary, test.label, predicted, day, weight)
    beside = {"low": low, "high": high, "ratio": _ratio(scorer, test.label, predicted, rule.predicted, weight)}
    beside |= {name: model[name] for name in ("threshold",) if name in model}
    segments = scoring.slices(test.request)
    for name, values in segments.items():
        check_column(f"scoring.py: slices: '{name}'", values, len(test))
        personal.check_segments(interface, name, values, test.request)
    slices = diagnostics.by_slice(
        segments, test.label, predicted, rule.predicted, day, scorer, params.evaluation.slice_min_rows, weight
    )
    table = _predictions(test, predicted, rule.predicted) | ({} if weight is None else {predictions.WEIGHT: weight})
    write_columns(table, Path("data/predictions/test.parquet"))
    beside |= {} if weight is None else {weights.EFFECTIVE: weights.effective(weight)}
    covered = _coverage(params, loaded, (test.label, predicted), weight)
    write_json(score | beside | covered | scorer.measure_classes(test.label, predicted, weight), METRICS / "test.json")
    write_json({**simple, **(rule.measured if len(rule.measured) > 1 else {})}, METRICS / "baseline.json")
    write_csv(slices, METRICS / "slices.csv")
    _write_plots(test.label, predicted, scorer, weight)
    write_csv(_reference(table), METRICS / "reference.csv")
    progress.say(f"{primary} {score[primary]:.4g} against {simple[primary]:.4g} of the baseline{_which(rule)}")


def _coverage(params: Params, model: Runtime, tested: tuple[Array, Array], weight: Array | None) -> dict[str, float]:
    """Take the declared interval from the validation rows, and measure what it covers of n test rows.

    Args:
        params: the declared parameters.
        model: the exported one.
        tested: labels and predictions of the test rows.
        weight: how much each of them counts; None where none counts more than another.

    Raises:
        ParamsError: when they are too few for it.
    """
    level = params.evaluation.interval
    if level is None:
        return {}
    names = [field.name for field in interface.REQUEST]
    rows = dataset.read(dataset.FOLDER, params.parts.validation, names, params.features)
    predicted = scoring.respond(model.predict(rows.features), rows.request)
    ends = conformal.offsets(rows.label - predicted, level, weights.of(scoring, rows.label, rows.request))
    share = conformal.coverage(np.subtract(*tested), ends, weight)
    progress.say(f"the interval covers {share:.1%} of the test rows; {level:.1%} is declared")
    return {"interval": level, "interval_low": ends[0], "interval_high": ends[1], "coverage": share}


def _which(rule: Baseline) -> str:
    """Say which of two rules is the baseline; '' if there is one only."""
    if len(rule.measured) == 1:
        return ""
    return f" (the {rule.name}; {', '.join(f'{name} {value:.4g}' for name, value in rule.measured.items())})"


def _ratio(scorer: Scorer, actual: Array, predicted: Array, baseline: Array, weight: Array | None) -> float:
    """The model's lack over the baseline's; NaN where the baseline lacks nothing, or either is not defined."""
    simple = scorer.lack(actual, baseline, weight)
    return scorer.lack(actual, predicted, weight) / simple if simple else float("nan")


def _write_plots(actual: Array, predicted: Array, scorer: Scorer, weight: Array | None) -> None:
    """Rows by size of error, calibration, and rows by true and said class; a table without rows is not drawn."""
    names = classes(interface)
    errors = diagnostics.residuals(actual, predicted) if predicted.ndim == 1 else []
    write_csv(errors, METRICS / "plots/residuals.csv", ("error", "rows"))
    calibration = diagnostics.calibration(actual, predicted, names, weight=weight)
    write_csv(calibration, METRICS / "plots/calibration.csv")
    write_csv(diagnostics.confusion(actual, scorer.say(predicted), names), METRICS / "plots/confusion.csv", CONFUSION)


def _predictions(test: Prepared, predicted: Array, baseline: Array) -> dict[str, Array]:
    """The test predictions that are kept with every released model, one row per event."""
    keys = {name: test.request[name] for name in _key()}
    names = classes(interface)
    simple = predictions.as_columns(baseline, names)[predictions.PREDICTED]
    made = predictions.as_columns(predicted, names)
    return keys | _place(test) | _row(test) | {"actual": test.label, **made, "baseline": simple}


def _key() -> tuple[str, ...]:
    """Name the columns that tell rows apart in what is kept; none if one of them is personal."""
    return () if personal.columns(interface).keys() & set(interface.KEY) else tuple(interface.KEY)


def _row(test: Prepared) -> dict[str, Array]:
    """Return a hash of each whole request if no key tells the rows apart; with time and without a key nothing does."""
    if _key() or (test.hash is None and not interface.KEY):
        return {}
    return {sides.ROW: sides.identities(test.request, [field.name for field in interface.REQUEST])}


def _place(test: Prepared) -> dict[str, Array]:
    """When each of n rows was predicted, or without time what decided on its side, and what it is known by."""
    if test.hash is None:
        return {"prediction_time": prediction_time(features, test.request)}
    return {dataset.HASH: test.hash}


def _reference(table: dict[str, Array]) -> list[dict[str, object]]:
    """A few predictions for git, so that a rebuild elsewhere can say how far it is off."""
    chosen = np.linspace(0, len(table["predicted"]) - 1, min(REFERENCE_ROWS, len(table["predicted"]))).astype(int)
    times = [field.name for field in interface.REQUEST if field.kind == "time"]
    names = [*_key(), *(name for name in table if predictions.is_one(name, table))]
    return [
        {name: _readable(table[name][row]) if name in times else table[name][row] for name in names} for row in chosen
    ]


def _readable(minutes: float) -> str:
    return format_time(int(minutes)) if minutes == minutes else ""
