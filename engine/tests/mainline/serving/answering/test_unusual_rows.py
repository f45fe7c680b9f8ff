"""Rows outside of what the model has seen are marked, with the reason, in every way in which answers come."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pytest

from mainline.errors import PackageError
from mainline.exchange.routes import Route, Routes
from mainline.limits import sketches
from mainline.limits.document import Earned, worst
from mainline.limits.experience import Seen, earned, profile
from mainline.limits.sketches import Bins
from mainline.model.runtime import Inputs
from mainline.package import manifest as manifests
from mainline.scoring import files, lines
from mainline.serving.answering import routing
from mainline.serving.answering.model import Model
from mainline.serving.answering.unusual_rows import Unusual
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client
from tests.mainline.serving.endpoints.test_openapi import schema
from tests.mainline.serving.endpoints.test_protocol import conforms, tensors

Rows = list[dict[str, Any]]
Make = Callable[..., Client]
STRANGE = [
    {"rows": [1], "feature": "dep_delay", "reason": "above"},
    {"rows": [2], "feature": "carrier", "reason": "unseen"},
]


@pytest.fixture
def marking(package_dir: Path) -> Model:
    """The package with marks, a tenth of the range beyond training."""
    return Model.load(package_dir, "v1.0.0", slack=0.1)


@pytest.fixture
def told(make_client: Make, marking: Model, tmp_path: Path) -> Client:
    """A client of a service that tells."""
    client = make_client(log={"directory": tmp_path / "log", "flush_seconds": 0.01})
    client.service.routing = routing.single(marking)
    return client


@pytest.fixture
def strange(rows: Rows) -> Rows:
    """Three requests: as in training, with a delay of two days, and of a carrier that never was."""
    return [rows[0], rows[0] | {"dep_delay": 2999}, rows[0] | {"carrier": "ZZ"}]


def test_answer_names_rows_features_and_reasons(told: Client, strange: Rows) -> None:
    """Each unusual row is named with its feature and the reason, and usual rows are not; predictions stay."""
    answer = told.predict(strange).json
    assert answer["unusual"] == STRANGE
    assert told.predict(strange[0]).json["unusual"] == []
    alone = told.predict(strange[2]).json
    assert alone["unusual"] == [{"rows": [0], "feature": "carrier", "reason": "unseen"}]
    assert alone["predictions"] == [answer["predictions"][2]]


def test_requests_answered_together_get_their_own_marks(told: Client, strange: Rows) -> None:
    """Requests of one batch: the rows of each are counted from 0 on, and nobody reads another's marks."""
    replies = told.ask_all([("/predict", row, None, {}) for row in strange])
    assert [[mark["reason"] for mark in reply.json["unusual"]] for reply in replies] == [[], ["above"], ["unseen"]]
    assert all(mark["rows"] == [0] for reply in replies for mark in reply.json["unusual"])


def test_nothing_is_said_unless_declared(client: Client, strange: Rows) -> None:
    """Without the setting neither answers, schema nor metrics know of it."""
    assert "unusual" not in client.predict(strange).json
    assert "Unusual" not in client.ask("/openapi.json").json["components"]["schemas"]
    assert b"mainline_unusual" not in client.ask("/metrics", key=client.admin).body


def test_answers_keep_the_document_that_describes_marks(told: Client, strange: Rows) -> None:
    """An answer with marks is valid by the OpenAPI document, one without the member is not."""
    document = told.ask("/openapi.json").json
    answer = told.predict(strange).json
    validator = jsonschema_rs.validator_for(schema(document, "Answer"))
    validator.validate(answer)
    assert not validator.is_valid({name: value for name, value in answer.items() if name != "unusual"})
    assert not validator.is_valid(answer | {"unusual": [STRANGE[0] | {"reason": "odd"}]})


def test_protocol_says_the_same_in_a_parameter(told: Client, marking: Model, strange: Rows) -> None:
    """The Open Inference Protocol's answer has the marks as the text of a JSON list, and keeps its schema."""
    answer = told.ask(f"/v2/models/{marking.name}/infer", tensors(strange, marking)).json
    assert json.loads(answer["parameters"]["unusual"]) == STRANGE
    assert conforms(answer, "answer")


def test_marks_are_counted_and_logged(told: Client, strange: Rows, tmp_path: Path) -> None:
    """A counter by feature and reason, one of rows, and one list per row in the prediction log."""
    told.service.start()
    told.predict(strange)
    told.service.stop()
    page = told.ask("/metrics", key=told.admin).body.decode()
    assert 'mainline_unusual_rows_total{version="v1.0.0"} 2' in page
    assert 'mainline_unusual_total{version="v1.0.0",feature="carrier",reason="unseen"} 1' in page
    assert log_reader.rows(tmp_path / "log")["unusual"].tolist() == [[], ["dep_delay: above"], ["carrier: unseen"]]


