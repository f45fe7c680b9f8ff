"""Put together the model package, and hold it to the pipeline: same features, same predictions, every test row."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mainline import personal, progress
from mainline.contract import Array, Columns
from mainline.data import dataset, predictions, sides
from mainline.data.dataset import Prepared
from mainline.data.lookup import Table
from mainline.data.moments import is_timed
from mainline.data.profile import bins, describe, without_values
from mainline.data.storage import fresh_directory, read_columns, read_json, tidy
from mainline.declared import card as declared_card
from mainline.declared.params import Params
from mainline.errors import MainlineError
from mainline.labels import classes
from mainline.limits import sketches
from mainline.limits.sketches import Bins
from mainline.model import baselines, batches, metrics
from mainline.package import build, card, manifest, sealing
from mainline.package.predictor import Predictor
from mainline.stages import checkpoints, playback, served_model
from mainline.stages.served_model import Served
from usecase import features, interface, tables

MODEL, PACKAGE = Path("models/model"), Path("models/package")
PREDICTIONS, METRICS, CODE = Path("data/predictions/test.parquet"), Path("metrics"), Path("src/usecase")


def package(params: Params) -> None:
    """Write `models/package`."""
    request = [field.name for field in interface.REQUEST]
    tested = {part: dataset.read(dataset.FOLDER, [part], request, params.features) for part in params.parts.test}
    newest, needed = tested[params.parts.test[-1]], params.data.periods[-len(tested) - 1 :]
    sealed = {table.name: sealing.read(table, needed) for table in tables.FEATURE_TABLES}
    strange = _strangers(sealed, needed, tested)
    rows, names = dataset.join(tested.values()), classes(interface)
    model = read_json(MODEL / "model.json")
    again = served_model.fit(params, model, rows) if params.split.refit else None
    description = describe_package(params, model, again)
    profile, measured = _profile(params), (MODEL / f"model.{model['format']}").read_bytes()
    contents = build.Contents(
        description=description,
        request=interface.REQUEST,
        response=interface.RESPONSE,
        tables=sealed,
        model=measured if again is None else again.content,
        measured=None if again is None else measured,
        profile=profile,
        monitor=_monitor(params, model, profile),
        card=_card(description),
        test_predictions=PREDICTIONS.read_bytes(),
        test_columns=newest.request,
        code=CODE,
        strangers=int(strange.sum()),
    )
    predictor = build.build(
        fresh_directory(PACKAGE), contents, lambda made: check_features(made, rows.request, rows.features, strange)
    )
    check_batches(predictor, params.limits.parity)
    predicted = predictions.from_columns(read_columns(PREDICTIONS, predictions.named(names)), names)
    check_predictions(Predictor.load(PACKAGE, measured=True), rows.request, predicted, strange)
    if again is not None:
        check_predictions(predictor, rows.request, again.predicted, strange)
    progress.say(
        f"{predictor.manifest['name']} {predictor.digest[:12]}, {manifest.size(PACKAGE) / 1e6:.1f} MB, "
        f"same features and predictions as the pipeline on {len(rows) - int(strange.sum()):,} rows"
    )
    checkpoints.forget("package")


def describe_package(params: Params, model: Mapping[str, Any], again: Served | None = None) -> dict[str, Any]:
    """Say what the package is and what it was made from: data, parameters, and the lock's hashes of its inputs.

    With `again`, that is the served model, and `model` is the measured model.
    """
    text = json.dumps(params.shaping, sort_keys=True)
    return {
        "name": interface.NAME,
        "task": interface.TASK,
        **({"classes": list(classes(interface))} if classes(interface) else {}),
        **({"model": model} if again is None else _both(model, again)),
        **_interval(),
        **_data(params),
        **({"personal": found} if (found := personal.columns(interface)) else {}),
        "made_from": {"params": hashlib.sha256(text.encode()).hexdigest(), **_lock_entries()},
    }


def _both(measured: Mapping[str, Any], again: Served) -> dict[str, Any]:
    """Name the served model, the measured model, and on how many rows the first was fitted."""
    return {"model": again.model, "judged": measured, "refit": {"rows": again.rows}}


def _interval() -> dict[str, Any]:
    """Return what is added to a prediction for the ends of its interval, if one is declared."""
    measured = read_json(METRICS / "test.json")
    if "interval" not in measured:
        return {}
    return {"interval": {"level": measured["interval"], "ends": [measured["interval_low"], measured["interval_high"]]}}


def _data(params: Params) -> dict[str, Any]:
    """Say of each part which periods it holds; without time, which share of the rows, and how they are split."""
    if not params.data.snapshot:
        return {"window": {name: list(parts) for name, parts in asdict(params.parts).items()}}
    shares = {"validation": float(params.split.validation), "test": float(params.split.test)}
    by = sides.rule(interface)
    window = sides.describe(params.data.snapshot, by, **shares)
    return {"window": window, "snapshot": {"name": params.data.snapshot, "by": list(by), **shares}}


def _profile(params: Params) -> dict[str, Any]:
    """Describe the training rows, a few columns at a time.

    Of a snapshot also count them in bins, since a later one does not have them.
    """
    described: dict[str, Any] = {}
    counted: dict[str, Any] = {}
    hidden = personal.columns(interface)
    for name, values in dataset.by_column(dataset.FOLDER, params.parts.train, [*params.features, dataset.LABEL]):
        column = {name: values}
        found = describe(column)
        described |= {name: without_values(found[name])} if name in hidden else found
        if not is_timed(features) and name != dataset.LABEL and name not in hidden:
            counted |= bins(column)
    profile = {"rows": len(column[dataset.LABEL]), "columns": tidy(described)}
    return profile | ({"bins": counted} if counted else {})


def _monitor(params: Params, model: dict[str, Any], profile: dict[str, Any]) -> dict[str, Any] | None:
    """Return what playing the window back allows, as the package carries it; None of data without time."""
    watched = [name for name in params.features if name not in personal.columns(interface)]
    numbers = {
        name: sketches.edges(profile["columns"][name].get("deciles", ()))
        for name in watched if name in features.NUMERIC
    }  # fmt: skip
    texts = [name for name in watched if name in features.CATEGORICAL]
    names = classes(interface)
    predicted = predictions.from_columns(read_columns(PREDICTIONS, predictions.named(names)), names)
    several = tuple(map(str, names)) if len(names) > 2 else ()
    bins = Bins(numbers, texts, sketches.edges_of_predictions(predicted), several)
    measured = read_json(METRICS / "baseline.json")
    rule = baselines.RULE if baselines.RULE in measured and _is_rule(params, model, measured) else baselines.CONSTANT
    found = playback.earn(params, model, bins, rule)
    return None if found is None else tidy(found.model_dump(mode="json"))


def _is_rule(params: Params, model: dict[str, Any], measured: dict[str, float]) -> bool:
    """Say whether the use case's own rule is harder to beat than the constant, by the primary metric of each."""
    scorer = metrics.declared(interface.TASK, classes(interface), params.evaluation, model.get("threshold"))
    rule, constant = (scorer.primary.lack(measured[name]) for name in (baselines.RULE, baselines.CONSTANT))
    return bool(rule < constant)


