"""Several classes at the serving end, and names that need care: every way in and out, on packages really built."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mainline.exchange import server_report as documents
from mainline.package.predictor import Predictor
from mainline.scoring import acceptance, files, lines
from mainline.serving import server_report
from mainline.serving.answering import routing
from mainline.serving.answering.model import Model
from mainline.serving.answering.routing import Routing
from tests.mainline.package import samples
from tests.mainline.package.test_predictor import resealed
from tests.mainline.scoring.test_acceptance import GENEROUS, failed, unsigned
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client
from tests.mainline.serving.endpoints.test_openapi import schema
from tests.mainline.serving.endpoints.test_protocol import conforms, tensors
from tests.mainline.serving.running import running

Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of three classes with text labels; shared, so tests only read it."""
    return samples.classes(tmp_path_factory.mktemp("classes"))


@pytest.fixture(scope="session")
def lengths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that predicts a number under a name with quotes; shared, so tests only read it."""
    return samples.number(tmp_path_factory.mktemp("number"))


@pytest.fixture(params=["flowers", "lengths"])
def package(request: pytest.FixtureRequest) -> Path:
    """Either of the two."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def model(package: Path) -> Model:
    """The package as it is served."""
    return Model.load(package, "v1.0.0")


@pytest.fixture
def rows(flowers: Path) -> Rows:
    """The golden requests, a third of which leave out all that is optional; both packages have the same."""
    return [dict(row) for row in golden(flowers)["requests"]]


def golden(package: Path) -> dict[str, Any]:
    """Return the golden requests and predictions of a package."""
    content: dict[str, Any] = json.loads((package / "golden.json").read_text(encoding="utf-8"))
    return content


def of_classes(flowers: Path, make_client: Callable[..., Client], **section: Any) -> Client:
    """Return a client of a service with three classes."""
    client = make_client(**section)
    client.service.routing = routing.single(Model.load(flowers, "v1.0.0"))
    return client


def test_prediction_of_classes_is_the_likeliest_and_all_probabilities(flowers: Path, rows: Rows) -> None:
    """A class as the data has it, and each class's probability under its name; that the package is held to."""
    predictor = Predictor.load(flowers)
    found = predictor.predict(rows)
    assert found == golden(flowers)["predictions"]
    assert {each["class"] for each in found} == set(samples.CLASSES)
    for each in found:
        assert list(each["probabilities"]) == list(samples.CLASSES)
        assert each["class"] == max(each["probabilities"], key=each["probabilities"].__getitem__)
        assert sum(each["probabilities"].values()) == pytest.approx(1)


def test_predict_answers_what_the_package_says(make_client: Callable[..., Client], package: Path, rows: Rows) -> None:
    """One row and many, with names and labels of any Unicode: the answer is the package's own, and as described."""
    client = make_client()
    client.service.routing = routing.single(Model.load(package, "v1.0.0"))
    document, expected = client.ask("/openapi.json").json, golden(package)["predictions"]
    if package.parent.name.startswith("number"):
        expected = [{'Länge "brutto", cm': value} for value in expected]
    for asked, found in ((rows, expected), (rows[0], expected[:1]), (rows[1:2], expected[1:2])):
        answer = client.predict(asked).json
        assert answer["predictions"] == found
        jsonschema_rs.validator_for(schema(document, "Requests")).validate(asked)
        jsonschema_rs.validator_for(schema(document, "Answer")).validate(answer)
    for item in document["paths"].values():
        if "post" in item:
            example = item["post"]["requestBody"]["content"]["application/json"]["example"]
            assert client.predict(example).status == 200 or "inputs" in example
    page = client.ask("/docs").body.decode()
    assert "größe &quot;in Räumen&quot;, ca." in page


def test_wrong_field_is_named_whatever_its_name(make_client: Callable[..., Client], lengths: Path, rows: Rows) -> None:
    """A refusal names the field, and it is counted under its name as Prometheus reads it."""
    client = make_client()
    client.service.routing = routing.single(Model.load(lengths, "v1.0.0"))
    for name, value in ((samples.ROOMS, 4.5), (samples.BACK, "soon"), (samples.PLACE, 1), (samples.LENGTH, -1)):
        problem = client.predict(rows[0] | {name: value})
        assert problem.status == 422
        assert problem.json["errors"][0]["field"] == name
    page = client.ask("/metrics", key=client.admin).body.decode()
    fields = [sample.labels["field"] for family in text_string_to_metric_families(page)
              for sample in family.samples if sample.name == "mainline_invalid_fields_total"]  # fmt: skip
    assert sorted(fields) == sorted([samples.ROOMS, samples.BACK, samples.PLACE, samples.LENGTH])


