"""A prediction in one sentence: for numbers, two classes and several, and its figures add up."""

import json
import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mainline.contract import Field
from mainline.experiments import explanation as explanation_page
from mainline.experiments import sentences, walkthrough
from mainline.experiments.contributions import Contributions
from tests.project import Project

FIGURE = r"[+-]?[\d,]+(?:\.\d+)?"
NUMBERS = some.floats(-1e9, 1e9, allow_subnormal=False)


def figures(said: str) -> tuple[Decimal, Decimal, list[Decimal]]:
    """Return the prediction, the typical row and what is added, as a sentence has them."""
    found = re.search(rf" is predicted as ({FIGURE})", said), re.search(rf"adds ({FIGURE}) to the ({FIGURE}) of", said)
    assert found[0], said
    assert found[1], said
    reasons = re.findall(rf"\(({FIGURE})\)", said)
    number, rest, start = (Decimal(text.replace(",", "")) for text in (found[0][1], found[1][1], found[1][2]))
    return number, start, [rest, *(Decimal(reason.replace(",", "")) for reason in reasons)]


def explanation(reference: float, values: dict[str, float], task: str = "regression", **more: Any) -> Any:
    """Make up an explanation with these contributions."""
    fields = (Field("dep_delay", "number", "How late it left; negative is early", 1.0, "minutes"),)
    response = {"name": "price", "description": "Price of the sale, without tax", "unit": "EUR"}
    manifest = {"task": task, "response": response, "model": more.pop("model", {})}
    return SimpleNamespace(
        contributions=Contributions(reference, reference + sum(values.values()), values, dict.fromkeys(values, 0.0)),
        features={name: np.array([7.0]) for name in values}, typical={name: np.array([2.5]) for name in values},
        is_probability=task != "regression", of_class=more.get("of_class", ""), runner_up=more.get("runner_up"),
        quantile=more.get("quantile"),
        predictor=SimpleNamespace(request=fields, manifest=manifest),
    )  # fmt: skip


@given(NUMBERS, some.lists(NUMBERS, min_size=1, max_size=6))
def test_figures_of_a_sentence_add_up(reference: float, added: list[float]) -> None:
    """Whoever adds the rounded figures to the typical row gets the rounded prediction, to the last digit."""
    said = sentences.client(explanation(reference, {f"feature_{number}": one for number, one in enumerate(added)}))
    number, start, parts = figures(said)
    assert number == start + sum(parts)
    assert "e+" not in said


def test_a_request_s_field_is_named_as_its_description_begins() -> None:
    """A reason is named as a client knows it, and one that the request does not have by its name in words."""
    said = sentences.client(explanation(-9.0, {"dep_delay": 40.0, "dest_gain": 5.25}))
    assert said == (
        "Price of the sale is predicted as 36.2 EUR, mostly because how late it left is 7 instead of 2.5 (+40.0) and "
        "dest gain is 7 instead of 2.5 (+5.2). Everything else adds 0 to the -9.0 of a typical row."
    )


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({"of_class": "Yes", "model": {"threshold": 0.35}}, "That counts as Yes: the limit is 0.35."),
        ({"of_class": "Yes", "model": {"threshold": 0.9}}, "That counts as not Yes: the limit is 0.9."),
        ({"of_class": "b", "runner_up": ("a", 0.25)}, "The next most probable is a, with 0.25."),
    ],
)
def test_a_class_is_held_against_another(more: dict[str, Any], end: str) -> None:
    """Of two classes the limit says which one it is, of several the next one is named; neither has a unit."""
    said = sentences.client(explanation(0.5, {"size": 0.2}, "classification", **more))
    assert said.startswith(f"The probability of {more['of_class']} is predicted as 0.700, mostly because size is 7 ")
    assert said.endswith(f"of a typical row. {end}")


def test_a_declared_interval_ends_the_sentence() -> None:
    """A number that is served with an interval is told with it, rounded like the prediction."""
    found = explanation(10.0, {"size": 2.0})
    found.predictor.manifest["interval"] = {"level": 0.9}
    found.predictor.response = SimpleNamespace(cells=lambda number: [number, number - 1.234, number + 5])
    assert sentences.client(found).endswith("In 90 % of cases it turns out between 10.8 and 17.0.")


def test_a_quantile_is_told_as_what_stays_below_it() -> None:
    """A model that is compared by the loss of a quantile does not predict the price, but what few cases exceed."""
    said = sentences.client(explanation(10.0, {"size": 2.0}, quantile=0.9))
    assert said.startswith(
        "Price of the sale is predicted to stay below 12.0 EUR in 90 % of cases, mostly because size"
    )
    assert said.endswith("Everything else adds 0 to the 10.0 of a typical row.")


@pytest.mark.parametrize(
    ("measured", "quantile"),
    [({"rows": 9, "pinball_0.9": 3.5, "rmse": 14.2}, 0.9), ({"rows": 9, "rmse": 14.2}, None), (None, None)],
)
def test_the_metrics_here_say_whether_a_quantile_is_predicted(
    measured: dict[str, float] | None, quantile: float | None, tmp_path: Path
) -> None:
    """The loss of a quantile is measured where it is declared; without metrics it is not known."""
    file = tmp_path / "test.json"
    if measured is not None:
        file.write_text(json.dumps(measured))
    assert explanation_page._quantile(file) == quantile


@pytest.mark.parametrize("project", ["small_project", "other_project", "flower_project"])
def test_a_real_prediction_adds_up_in_its_sentence(project: str, request: pytest.FixtureRequest) -> None:
    """For a number, two classes and three, the sentence of every golden request adds up to what is served."""
    made: Project = request.getfixturevalue(project)
    package = made.path / "models/package"
    predictor, profile, examples = walkthrough.load(package)
    served = json.loads((package / "golden.json").read_text())["predictions"]
    for asked, prediction in zip(examples, served, strict=True):
        found = walkthrough.explain(predictor, profile, asked, examples)
        number, start, parts = figures(sentences.client(found))
        assert number == start + sum(parts)
        if isinstance(prediction, dict):
            assert found.of_class == str(prediction["class"])
            prediction = prediction["probabilities"][found.of_class]
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int), number
        assert float(number) == pytest.approx(prediction, abs=10.0**exponent)
        assert abs(found.contributions.gap) < 1e-9
