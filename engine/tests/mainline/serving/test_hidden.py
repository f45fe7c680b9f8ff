"""What a server keeps of personal values: hashes in its log, reasons in its description, and answers as before."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.data.pseudonyms import VARIABLE
from mainline.declared.service import Settings
from mainline.errors import MainlineError
from mainline.serving.answering import keys, routing
from mainline.serving.answering.model import Model
from mainline.serving.prediction_log import PATTERN
from mainline.serving.service import Service
from tests.mainline.serving.asking import Client
from tests.mainline.serving.log_reader import lines

Rows = list[dict[str, Any]]
REASONS = {
    "tailnum": "to look the plane up", "carrier": "it is a feature", "dep_delay": "it is a feature, too",
    "flight": "it is part of the key",
}  # fmt: skip
PLANTED = {"tailnum": "N0PLNT", "carrier": "Q7", "dep_delay": 1234.5, "flight": 9876}


@pytest.fixture
def model(shared_model: Model) -> Model:
    """The package with personal fields, two of which are features: a text and a number."""
    predictor = copy.copy(shared_model.predictor)
    predictor.manifest = {**predictor.manifest, "personal": REASONS}
    return Model("v1.0.0", predictor)


@pytest.mark.parametrize("many", [1, 20])
def test_no_planted_value_is_in_the_log(
    make_client: Callable[..., Client], rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Of single requests and of many at once neither inputs nor features of the log hold what is personal."""
    monkeypatch.setenv(VARIABLE, "k" * 32)
    client = make_client(log={"directory": tmp_path / "log"})
    client.service.start()
    answer = client.predict([{**row, **PLANTED} for row in rows[:many]])
    client.service.stop()
    assert answer.status == 200
    content = b"".join(path.read_bytes() for path in (tmp_path / "log").glob(PATTERN))
    assert [str(value) for value in PLANTED.values() if str(value).encode() in content] == []
    (line,) = lines(tmp_path / "log")
    assert line["inputs"]["dest"] == [row["dest"] for row in rows[:many]]
    assert len(set(line["inputs"]["tailnum"])) == 1
    assert line["inputs"]["tailnum"][0].startswith("#")
    assert line["features"]["carrier"] == line["inputs"]["carrier"]
    assert line["features"]["dep_delay"] == [None] * many


def test_personal_features_reach_the_model(model: Model, shared_model: Model, rows: Rows) -> None:
    """Hiding is for what is kept: each answer is that of the same package without the declaration."""
    for row in rows:
        planted = [{**row, "dep_delay": 1234.5}]
        assert model.predictor.predict(planted) == shared_model.predictor.predict(planted)
        assert model.predictor.predict(planted) != model.predictor.predict([row])


def test_description_gives_the_reason_of_each_personal_field(make_client: Callable[..., Client]) -> None:
    """`/openapi.json` says of each personal field why it is needed, and of the others nothing."""
    described = make_client().ask("/openapi.json").json["components"]["schemas"]["Request"]["properties"]
    assert {name: one["x-personal"] for name, one in described.items() if "x-personal" in one} == REASONS


def test_server_without_a_place_for_its_key_does_not_start(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that logs and has no key says so in one line before it answers; one that does not log needs none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / ".mainline").write_text("a file")
    keys.make(tmp_path / "keys.yaml", "client", "predict")
    section = {"keys": tmp_path / "keys.yaml"}
    Service(Settings.model_validate(section), routing.single(model))
    logging = Settings.model_validate({**section, "log": {"directory": tmp_path / "log"}})
    with pytest.raises(MainlineError, match=f"^the prediction log hides personal values, .* Set {VARIABLE}, "):
        Service(logging, routing.single(model))


def test_error_of_a_model_is_logged_without_its_words(
    make_client: Callable[..., Client], model: Model, rows: Rows, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """What code says of a value that it cannot take is not in the service's log either."""

    def fail(columns: Any, *_: Any) -> Any:
        raise KeyError(str(columns["tailnum"][0]))

    monkeypatch.setattr(model.predictor.features, "compute", fail)
    assert make_client().predict([{**rows[0], **PLANTED}]).status == 500
    assert [record.fields["error"] for record in caplog.records] == ["KeyError"]  # type: ignore[attr-defined]


def test_error_outside_of_a_model_is_logged_without_its_words(
    make_client: Callable[..., Client], rows: Rows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes wrong where a request is read may repeat its values, too; only the kind of error is logged."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("cannot read N0PLNT")

    client = make_client()
    monkeypatch.setattr(type(client.service), "choose", fail)
    with caplog.at_level("ERROR", logger="mainline.serving"):
        answer = client.predict([{**rows[0], **PLANTED}])
    assert answer.status == 500
    (record,) = [one for one in caplog.records if one.getMessage() == "request failed"]
    assert record.__dict__["fields"]["error"] == "ValueError"