def test_files_and_streams_say_so_by_row(marking: Model, strange: Rows, tmp_path: Path) -> None:
    """A file gets a column of the marks, a stream a member; '' and [] stand for a usual row."""
    source = tmp_path / "flights.csv"
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(strange[0]))
        writer.writeheader()
        writer.writerows(strange)
    files.score(marking, source, tmp_path / "out")
    (part,) = (tmp_path / "out/predictions").glob("*.csv")
    found = [row["unusual"] for row in csv.DictReader(part.read_text().splitlines())]
    assert found == ["", "dep_delay: above", "carrier: unseen"]
    content, written = io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in strange)), io.BytesIO()
    assert lines.run(marking, content.read, written.write) == 0
    streamed = [json.loads(line)["unusual"] for line in written.getvalue().splitlines()]
    assert streamed == [[], ["dep_delay: above"], ["carrier: unseen"]]


def test_rows_of_training_are_usual_without_slack(package_dir: Path) -> None:
    """The ends of training, as the model reads them in float32, are not beyond themselves."""
    manifest, contents = manifests.read(package_dir)
    seen = Seen(profile(contents), earned(contents))
    names, texts = manifest["model"]["numeric"], manifest["model"]["categorical"]
    unusual = Unusual(seen, manifest["model"], 0.0)
    for place in (0, 1):
        ends = np.array([[(seen.ends(name) or (0, 0))[place] for name in names]], np.float32)
        known = np.array([[min(seen.values(name) or {"x"}) for name in texts]], object)
        found = unusual.find(Inputs(ends, known))
        assert found is None, unusual.by_row(found, 0, 1)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (-11, "below"),
        (111, "above"),
        (-np.inf, "below"),
        (np.inf, "above"),
        (np.nan, "missing"),
        (0.5, "not_whole"),
    ],
)
def test_number_is_marked_by_what_training_had(number: float, reason: str) -> None:
    """Of numbers that were whole, none missing, from 0 to 100: what is within a slack of a tenth is usual."""
    unusual = Unusual(whole(0.0, 100.0), {"numeric": ["x"], "categorical": []}, 0.1)

    def marks(*values: float) -> list[list[str]]:
        inputs = Inputs(np.array([values], np.float32).T, np.empty((0,), object))
        return unusual.by_row(unusual.find(inputs), 0, len(values))

    assert marks(-10, number, 110) == [[], [f"x: {reason}"], []]


def test_what_training_had_too_is_usual() -> None:
    """A missing value is usual where training had missing ones, and a fraction where it says nothing of fractions."""
    told = {"x": {"kind": "number", "missing": 0.5, "deciles": [0.0, 100.0]}}
    texts = {"t": {"kind": "text", "missing": 0.1, "distinct": 1, "shares": {"a": 0.9}},
             "many": {"kind": "text", "missing": 0.0, "distinct": 9, "shares": {"a": 0.9}}}  # fmt: skip
    unusual = Unusual(Seen(told | texts, None), {"numeric": ["x"], "categorical": ["t", "many"]}, 0.0)
    rows = Inputs(np.array([[np.nan], [0.5], [0.5]], np.float32), np.array([["", "b"], ["a", "b"], ["c", ""]], object))
    assert unusual.by_row(unusual.find(rows), 0, 3) == [[], [], ["t: unseen", "many: missing"]]


def test_routes_load_versions_that_tell(package_dir: Path) -> None:
    """A version that a routing file names is told of as the settings say."""
    found = Routes(routes=[Route(version="v1.0.0", package=package_dir, weight=1)])
    assert routing.load(found, [], 1000, 0.1).models[0].unusual is not None
    assert routing.load_sound(found, 1000, 0.1).models[0].unusual is not None
    assert routing.load(found, [], 1000).models[0].unusual is None


def test_package_that_does_not_say_is_refused_by_name(package_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose limits cannot be read here says so when rows are to be marked, and serves without."""
    manifest, contents = manifests.read(package_dir)
    monkeypatch.setattr(manifests, "opened", lambda _directory: (manifest, {**contents, "monitor.json": b"{}"}))
    with pytest.raises(PackageError, match="what its model has seen cannot be read here"):
        Model.load(package_dir, slack=0.1)
    assert Model.load(package_dir).unusual is None


def whole(low: float, high: float) -> Seen:
    """What a window says whose numbers were whole, without one that was missing."""
    sketch = sketches.of_columns({"x": np.array([low, high])}, None, Bins({"x": ()}, (), ()))
    return Seen({}, Earned.model_construct(columns=worst([sketch]), whole=sketch))
