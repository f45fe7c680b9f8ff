"""Measure the exported model on the test months, which come after everything it was fitted or chosen on."""

from pathlib import Path

import numpy as np

from mainline import progress
from mainline.contract import Array
from mainline.data import prepared
from mainline.data.columns import format_time
from mainline.data.prepared import Prepared
from mainline.data.storage import read_json, write_columns, write_csv, write_json
from mainline.model import metrics, runtime
from mainline.params import Params
from mainline.stages.harness import run
from usecase import features, interface, scoring

FEATURES, MODEL, METRICS = Path("data/features"), Path("models/model"), Path("metrics")
DAY = 1440  # minutes
REFERENCE_ROWS = 50


def evaluate(params: Params) -> None:
    """Write test predictions, metrics against the baseline, slices, plot data and reference predictions."""
    test = prepared.read(FEATURES, params.months.test, [field.name for field in interface.REQUEST], params.features)
    model = read_json(MODEL / "model.json")
    loaded = runtime.load((MODEL / f"model.{model['format']}").read_bytes(), model)
    predicted = scoring.respond(loaded.predict(test.features), test.request)
    baseline = scoring.respond(np.full(len(test), model["baseline"]), test.request)
    moment = features.prediction_time(test.request)
    found = summarise(test.label, predicted, baseline, moment // DAY, params)
    slices = metrics.by_slice(
        scoring.slices(test.request), test.label, predicted, baseline, moment // DAY, interface.TASK,
        params.evaluation.slice_min_rows,
    )  # fmt: skip
    table = _predictions(test, moment, predicted, baseline)
    write_columns(table, Path("data/predictions/test.parquet"))
    write_json(found, METRICS / "evaluation.json")
    write_csv(slices, METRICS / "slices.csv")
    write_csv(metrics.residuals(test.label, predicted), METRICS / "plots/residuals.csv")
    write_csv(metrics.calibration(test.label, predicted), METRICS / "plots/calibration.csv")
    write_csv(_reference(table), METRICS / "reference.csv")
    primary = found["primary"]
    progress.say(f"{primary} {found['model'][primary]:.2f} against {found['baseline'][primary]:.2f} of the baseline")


def summarise(
    actual: Array, predicted: Array, baseline: Array, day: Array, params: Params
) -> dict[str, object]:
    """Measure n test predictions and the baseline's; `ratio` is model over baseline in the primary metric."""
    primary = metrics.PRIMARY[interface.TASK]
    model = metrics.measure(actual, predicted, interface.TASK)
    simple = metrics.measure(actual, baseline, interface.TASK)
    return {
        "months": ", ".join(params.months.test),
        "rows": len(actual),
        "primary": primary,
        "model": model,
        "baseline": simple,
        "interval": list(metrics.interval(metrics.losses(actual, predicted, interface.TASK), day, interface.TASK)),
        "ratio": model[primary] / simple[primary],
    }


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
        {name: format_time(int(table[name][row])) if name in times else table[name][row] for name in names}
        for row in chosen
    ]


if __name__ == "__main__":
    run("evaluate", evaluate)
