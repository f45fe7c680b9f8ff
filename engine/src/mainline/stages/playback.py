"""Play the window back for the package: what its days were like, and how far predictions strayed that saw no label.

The newest periods are predicted by the model itself, which was not fitted on them. Older ones are predicted by the same
estimator, fitted on the periods before them, a block of periods at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np

from mainline import personal, progress
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.columns import DAY
from mainline.data.dataset import Prepared
from mainline.data.moments import is_timed, prediction_time
from mainline.declared.params import Params
from mainline.errors import ParamsError
from mainline.labels import classes
from mainline.limits import document, playback, sizes, sketches, windows
from mainline.limits.document import Earned
from mainline.limits.sizes import Sizes
from mainline.limits.sketches import Bins
from mainline.limits.windows import Quality, Scored
from mainline.model import baselines, metrics, runtime
from mainline.model.metric import Metric
from mainline.stages import fitting
from usecase import features, interface, scoring

Periods = tuple[str, ...]


def earn(params: Params, model: Mapping[str, Any], bins: Bins, rule: str) -> Earned | None:
    """Return what the window was like and the limits that it earns; None of data without time.

    Args:
        params: the declared parameters.
        model: what `models/model/model.json` says.
        bins: how rows are counted.
        rule: the name of the baseline, as `baselines` has it.
    """
    if params.data.snapshot or not is_timed(features):
        return None
    declared, parts = params.monitor, params.parts
    rule = _logged(params, rule)
    days: dict[int, Any] = {}
    for period in (*parts.train, *parts.validation, *parts.test):
        rows = _read((period,), params)
        for day, sketch in document.by_day(rows.features, None, _day(rows), bins).items():
            days[day] = sketches.add([days[day], sketch]) if day in days else sketch
    usual = document.usual(days)
    counted = list(usual.values())
    scored = _scored(params, model, rule, bins)
    predicted = document.usual(
        document.by_day({"predicted": scored.predicted}, scored.predicted, scored.day, _alone(bins))
    )
    whole = sketches.add(counted).model_copy(update={"predicted": sketches.add(list(predicted.values())).predicted})
    length, every = declared.window_days, declared.false_alarms_every_days
    return Earned(
        first=_date(min(usual)), last=_date(max(usual)), days=len(usual), window_days=length, every_days=every,
        margin=declared.margin, segment_rows=declared.segment_rows,
        baseline="rule" if rule == baselines.RULE else "constant",
        columns=document.worst(counted), whole=whole,
        features=playback.play(counted, length, every, declared.drift_margin),
        predictions=document.play_predictions(list(predicted.values()), length, every, declared.drift_margin),
        quality=_play(params, _metric(params, model), scored),
    )  # fmt: skip


def folds(params: Params) -> Iterator[tuple[Periods, Periods]]:
    """Yield periods to fit on and the block of periods after them, newest first, at most `monitor.fits` times."""
    fitted, fits = params.parts.train, params.monitor.fits
    newest = len(params.parts.validation) + len(params.parts.test)
    block = max(newest, ceil(len(fitted) / (fits + 2)))
    for _ in range(fits):
        if len(fitted) <= block:
            return
        fitted, after = fitted[:-block], fitted[-block:]
        yield fitted, after


def _play(params: Params, metric: Metric, scored: Scored) -> Quality | None:
    declared = params.monitor
    found = windows.play(
        scored, metric, declared.window_days, declared.segment_rows, declared.false_alarms_every_days, declared.margin
    )
    if found is not None:
        progress.say(f"quality: {playback.proof(found, declared.false_alarms_every_days)}")
    return found


def _metric(params: Params, model: Mapping[str, Any]) -> Metric:
    """Return the metric by which models are compared."""
    return metrics.declared(interface.TASK, classes(interface), params.evaluation, model.get("threshold")).primary


def _scored(params: Params, model: Mapping[str, Any], rule: str, bins: Bins) -> Scored:
    """Predict every period that a model can which was fitted on older ones."""
    loaded = runtime.load((fitting.MODEL / f"model.{model['format']}").read_bytes(), model)
    found = []
    for period in reversed((*params.parts.validation, *params.parts.test)):  # one at a time: all may not fit in memory
        rows = _read((period,), params)
        predicted = np.asarray(scoring.respond(loaded.predict(rows.features), rows.request), np.float64)
        found.append(_one(params, rows, predicted, model["baseline"], rule))
    tested = _joined(found[len(params.parts.test) - 1 :: -1])
    said = sizes.of(_metric(params, model), bins.predicted, tested.actual, tested.predicted, tested.weight)
    for fitted, after in folds(params):
        try:
            older = fitting.read(params, fitted)
            pipeline = fitting.fit(params, older)
        except ParamsError as error:  # old periods may lack a class, or have fewer rows than the estimator needs
            progress.say(f"{fitted[0]} through {fitted[-1]} are too few to play back: {error}")
            break
        constant = baselines.fit_constant(fitting.target(older), classes(interface), fitting.weigh(older))
        rows = _read(after, params)
        found.append(_one(params, rows, fitting.predict(pipeline, rows, params), constant, rule))
    return _joined(found[::-1], said)


def _one(params: Params, rows: Prepared, predicted: Array, constant: Any, rule: str) -> Scored:
    simple = np.asarray(scoring.respond(baselines.repeat(constant, len(rows)), rows.request), np.float64)
    if rule == baselines.RULE:
        simple = baselines.own(scoring, simple, rows.request, rows.features)[baselines.RULE]
    hidden = personal.columns(interface)
    texts = [name for name in params.features if name in features.CATEGORICAL and name not in hidden]
    segments = windows.segments(scoring, rows.request, texts)
    return Scored(rows.label, predicted, simple, _day(rows), segments, fitting.weigh(rows))


def _logged(params: Params, rule: str) -> str:
    """Return the baseline that production's log allows: it has the model's features, and a rule may read others."""
    if rule == baselines.CONSTANT:
        return rule
    rows = _read(params.parts.test[-1:], params).take(np.arange(1))
    try:
        scoring.baseline(rows.request, rows.features)
    except KeyError as error:
        progress.say(f"skill is held to the constant: the log has no {error}, which `baseline` in scoring.py reads")
        return baselines.CONSTANT
    return rule


def _joined(found: Sequence[Scored], said: Sizes | None = None) -> Scored:
    """Put the rows of several periods below each other."""
    weights = [one.weight for one in found if one.weight is not None]
    return Scored(
        actual=np.concatenate([one.actual for one in found]),
        predicted=np.concatenate([one.predicted for one in found]),
        baseline=np.concatenate([one.baseline for one in found]),
        day=np.concatenate([one.day for one in found]),
        segments={name: np.concatenate([one.segments[name] for one in found]) for name in found[0].segments},
        weight=np.concatenate(weights) if weights else None,
        sizes=said,
    )


def _read(periods: Periods, params: Params) -> Prepared:
    request = [field.name for field in interface.REQUEST]
    return dataset.read(dataset.FOLDER, periods, request, params.features)


def _day(rows: Prepared) -> Array:
    return np.asarray(prediction_time(features, rows.request) // DAY)


def _alone(bins: Bins) -> Bins:
    """Return the bins of predictions alone."""
    return Bins({}, (), bins.predicted, bins.classes)


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))
