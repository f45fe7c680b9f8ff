"""The Open Inference Protocol, held to the schemas that its project publishes."""

import json
import tomllib
from typing import Any

import jsonschema_rs
import pytest

from mainline.serving.answering.model import Model
from mainline.serving.endpoints.tensors import DATATYPES
from tests.mainline.serving.asking import Client
from tests.project import ROOT

Rows = list[dict[str, Any]]
TEXT, TEXTS, SHAPE = (
    {"type": "string"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "integer"}},
)
PUBLISHED = (
    "/v2/", "/v2/health/live", "/v2/health/ready", "/v2/models/{name}", "/v2/models/{name}/ready",
    "/v2/models/{name}/infer",
    "/v2/models/{name}/versions/{version}", "/v2/models/{name}/versions/{version}/ready",
    "/v2/models/{name}/versions/{version}/infer",
)  # fmt: skip
"""Every path of the protocol."""


def record(required: str, **properties: Any) -> dict[str, Any]:
    """Describe an object of the protocol; it may have more members."""
    return {"type": "object", "properties": properties, "required": required.split()}


TENSOR = {"name": TEXT, "datatype": TEXT, "shape": SHAPE}
FILLED = {**TENSOR, "data": {"type": "array", "items": {"type": ["number", "string", "boolean", "array"]}}}
TENSORS = {"type": "array", "items": record("name shape datatype", **TENSOR)}
FILLED_TENSORS = {"type": "array", "items": record("name shape datatype data", **FILLED)}
SCHEMAS = {
    "server": record("name version extensions", name=TEXT, version=TEXT, extensions=TEXTS),
    "model": record("name platform", name=TEXT, platform=TEXT, versions=TEXTS, inputs=TENSORS, outputs=TENSORS),
    "request": record("inputs", id=TEXT, inputs=FILLED_TENSORS),
    "answer": record("model_name outputs", model_name=TEXT, model_version=TEXT, id=TEXT, outputs=FILLED_TENSORS),
    "error": record("error", error=TEXT),
    "health": record(""),
}
"""What the published description (specification/protocol/open_inference_rest.yaml) asks of each object."""


def conforms(content: Any, name: str) -> bool:
    """Say whether content is an object of the protocol."""
    return jsonschema_rs.is_valid(SCHEMAS[name], content)


def tensors(rows: Rows, model: Model, **more: Any) -> dict[str, Any]:
    """Write rows as an inference request."""
    inputs = [
        {"name": field.name, "shape": [len(rows)], "datatype": DATATYPES[field.kind],
         "data": [row.get(field.name) for row in rows]} for field in model.predictor.request
    ]  # fmt: skip
    return {"inputs": inputs, **more}


@pytest.fixture
def infer(client: Client) -> str:
    """The path of inference."""
    return f"/v2/models/{client.service.choose().name}/infer"


@pytest.mark.parametrize("path", PUBLISHED)
def test_every_operation_of_the_specification_is_here(client: Client, path: str) -> None:
    """Each path of the protocol answers 200 with the object that the protocol asks for."""
    model = client.service.choose()
    request = tensors([{field.name: field.example for field in model.predictor.request}], model)
    asked = path.format(name=model.name, version=model.version)
    reply = client.ask(asked, request if path.endswith("infer") else None)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    kind = {"infer": "answer", "ready": "health", "live": "health", "": "server"}.get(path.rpartition("/")[2], "model")
    assert conforms(reply.json, kind)


def test_metadata_describes_every_field(client: Client) -> None:
    """Inputs are the request's fields, the output is the response's."""
    model = client.service.choose()
    described = client.ask(f"/v2/models/{model.name}").json
    assert [tensor["name"] for tensor in described["inputs"]] == [field.name for field in model.predictor.request]
    assert described["versions"] == ["v1.0.0"]
    assert described["outputs"] == [{"name": model.response.name, "datatype": "FP64", "shape": [-1]}]


@pytest.mark.parametrize("column", [False, True])
def test_tensors_are_predicted_as_rows(client: Client, infer: str, golden: dict[str, Any], column: bool) -> None:
    """Inference has the golden predictions, from tensors of shape [n] and of [n, 1]; the id comes back."""
    model = client.service.choose()
    request = tensors(golden["requests"], model, id="42", outputs=[{"name": model.response.name}])
    assert conforms(
        tensors([row | {"tailnum": row.get("tailnum", "")} for row in golden["requests"]], model), "request"
    )
    for tensor in request["inputs"] if column else []:
        tensor["shape"].append(1)
        tensor["data"] = [[value] for value in tensor["data"]]
    answer = client.ask(infer, request).json
    assert answer["outputs"][0]["data"] == golden["predictions"]
    assert (answer["id"], answer["model_version"]) == ("42", "v1.0.0")