def check_batches(predictor: Predictor, limit: float) -> None:
    """Refuse a package whose predictions depend on the rows beside them by more than last bits.

    Raises:
        MainlineError: saying by how much.
    """
    if predictor.tolerance > limit:
        raise MainlineError(
            f"a row is predicted up to {predictor.tolerance:g} apart alone and in a batch; limits.parity allows "
            f"{limit:g}. respond() in src/usecase/scoring.py must look at each row alone; where it magnifies, raise "
            "limits.parity."
        )


def check_features(predictor: Predictor, request: Columns, features: Columns, strange: Array) -> None:
    """Refuse a package if a feature of any of n rows differs from the pipeline's; rows marked `strange` are left out.

    Features are computed on every other row at a time, so that one which looks at the rows beside it shows.

    Raises:
        MainlineError: naming the feature and how many rows differ.
    """
    served = _compute_in_halves(predictor, request, list(features))
    for name, values in features.items():
        wrong = batches.differ(values, served[name]) & ~strange
        if wrong.any():
            raise MainlineError(
                f"training/serving skew: {name} differs in {int(wrong.sum())} of {len(wrong)} rows. "
                "A feature must depend on its request and its feature tables alone; see engine/docs/use-case.md."
            )


def check_predictions(predictor: Predictor, request: Columns, predicted: Array, strange: Array) -> None:
    """Refuse a package if it predicts any of n rows otherwise than the pipeline, from the same features.

    A prediction may move as far as the package states for other batches; rows marked `strange` are left out.

    Raises:
        MainlineError: saying how many rows differ.
    """
    wrong = batches.differ(predicted, predictor.predict_columns(request), predictor.tolerance) & ~strange
    if wrong.any():
        raise MainlineError(
            f"training/serving skew: the prediction differs in {int(wrong.sum())} of {len(wrong)} rows, though every "
            "feature is the same. respond() in src/usecase/scoring.py must depend on the model's output and the "
            "request alone, and the model must repeat itself."
        )


def _strangers(sealed: Mapping[str, Table], periods: Sequence[str], tested: Mapping[str, Prepared]) -> Array:
    """Mark the rows of all test periods that the sealed tables answer otherwise than their period's own."""
    if not is_timed(features):
        return np.zeros(sum(map(len, tested.values())), bool)
    found = [
        sealing.strangers(
            tables.FEATURE_TABLES, sealed, (before, period), tested[period].request,
            features.prediction_time(tested[period].request),
        )
        for before, period in pairwise(periods)
    ]  # fmt: skip
    return np.concatenate(found)


def _compute_in_halves(predictor: Predictor, request: Columns, names: Sequence[str]) -> dict[str, Array]:
    """Compute the named features of n requests, first of the even rows and then of the odd ones."""
    odd = np.arange(len(next(iter(request.values())))) % 2 == 1
    parts = [predictor.compute({name: values[half] for name, values in request.items()}) for half in (~odd, odd)]
    back = np.argsort(np.argsort(odd, kind="stable"))
    return {name: np.concatenate([part[name] for part in parts])[back] for name in names}


def _lock_entries() -> dict[str, str]:
    """The lock's hashes of what this stage reads; hashes of older stages follow from them through the lock."""
    stages = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]
    read = {str(path) for path in (dataset.FOLDER, sealing.FOLDER, MODEL, PREDICTIONS)}
    outputs = (output for stage in stages.values() for output in stage["outs"])
    return {output["path"]: f"{output['hash']}:{output['md5']}" for output in outputs if output["path"] in read}


def _card(description: dict[str, Any]) -> str:
    with (METRICS / "slices.csv").open(encoding="utf-8", newline="") as file:
        slices = list(csv.DictReader(file))
    measured = {name: read_json(METRICS / f"{name}.json") for name in ("data", "test", "baseline")}
    described = {**description, "response": asdict(interface.RESPONSE)}
    return card.write(described, measured, slices, interface.BANNED, declared_card.load())