def test_open_inference_protocol_has_classes_and_probabilities(
    flowers: Path, make_client: Callable[..., Client], rows: Rows
) -> None:
    """The class is a tensor of n texts and the probabilities one of n rows; a client may ask for either alone."""
    client = of_classes(flowers, make_client)
    expected = golden(flowers)["predictions"]
    described = client.ask("/v2/models/flowers").json
    assert conforms(described, "model")
    assert [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in described["outputs"]] == [
        ("Art", "BYTES", [-1]), ("Art_probabilities", "FP64", [-1, 3]),
    ]  # fmt: skip
    request = tensors(rows, client.service.choose())
    answer = client.ask("/v2/models/flowers/infer", request).json
    assert conforms(answer, "answer")
    classes, shares = answer["outputs"]
    assert (classes["shape"], classes["data"]) == ([20], [each["class"] for each in expected])
    assert (shares["shape"], json.loads(shares["parameters"]["classes"])) == ([20, 3], list(samples.CLASSES))
    assert np.reshape(shares["data"], (20, 3)).tolist() == [[*each["probabilities"].values()] for each in expected]
    alone = client.ask("/v2/models/flowers/infer", request | {"outputs": [{"name": "Art_probabilities"}]}).json
    assert alone["outputs"] == [shares]
    wrong = client.ask("/v2/models/flowers/infer", request | {"outputs": [{"name": "x"}]}).json
    assert "the outputs are Art and Art_probabilities" in wrong["detail"]


def test_classes_may_be_whole_numbers(tmp_path: Path, make_client: Callable[..., Client], rows: Rows) -> None:
    """A class that is a number in the data is one in answers, tensors and files; JSON's names are its text."""
    package = samples.classes(tmp_path / "codes", samples.CODES)
    client = of_classes(package, make_client)
    found = client.predict(rows[0]).json["predictions"][0]
    assert found["class"] == 7
    assert list(found["probabilities"]) == ["7", "11", "40"]
    tensor = client.ask("/v2/models/flowers/infer", tensors(rows, client.service.choose())).json["outputs"][0]
    assert (tensor["datatype"], tensor["data"][0]) == ("INT64", 7)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "f.parquet")
    files.score(client.service.choose(), tmp_path / "f.parquet", tmp_path / "out")
    table = pq.read_table(tmp_path / "out/predictions")
    assert table.schema.field("Art").type == pa.int64()
    assert table.column_names[-3:] == ["probability_7", "probability_11", "probability_40"]


def test_log_has_class_and_probabilities_by_row(
    flowers: Path, make_client: Callable[..., Client], rows: Rows, tmp_path: Path
) -> None:
    """The table that the guide makes of the log has the class and a column for each probability, one row each."""
    client = of_classes(flowers, make_client, log={"directory": tmp_path / "log"})
    client.service.start()
    for asked in (rows, rows[3]):
        assert client.predict(asked).status == 200
    client.service.stop()
    table, expected = log_reader.rows(tmp_path / "log"), golden(flowers)["predictions"]
    expected = [*expected, expected[3]]
    assert table["prediction"].tolist() == [each["class"] for each in expected]
    for name in samples.CLASSES:
        assert table[f"probabilities.{name}"].tolist() == [each["probabilities"][name] for each in expected]
    assert log_reader.lines(tmp_path / "log")[1]["inputs"][samples.ROOMS] == [rows[3].get(samples.ROOMS)]


def test_metrics_count_classes_under_their_names(flowers: Path, make_client: Callable[..., Client], rows: Rows) -> None:
    """Prometheus and the follower see how often each class was predicted first, also one that never was."""
    client = of_classes(flowers, make_client)
    for asked in (rows[0], rows[:2], rows[-1]):
        client.predict(asked)
    page = client.ask("/metrics", key=client.admin).body.decode()
    counted = {sample.labels["class"]: sample.value for family in text_string_to_metric_families(page)
               for sample in family.samples if sample.name == "mainline_predicted_class_total"}  # fmt: skip
    assert counted == dict(zip(samples.CLASSES, [2, 0, 1], strict=True))
    said = documents.parse(json.dumps(server_report.describe(0.0, client.service.routing)).encode())
    assert said
    assert said["versions"]["v1.0.0"]["predictions"] == {f"class {name}": n for name, n in counted.items()}


@pytest.mark.parametrize("shares", [[0.5, 0.5, 0.5], [1.5, -0.5, 0.0], [np.nan, 0.5, 0.5]])
def test_probabilities_that_are_none_are_not_sent(
    flowers: Path, make_client: Callable[..., Client], rows: Rows, shares: list[float]
) -> None:
    """What is outside of 0 to 1 or does not sum to 1 is an error of the model, which says so."""
    client = of_classes(flowers, make_client)
    respond = SimpleNamespace(respond=lambda raw, columns: np.array([shares] * len(raw)))  # noqa: ARG005
    client.service.choose().predictor.scoring = respond  # type: ignore[assignment]
    answer = client.predict(rows[0])
    assert (answer.status, answer.kind) == (500, "prediction-outside-response-model")
    assert "probabilities from 0 to 1 that sum to 1" in answer.json["detail"]