def test_tensor_of_an_optional_field_may_be_left_out(client: Client, infer: str, rows: Rows) -> None:
    """Without it the rows are predicted as if the field were absent."""
    model = client.service.choose()
    request = tensors(rows[:2], model)
    request["inputs"] = [tensor for tensor in request["inputs"] if tensor["name"] != "tailnum"]
    expected = client.predict([row | {"tailnum": None} for row in rows[:2]]).json["predictions"]
    answer = client.ask(infer, request).json
    assert answer["outputs"][0]["data"] == [item["arr_delay"] for item in expected]
    assert "planes.seats" in answer["parameters"]["missing"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": []}, "inputs: is an empty list|inputs: is \\[\\]; send a list of tensors"),
        ({"inputs": {}}, "send a list of tensors"),
        ({"inputs": [3]}, "a tensor: is 3; send an object"),
        ({"id": 3}, "id: is 3; send text"),
        ({"outputs": [{"name": "x"}]}, "the only output is arr_delay"),
        ({"outputs": "x"}, "outputs: is 'x'; send a list"),
        ({"colour": 1}, "colour: is 1; the request has"),
        ({"parameters": []}, "parameters: is .*send an object"),
    ],
)
def test_request_outside_the_protocol_is_refused(
    client: Client, infer: str, rows: Rows, change: dict[str, Any], said: str
) -> None:
    """What is wrong is in `error`, as the protocol asks, and in the problem's own members."""
    request = {**tensors(rows[:1], client.service.choose()), **change}
    reply = client.ask(infer, request)
    assert reply.status == 400
    assert conforms(reply.json, "error")
    assert reply.kind == "invalid-request"
    with pytest.raises(ValueError, match=said):
        raise ValueError(reply.json["error"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "carier"}, "did you mean 'carrier'"),
        ({"name": ["carrier"]}, "known: "),
        ({"name": "time_hour", "datatype": "BYTES"}, "send each tensor once"),
        ({"datatype": "FP64"}, "carrier.datatype: is 'FP64'; it must be BYTES"),
        ({"shape": [2]}, "the shape says 2 values"),
        ({"shape": [1, 2]}, r"it must be \[n\] or \[n, 1\]"),
        ({"shape": [-1]}, "it must be"),
        ({"shape": [True]}, "it must be"),
        ({"data": "UA"}, "send a list of values"),
        ({"data": ["UA", "DL"], "shape": [2]}, "give every tensor the same number of rows"),
        ({"data": [], "shape": [0]}, "give every tensor the same number of rows"),
        ({"data": [["UA", "DL"]]}, "carrier: is"),
        ({"data": [3]}, "carrier: is 3"),
        ({"data": ["UAL"]}, "it must match"),
        ({"data": ["UA"] * 1001}, "send at most 1000 rows"),
        ({"more": 1}, "a tensor has name, shape"),
    ],
)
def test_tensor_outside_the_model_is_refused(
    client: Client, infer: str, rows: Rows, change: dict[str, Any], said: str
) -> None:
    """A tensor of another name, type, shape or content is refused with what is allowed."""
    request = tensors(rows[:1], client.service.choose())
    next(tensor for tensor in request["inputs"] if tensor["name"] == "carrier").update(change)
    reply = client.ask(infer, request)
    assert reply.status == 400
    with pytest.raises(ValueError, match=said):
        raise ValueError(reply.json["error"])


def test_id_that_cannot_be_sent_back_is_refused(client: Client, infer: str, rows: Rows) -> None:
    """Half a character in the id is the client's mistake, and none of the model's."""
    reply = client.ask(infer, tensors(rows[:1], client.service.choose()) | {"id": "\ud800"})
    assert (reply.status, reply.kind) == (400, "malformed-json")


def test_missing_member_is_named(client: Client, infer: str) -> None:
    """A tensor without data says so."""
    reply = client.ask(infer, {"inputs": [{"name": "carrier", "shape": [1], "datatype": "BYTES"}]})
    assert reply.json["error"] == "a tensor has no 'data'; it needs name, shape, datatype, data."


def test_empty_tensors_have_no_rows(client: Client, infer: str) -> None:
    """Tensors of no rows are refused as no rows are elsewhere."""
    request = tensors([], client.service.choose())
    assert client.ask(infer, request).json["error"] == "The list is empty; send at least one row."


@pytest.mark.parametrize(
    "path", ["/v2/models/other", "/v2/models/{name}/versions/v9", "/v2/models/{name}/versions/v9/ready"]
)
def test_other_models_are_not_here(client: Client, path: str) -> None:
    """A model or version that is not loaded is 404, and what is served is named."""
    name = client.service.choose().name
    reply = client.ask(path.format(name=name))
    assert reply.status == 404
    assert f"{name}/versions/v1.0.0" in reply.json["error"]


@pytest.mark.parametrize("content", [3, None, [], "x", {}])
def test_json_that_is_no_inference_request_is_refused(client: Client, infer: str, content: Any) -> None:
    """Other JSON is 400 with an error."""
    reply = client.ask(infer, body=json.dumps(content).encode())
    assert reply.status == 400
    assert conforms(reply.json, "error")


def test_the_server_names_the_version_of_the_machinery(client: Client) -> None:
    """What `/v2` says is what `engine/pyproject.toml` declares, wherever the server runs."""
    declared = tomllib.loads((ROOT / "engine" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = client.ask("/v2").json
    assert (found["name"], found["version"]) == (declared["name"], declared["version"])


def test_answer_of_a_number_keeps_its_bytes(client: Client, rows: Rows, golden: dict[str, Any], infer: str) -> None:
    """A client that reads the text of an answer finds its members in the order in which they always stood."""
    body = client.ask(infer, tensors(rows, client.service.choose(), id="x")).body.decode()
    numbers = json.dumps(golden["predictions"], separators=(",", ":"))
    assert body.endswith(f'"outputs":[{{"name":"arr_delay","shape":[20],"datatype":"FP64","data":{numbers}}}]}}')
    assert body.startswith(
        '{"model_name":"flight-delay","model_version":"v1.0.0","id":"x","parameters":{"request_id":"'
    )
    body = client.predict(rows[0]).body.decode()
    number = json.dumps(golden["predictions"][0])
    assert body.startswith('{"model":"flight-delay","version":"v1.0.0","request_id":"')
    assert f'","predictions":[{{"arr_delay":{number}}}],"features":[{{"rows":[0],"looked_up": [' in body
