"""An interval around a prediction, wherever predictions are told; a package without one answers as before."""

import csv
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest

from mainline.scoring import files
from mainline.serving.answering import routing
from mainline.serving.answering.model import Model
from tests.mainline.package import samples
from tests.mainline.serving.asking import Client
from tests.mainline.serving.endpoints.test_openapi import schema
from tests.mainline.serving.endpoints.test_protocol import tensors

ROW = {"measured at": "2024-06-01T07:00:00Z"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that predicts its own request within an interval; shared, so tests only read it."""
    return samples.interval(tmp_path_factory.mktemp("interval"))


@pytest.fixture
def client(package: Path, make_client: Callable[..., Client]) -> Client:
    """A service of that package."""
    client = make_client()
    client.service.routing = routing.single(Model.load(package, "v1.0.0"))
    return client


def test_predict_tells_both_ends(client: Client) -> None:
    """One row and many; an end stays inside of what the response may be; the schema describes the answer."""
    asked = [{**ROW, samples.LENGTH: length} for length in (0.5, 3.0, 5.5)]
    answer = client.predict(asked).json
    found = [[round(value, 6) for value in row.values()] for row in answer["predictions"]]
    assert list(answer["predictions"][0]) == ["length", "length_low", "length_high"]
    assert found == [[0.5, 0.0, 2.5], [3.0, 2.0, 5.0], [5.5, 4.5, 6.0]]
    assert client.predict(asked[1]).json["predictions"] == answer["predictions"][1:2]
    jsonschema_rs.validator_for(schema(client.ask("/openapi.json").json, "Answer")).validate(answer)


def test_tensors_tell_both_ends(client: Client, package: Path) -> None:
    """The protocol has a tensor for each, by name or all."""
    rows = [{**ROW, samples.LENGTH: length} for length in (1.0, 3.0)]
    content = tensors(rows, Model.load(package))
    found = client.ask("/v2/models/flowers/infer", content).json["outputs"]
    assert [tensor["name"] for tensor in found] == ["length", "length_low", "length_high"]
    assert [round(value, 6) for value in found[2]["data"]] == [3.0, 5.0]
    one = client.ask("/v2/models/flowers/infer", {**content, "outputs": [{"name": "length_low"}]}).json["outputs"]
    assert one == found[1:2]


def test_files_tell_both_ends(package: Path, tmp_path: Path) -> None:
    """A file of predictions has a column for each."""
    model = Model.load(package, "v1.0.0")
    source = tmp_path / "rows.csv"
    source.write_text(f"measured at,{samples.LENGTH}\n2024-06-01T07:00:00Z,3.0\n")
    files.score(model, source, tmp_path / "out")
    with (tmp_path / "out/predictions/part-00000.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert [round(float(row[name]), 6) for name in ("length", "length_low", "length_high")] == [3.0, 2.0, 5.0]