def test_mirrored_classes_differ_by_what_their_probabilities_do(
    flowers: Path, tmp_path: Path, make_client: Callable[..., Client], rows: Rows
) -> None:
    """Two versions are apart by half the sum of the differences of their probabilities, on average over a request."""
    client = make_client()
    stable = Model.load(flowers, "v1.0.0")
    candidate = Model.load(samples.classes(tmp_path / "other", shift=0.5), "v1.1.0")
    client.service.routing = Routing((stable, candidate), (1.0, 0.0), mirror=(candidate, 1.0))
    client.predict(rows)
    client.predict(rows[0])
    first, second = ([[*each["probabilities"].values()] for each in model.predictor.predict(rows)]
                     for model in (stable, candidate))  # fmt: skip
    apart = np.abs(np.array(first) - np.array(second)).sum(axis=1) / 2
    pairs = server_report.describe(0.0, client.service.routing)["versions"]["v1.1.0"]["pairs"]
    assert pairs["number"] == 2
    assert pairs["sum"] == pytest.approx(apart.mean() + apart[0])


def test_lines_have_the_class_and_its_probabilities(flowers: Path, rows: Rows) -> None:
    """An answer of a stream has the members of the answer by HTTP."""
    content, written = io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode()), io.BytesIO()
    assert lines.run(Model.load(flowers, "v1.0.0"), content.read, written.write) == 0
    answers = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [{name: each[name] for name in ("class", "probabilities")} for each in answers] == golden(flowers)[
        "predictions"
    ]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_have_a_column_for_the_class_and_for_each_probability(
    flowers: Path, rows: Rows, tmp_path: Path, kind: str
) -> None:
    """Names of columns are those of the fields whatever is in them; a column that is taken is left as it was."""
    rows = [row | {"Art": "label", "probability_Iris setosa": 7.0} for row in rows]
    source = tmp_path / f"f.{kind}"
    if kind == "parquet":
        table = pa.Table.from_pylist(rows, pa.schema([
            ("measured at", pa.string()), (samples.LENGTH, pa.float64()), (samples.ROOMS, pa.int64()),
            (samples.BACK, pa.string()), (samples.PLACE, pa.string()), ("Art", pa.string()),
            ("probability_Iris setosa", pa.float64()),
        ]))  # fmt: skip
        times = pa.array([value and value.rstrip("Z") for value in table[samples.BACK].to_pylist()])
        stamps = times.cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC"))
        pq.write_table(table.set_column(table.schema.get_field_index(samples.BACK), samples.BACK, stamps), source)
    else:
        with source.open("w", newline="", encoding="utf-8") as file:
            fields = [samples.LENGTH, samples.ROOMS, samples.BACK, samples.PLACE]
            names = ["measured at", *fields, "Art", "probability_Iris setosa"]
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    assert files.score(Model.load(flowers), source, tmp_path / "out", part_rows=7).quarantined == 0
    found: Rows = pq.read_table(tmp_path / "out/predictions").to_pylist() if kind == "parquet" else [
        row for path in sorted((tmp_path / "out/predictions").iterdir())
        for row in csv.DictReader(io.StringIO(path.read_text("utf-8"), newline=""))
    ]  # fmt: skip
    expected = golden(flowers)["predictions"]
    assert [row["predicted_Art"] for row in found] == [each["class"] for each in expected]
    assert {row["Art"] for row in found} == {"label"}
    for name in samples.CLASSES:
        column = f"probability_{name}"
        column = f"predicted_{column}" if name == samples.CLASSES[0] else column
        assert [float(row[column]) for row in found] == [each["probabilities"][name] for each in expected]


def test_package_of_classes_may_take_traffic(flowers: Path, tmp_path: Path) -> None:
    """Golden predictions are held to each probability, and a package that answers otherwise is refused."""
    verdict = acceptance.check(flowers, GENEROUS, unsigned)
    assert verdict.passed, failed(verdict)
    content = golden(flowers)
    content["predictions"][3]["probabilities"][samples.CLASSES[0]] += 0.01
    other = shutil.copytree(flowers, tmp_path / "other")
    (other / "golden.json").write_text(json.dumps(content), encoding="utf-8")
    resealed(other)
    assert failed(acceptance.check(other, GENEROUS, unsigned)) == ["golden requests"]


def test_real_server_answers_classes(flowers: Path, rows: Rows, tmp_path: Path) -> None:
    """The server in a process of its own, by its short way: one row, many, and a request that does not fit."""
    with running(tmp_path, flowers) as server:
        expected = golden(flowers)["predictions"]
        for asked, found in ((rows[0], expected[:1]), (rows, expected)):
            status, body = server.ask("/predict", asked)
            assert (status, json.loads(body)["predictions"]) == (200, found)
        assert server.ask("/predict", {samples.LENGTH: 1})[0] == 422
        assert server.metric("mainline_predicted_class_total") == 2
