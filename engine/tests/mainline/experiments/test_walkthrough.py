"""One request step by step, through a real package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.data.storage import read_columns
from mainline.errors import MainlineError, PackageError, RequestError
from mainline.experiments import cases, pages, sentences, walkthrough
from mainline.experiments.explanation import explain_row, explain_tested
from mainline.experiments.walkthrough import Explanation
from tests.project import LIMIT, Project
from usecase import interface

BLOCKED = ("sklearn", "pandas", "pyarrow", "scipy", "skops", "skl2onnx", "joblib", "pandera", "dvc", "yaml", "pydantic")


@pytest.fixture(scope="module")
def golden(package_dir: Path) -> dict[str, Any]:
    """The package's own examples: requests and predictions."""
    return json.loads((package_dir / "golden.json").read_text(encoding="utf-8"))


@pytest.fixture
def here(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project as the working directory; tests only read it."""
    monkeypatch.chdir(small_project.path)
    return small_project


def explain(package: Path, request: dict[str, Any]) -> Explanation:
    """Explain a request."""
    predictor, profile, examples = walkthrough.load(package)
    return walkthrough.explain(predictor, profile, request, examples)


def test_explained_prediction_is_the_served_one(package_dir: Path, golden: dict[str, Any]) -> None:
    """For every golden request the explanation ends in the golden prediction, to the last bit, and adds up."""
    for request, prediction in zip(golden["requests"], golden["predictions"], strict=True):
        shares = explain(package_dir, request).contributions
        assert shares.prediction == prediction
        assert abs(shares.gap) < 1e-9


def test_what_respond_reads_of_the_request_is_a_reason(package_dir: Path, golden: dict[str, Any]) -> None:
    """A flight that left 45 minutes late has that as its main reason, though the model itself hardly uses it."""
    shares = explain(package_dir, golden["requests"][0] | {"dep_delay": 45}).contributions
    assert shares.values["dep_delay"] > 40
    assert max(shares.values, key=lambda name: abs(shares.values[name])) == "dep_delay"
    assert abs(shares.gap) < 1e-9


def test_a_field_without_a_feature_is_a_reason_too(package_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If respond reads a field that no feature is named after, what it adds is counted from the typical request."""
    predictor, profile, examples = walkthrough.load(package_dir)
    monkeypatch.setattr(predictor.scoring, "respond", lambda raw, columns: raw + columns.get("flight"))
    found = walkthrough.explain(predictor, profile, examples[0] | {"flight": 9000}, examples)
    middle = sorted(request["flight"] for request in examples)[len(examples) // 2]
    assert found.contributions.values["flight"] == pytest.approx(9000 - middle)
    assert f"mostly because flight number is 9000 instead of {middle} (+" in sentences.client(found)


def test_the_page_begins_with_a_sentence_for_a_client(package_dir: Path, golden: dict[str, Any]) -> None:
    """What is predicted, in which unit, against what is typical, and the three main reasons, without a term of ours."""
    page = pages.render(explain(package_dir, golden["requests"][0] | {"dep_delay": 45}), "One request")
    first = " ".join(page.strip().partition("\n\n")[0].split())
    other = r"[a-z ]+ is \S+ instead of \S+ \([+-][\d.]+\)"
    assert re.fullmatch(
        r"Arrival delay is predicted as -?[\d.]+ minutes, mostly because how late the flight left the gate is 45 "
        rf"instead of -?\d+ \(\+4\d(\.\d)?\)(, {other})? and {other}\. "
        r"Everything else adds ([+-][\d.]+|0) to the -?[\d.]+ of a typical row\.",
        first,
    )


@pytest.mark.usefixtures("here")
def test_a_test_row_is_found_by_its_error_and_by_its_key() -> None:
    """The worst row is the one with the largest error of all; its key leads to the same page."""
    kept = read_columns(cases.PREDICTIONS)
    row = int(np.argmax(np.abs(kept["actual"] - kept["predicted"])))
    page = explain_tested(None, 1)
    assert f"Test row {row}, number 1 of the worst, whose label is {kept['actual'][row]:g}, step by step" in page
    assert f"{kept['predicted'][row]:.4f}" in page
    key = ",".join(str(cases.worst(1)[1][name]) for name in ("time_hour", "carrier", "flight", "origin"))
    assert explain_tested(key, None).partition("1. Request")[2] == page.partition("1. Request")[2]


def test_the_label_of_a_test_row_is_the_class_as_the_data_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row whose label is text is not said to be labelled 1, which is the place of its class."""
    monkeypatch.setattr(interface, "CLASSES", ("No", "Yes"), raising=False)
    monkeypatch.setattr(interface, "KEY", ("customer",))
    monkeypatch.setattr(cases, "answered", lambda: (np.array([0.0, 1.0]), np.array([0.2, 0.1])))
    monkeypatch.setattr(cases, "_requests", lambda: [{"customer": "a"}, {"customer": "b"}])
    assert cases.worst(1) == ("Test row 1, number 1 of the worst, whose label is Yes", {"customer": "b"})
    assert cases.keyed("a") == ("Test row 0, whose label is No", {"customer": "a"})


@pytest.mark.parametrize(
    ("key", "worst", "said"),
    [
        (None, 0, r"--worst: there is no row 0; give 1, the worst, to \d+"),
        ("2013-03-01T10:00:00Z,UA,1545,EWX", None, r"--key: no test row has '.*'; did you mean '2013-.*'\?"),
        ("UA,7", None, r"--key: no test row has 'UA,7'; give time_hour, carrier, flight, origin .* such as 2013-"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_test_row_that_is_not_there_is_one_line(key: str | None, worst: int | None, said: str) -> None:
    """What can be asked for is named, with an example."""
    with pytest.raises(MainlineError, match=f"^{said}"):
        explain_tested(key, worst)


def test_lookups_are_what_the_features_were_made_of(package_dir: Path, golden: dict[str, Any]) -> None:
    """Every row that was found is of the request's entity, and older than the prediction by at least the lag."""
    request = golden["requests"][0]
    found = explain(package_dir, request)
    lookups = {lookup.table: lookup for lookup in found.lookups}
    assert lookups.keys() == found.predictor.tables.keys()
    weather = lookups["weather"]
    assert weather.age is not None
    assert weather.time is not None
    assert found.moment is not None
    assert (weather.entity, weather.age) == (request["origin"], found.moment - weather.time)
    assert 60 <= weather.age <= 60 + 360
    assert weather.values["temp"] == pytest.approx(found.features["temp"][0], rel=1e-6)


def test_unknown_entity_says_why_it_is_missing(package_dir: Path, golden: dict[str, Any]) -> None:
    """A plane that the table lacks, and a time that it does not reach, are named as two things."""
    found = explain(package_dir, golden["requests"][0] | {"tailnum": "N00000", "time_hour": "2031-01-01T10:00:00Z"})
    missing = {lookup.table: lookup.missing for lookup in found.lookups}
    assert missing["planes"] == "'N00000' is not in the table"
    assert missing["weather"] == "no row in the 360 min that it stays valid"
    assert missing["airports"] == ""
    assert all(np.isnan(value) for value in next(one for one in found.lookups if one.table == "planes").values.values())


def test_page_fits_a_terminal(package_dir: Path, golden: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request and feature is on the page, the steps are numbered, and no line is longer than 100 columns."""
    found = explain(package_dir, golden["requests"][-1])
    monkeypatch.setenv("COLUMNS", "100")
    page = pages.render(found, "Golden request 19")
    assert max(map(len, page.splitlines())) <= 100
    assert [line[:2] for line in page.splitlines() if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]
    assert all(name in page for name in (*found.features, *found.request))
    assert f"{found.contributions.prediction:.4f}" in page


def test_explaining_needs_no_training_library(here: Project) -> None:
    """A golden request is explained where scikit-learn, pandas and the like cannot be imported."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({BLOCKED}))\n"
        "from mainline.experiments.explanation import explain_row; print(explain_row(None, 0))"
    )
    environment = os.environ | {"PYTHONPATH": str(here.path / "src")}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=here.path, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert finished.returncode == 0, finished.stderr
    assert "4. Prediction: arr_delay, minutes" in finished.stdout


@pytest.mark.usefixtures("here")
def test_row_is_taken_from_a_file_or_as_json(golden: dict[str, Any], tmp_path: Path) -> None:
    """The same request in a file and on the command line gives the same page."""
    text = json.dumps(golden["requests"][2])
    (tmp_path / "row.json").write_text(text)
    assert explain_row(text, None) == explain_row(str(tmp_path / "row.json"), None)
    assert explain_row(None, 2).partition("step by step")[2] == explain_row(text, None).partition("step by step")[2]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"carrier": 1', r"--row: this is not JSON \("),
        ("nowhere.json", r"--row: cannot read 'nowhere\.json' \(.*No such file"),
        ("[1, 2]", r"--row: a request is one JSON object"),
    ],
)
@pytest.mark.usefixtures("here")
def test_unreadable_row_is_one_line(row: str, said: str) -> None:
    """What is not a request is refused in one line that says what to give."""
    with pytest.raises(MainlineError, match=f"^{said}") as raised:
        explain_row(row, None)
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("here")
def test_row_that_does_not_fit_names_the_field(golden: dict[str, Any]) -> None:
    """A request with a wrong value gets the line that a client would get."""
    with pytest.raises(RequestError, match=r"^row 0: distance: is 'far'; send a number"):
        explain_row(json.dumps(golden["requests"][0] | {"distance": "far"}), None)


@pytest.mark.parametrize("number", [-1, 1000])
@pytest.mark.usefixtures("here")
def test_golden_request_out_of_range_is_refused(number: int) -> None:
    """The golden requests are counted from 0, and there are no others."""
    with pytest.raises(MainlineError, match=rf"^--golden: there is no request {number}; give 0 to \d+\."):
        explain_row(None, number)


def test_changed_package_is_not_explained(package_dir: Path, tmp_path: Path) -> None:
    """A package that is not as it was sealed is refused before anything of it is used."""
    shutil.copytree(package_dir, tmp_path / "package")
    (tmp_path / "package/profile.json").write_text("{}")
    with pytest.raises(PackageError, match=r"profile\.json was changed"):
        walkthrough.load(tmp_path / "package")
