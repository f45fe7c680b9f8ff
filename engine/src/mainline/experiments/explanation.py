"""One prediction step by step, or what the model relies on in a slice: as text for a terminal, and as a picture."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainline.errors import MainlineError, nearest
from mainline.experiments.layout import number

if TYPE_CHECKING:
    from mainline.declared.params import Params
    from mainline.experiments.slices import Slice
    from mainline.experiments.walkthrough import Explanation


TEST = Path("metrics/test.json")


@dataclass(frozen=True)
class Form:
    """How an explanation is given: one sentence alone, only some of its features, a picture beside the text."""

    sentence: bool = False
    only: tuple[str, ...] = ()
    graph: bool = False


PAGE = Form()
"""All of it as text."""


def explain_row(row: str | None, golden: int | None, form: Form = PAGE) -> str:
    """Explain one request: JSON, a file of it, or one of the package's golden requests by number.

    Raises:
        RequestError: when it does not fit the package's request.
        MainlineError: when there is no such request or feature.
    """
    from mainline.experiments import walkthrough

    predictor, profile, examples = walkthrough.load()
    if golden is None:
        name, request = "One request", walkthrough.read_request(row or "")
    elif 0 <= golden < len(examples):
        name, request = f"Golden request {golden}", examples[golden]
    else:
        raise MainlineError(f"--golden: there is no request {golden}; give 0 to {len(examples) - 1}.")
    return _give(walkthrough.explain(predictor, profile, request, examples), name, form)


def explain_tested(key: str | None, worst: int | None, form: Form = PAGE) -> str:
    """Explain a row of the test: by its key, or the one with the n-th largest error.

    Raises:
        MainlineError: when there is no such row or feature.
    """
    from mainline.experiments import cases, walkthrough

    predictor, profile, examples = walkthrough.load(measured=True)
    name, request = cases.worst(worst) if worst is not None else cases.keyed(key or "")
    return _give(walkthrough.explain(predictor, profile, request, examples), name, form)


def explain_slice(text: str, form: Form = PAGE) -> str:
    """Say what the model relies on in a slice of the test rows, COLUMN=VALUE, beside all of them.

    Raises:
        MainlineError: when there is no such slice or feature, or the slice has too few rows.
    """
    from mainline import progress
    from mainline.declared import gate, params
    from mainline.experiments import cases, pages, pictures, sentences, slices, walkthrough

    loaded, declared = walkthrough.load(measured=True), params.load()
    cases.answered()
    tell = (lambda _: None) if form.sentence else progress.say
    found = slices.measure(loaded, declared, text, gate.load(declared.gate).confidence, tell)
    _check_only(form.only, [one.name for one in found.reliances])
    response, is_class = loaded[0].manifest["response"], loaded[0].manifest["task"] != "regression"
    unit = f" {response['unit']}" if response["unit"] and not is_class else ""
    if form.sentence:
        return sentences.of_slice(found, unit)
    said = pages.render_slice(found, unit, _quality(found, declared, loaded[0].manifest["model"]), form.only)
    return f"{said}\n\n{pictures.draw(pictures.of_slice(found, unit, form.only))}" if form.graph else said


def _quality(found: "Slice", declared: "Params", model: Mapping[str, Any]) -> str:
    """Say how good the model is in a slice and in all test rows."""
    from mainline.data import dataset
    from mainline.experiments import cases
    from mainline.labels import classes
    from mainline.model import metrics, weights
    from usecase import interface, scoring

    metric = metrics.declared(interface.TASK, classes(interface), declared.evaluation, model.get("threshold")).primary
    actual, predicted = cases.answered()
    asked = [field.name for field in interface.REQUEST]
    request = dataset.read(dataset.FOLDER, declared.parts.test, asked, []).request
    inside = scoring.slices(request)[found.column].astype("U") == found.value
    weight = weights.of(scoring, actual, request)
    there = None if weight is None else weight[inside]
    values = (metric.value(actual[inside], predicted[inside], there), metric.value(actual, predicted, weight))
    return f"{metric.name} {number(values[0])} there, {number(values[1])} on all test rows."


def _give(found: "Explanation", name: str, form: Form) -> str:
    """Write an explanation in the form that was asked for."""
    from mainline.experiments import pages, pictures, sentences

    _check_only(form.only, found.features)
    found = replace(found, quantile=_quantile())
    if form.sentence:
        return sentences.client(found)
    page = pages.render(found, name, form.only)
    return f"{page}\n\n{pictures.draw(pictures.of_one(found, name, form.only))}" if form.graph else page


def _quantile(file: Path = TEST) -> float | None:
    """Return which quantile the package here predicts, as its metrics tell; None if it predicts another thing.

    The loss of a quantile is measured only if models are compared by it.
    """
    from mainline.model.metric import quantile_of

    measured = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return next((share for name in measured if (share := quantile_of(name)) is not None), None)


def _check_only(only: Sequence[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in only:
        if name not in known:
            raise MainlineError(f"--only: there is no feature '{name}'; {nearest(name, known)}")
