"""Measure the exported model on the test months, which come after everything it was fitted or chosen on."""

from pathlib import Path

import numpy as np

from mainline import progress
from mainline.conformance import check_column
from mainline.contract import Array
from mainline.data import prepared
from mainline.data.columns import DAY, format_time
from mainline.data.prepared import Prepared
from mainline.data.storage import read_json, write_columns, write_csv, write_json
from mainline.declared.params import Params
from mainline.model import baselines, diagnostics, runtime
from mainline.model.baselines import Baseline
from mainline.model.intervals import interval
from mainline.model.metrics import scorer
from usecase import features, interface, scoring

MODEL, METRICS = Path("models/model"), Path("metrics")
REFERENCE_ROWS = 500


def evaluate(params: Params) -> None:
    """Write test predictions, metrics beside the baseline's, slices, plot data and reference predictions.

    The baseline is the rule that is harder to beat; if the use case offers one of its own, `metrics/baseline.json` has
    the primary metric of both. In `metrics/test.json` the primary metric comes first, low and high bound it with 95 %
    confidence, and ratio is the model's over the baseline's, or what the model's lacks to 1 over what the baseline's
    does.
    """
    test = prepared.read(
        prepared.FOLDER, params.parts.test, [field.name for field in interface.REQUEST],
        (*features.NUMERIC, *features.CATEGORICAL),
    )  # fmt: skip
    model = read_json(MODEL / "model.json")
    loaded = runtime.load((MODEL / f"model.{model['format']}").read_bytes(), model)
    predicted = scoring.respond(loaded.predict(test.features), test.request)
    constant = scoring.respond(np.full(len(test), model["baseline"]), test.request)
    moment = features.prediction_time(test.request)
    day = moment // DAY
    measured = scorer(interface.TASK, params.evaluation.metric)
    rule = baselines.hardest(scoring, measured, test.label, constant, (test.request, test.features))
    baseline = rule.predicted
    simple = {"rows": len(test), **measured.measure(test.label, baseline)}
    score = {"rows": len(test), **measured.measure(test.label, predicted)}
    primary = measured.primary.name
    low, high = interval(measured.primary, test.label, predicted, day)
    ratio = measured.lack(test.label, predicted) / measured.lack(test.label, baseline)
    segments = scoring.slices(test.request)
    for name, values in segments.items():
        check_column(f"scoring.py: slices: '{name}'", values, len(test))
    slices = diagnostics.by_slice(
        segments, test.label, predicted, baseline, day, measured, params.evaluation.slice_min_rows
    )
    table = _predictions(test, moment, predicted, baseline)
    write_columns(table, Path("data/predictions/test.parquet"))
    write_json(score | {"low": low, "high": high, "ratio": ratio}, METRICS / "test.json")
    write_json({**simple, **(rule.measured if len(rule.measured) > 1 else {})}, METRICS / "baseline.json")
    write_csv(slices, METRICS / "slices.csv")
    write_csv(diagnostics.residuals(test.label, predicted), METRICS / "plots/residuals.csv")
    write_csv(diagnostics.calibration(test.label, predicted), METRICS / "plots/calibration.csv")
    write_csv(_reference(table), METRICS / "reference.csv")
    progress.say(f"{primary} {score[primary]:.4g} against {simple[primary]:.4g} of the baseline{_which(rule)}")


def _which(rule: Baseline) -> str:
    """Say which of two rules is the baseline; '' if there is one only."""
    if len(rule.measured) == 1:
        return ""
    return f" (the {rule.name}; {', '.join(f'{name} {value:.4g}' for name, value in rule.measured.items())})"


def _predictions(test: Prepared, moment: Array, predicted: Array, baseline: Array) -> dict[str, Array]:
    """The test predictions that are kept with every released model, one row per event."""
    keys = {name: test.request[name] for name in interface.KEY}
    return keys | {"prediction_time": moment, "actual": test.label, "predicted": predicted, "baseline": baseline}


def _reference(table: dict[str, Array]) -> list[dict[str, object]]:
    """A few predictions for git, so that a rebuild elsewhere can say how far it is off."""
    chosen = np.linspace(0, len(table["predicted"]) - 1, min(REFERENCE_ROWS, len(table["predicted"]))).astype(int)
    times = [field.name for field in interface.REQUEST if field.kind == "time"]
    names = [*interface.KEY, "predicted"]
    return [
        {name: _readable(table[name][row]) if name in times else table[name][row] for name in names} for row in chosen
    ]


def _readable(minutes: float) -> str:
    return format_time(int(minutes)) if minutes == minutes else ""
