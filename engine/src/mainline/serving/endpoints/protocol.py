"""The Open Inference Protocol, version 2, over HTTP: https://github.com/kserve/open-inference-protocol.

A request field is an input tensor of its name, with one value per row, so its shape is [n] or [n, 1]. An absent
optional value is null, or its tensor is left out. The response field is an output tensor, and so is each end of its
interval, if there is one. Where it is one of k classes, their probabilities are a second one, of shape [n, k] with the
names of its columns in its parameter `classes`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from mainline.contract import Field
from mainline.errors import nearest
from mainline.package.responses import Prediction
from mainline.serving.answering import strictjson
from mainline.serving.answering.batching import Share
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem, shown
from mainline.serving.endpoints.inference import Rows, check_rows, in_future
from mainline.serving.endpoints.inference import infer as infer_rows
from mainline.serving.service import Service

NAME, VERSION = "mainline", "0.1.0"
"""The server, by the version of `engine/pyproject.toml`, which no image holds."""
DATATYPES = {"string": "BYTES", "time": "BYTES", "integer": "INT64", "number": "FP64"}
_PLATFORM = {"onnx": "onnxruntime_onnx", "skops": "sklearn_skops"}
_PATH = re.compile(r"/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?(?P<operation>|/ready|/infer)", re.ASCII)
_REQUEST_KEYS = ("id", "parameters", "inputs", "outputs")
_TENSOR_KEYS = ("name", "shape", "datatype", "parameters", "data")


def operation(path: str) -> str:
    """Return what is asked of a model: '' (its metadata), '/ready', '/infer'; '-' where a path asks nothing of one."""
    matched = _PATH.fullmatch(path)
    return matched["operation"] if matched else "-"


async def server_metadata(_service: Service, _request: Request) -> Reply:
    """Name the server."""
    return Reply(orjson.dumps({"name": NAME, "version": VERSION, "extensions": []}))


async def server_live(_service: Service, _request: Request) -> Reply:
    """Answer as long as the event loop turns."""
    return Reply(b'{"live":true}')


async def server_ready(service: Service, _request: Request) -> Reply:
    """Answer when a model is loaded.

    Raises:
        Problem: not-ready.
    """
    service.check_ready()
    return Reply(b'{"ready":true}')


async def model_metadata(service: Service, request: Request) -> Reply:
    """Describe a model's tensors."""
    model = _model(service, request)
    described = {
        "name": model.name,
        "versions": [served.version for served in service.models()],
        "platform": _PLATFORM[model.predictor.manifest["model"]["format"]],
        "inputs": [_tensor(field) for field in model.predictor.request],
        "outputs": _tensors(model),
    }
    return Reply(orjson.dumps(described))


async def model_ready(service: Service, request: Request) -> Reply:
    """Answer when this model is loaded.

    Raises:
        Problem: not-found, when it is not.
    """
    model = _model(service, request)
    return Reply(orjson.dumps({"name": model.name, "ready": True}))


async def infer(service: Service, request: Request) -> Reply:
    """Answer tensors with a tensor.

    Raises:
        Problem: see `problems.KINDS`.
    """
    limits = service.settings.limits
    body = await request.json_body(limits.body_bytes)
    service.batcher.check_room(1)
    content = strictjson.parse(body)
    model = _model(service, request)
    rows = check_rows(rows_of(content, model, limits.rows), limits.rows)

    def reply(share: Share) -> Reply:
        return Reply(
            _encode(model, request, content, share), model=model, counters=model.metrics, rows=len(rows), share=share
        )

    return await in_future(partial(infer_rows, service, model, rows, reply, named=request.named))


def _encode(model: Model, request: Request, content: Mapping[str, Any], share: Share) -> bytes:
    part = slice(share.start, share.stop)
    predictions = share.answer.predictions[part]
    missing = sorted({name for pattern in share.answer.patterns[part] for name in pattern.missing})
    return orjson.dumps(
        {
            "model_name": model.name,
            "model_version": model.version,
            "id": content.get("id") or request.id,
            "parameters": {"request_id": request.id, "missing": ",".join(missing), **_unusual(model, share)},
            "outputs": _outputs(model, predictions, [output["name"] for output in content.get("outputs", ())]),
        }
    )


def _unusual(model: Model, share: Share) -> dict[str, str]:
    """Return the marks of unusual rows as the text of a JSON list if they are declared: a parameter is not one."""
    if model.unusual is None:
        return {}
    return {"unusual": orjson.dumps(model.unusual.grouped(share.answer.unusual, share.start, share.stop)).decode()}


def _outputs(model: Model, predictions: list[Prediction], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Return the output tensors of n predictions, all of them or those that are wanted."""
    rows = len(predictions)
    if not (model.classes or model.predictor.response.interval):
        return [{"name": model.response.name, "shape": [rows], "datatype": "FP64", "data": predictions}]
    if not model.classes:
        columns = zip(*map(model.predictor.response.cells, predictions), strict=True)
        numbers = {
            tensor["name"]: {**tensor, "shape": [rows], "data": list(column)}
            for tensor, column in zip(_tensors(model), columns, strict=True)
        }
        return [numbers[each] for each in wanted or numbers]
    classes = {**_tensor(model.response), "shape": [rows], "data": [found["class"] for found in predictions]}
    (shares,) = _probabilities(model)
    data = [share for found in predictions for share in found["probabilities"].values()]
    shares |= {"shape": [rows, len(model.classes)], "parameters": {"classes": _classes(model)}, "data": data}
    tensors = {tensor["name"]: tensor for tensor in (classes, shares)}
    return [tensors[each] for each in wanted or tensors]


def _tensors(model: Model) -> list[dict[str, Any]]:
    """Describe all output tensors: the prediction with the ends of its interval, or class and probabilities."""
    if model.classes:
        return [_tensor(model.response), *_probabilities(model)]
    return [_tensor(replace(model.response, name=name)) for name in model.predictor.response.columns]


def _classes(model: Model) -> str:
    """Return the names of the classes as the text of a JSON list: a parameter is not a list."""
    return orjson.dumps(model.classes).decode()


def _probabilities(model: Model) -> list[dict[str, Any]]:
    """Describe the tensor of probabilities, if there are classes; its name is no other's."""
    name = f"{model.response.name}_probabilities"
    return [{"name": name, "datatype": "FP64", "shape": [-1, len(model.classes)]}] if model.classes else []


def rows_of(content: Any, model: Model, most: int) -> Rows:
    """Turn an inference request's tensors into rows.

    Raises:
        Problem: invalid-request, too-many-rows.
    """
    _check_keys("the request", content, _REQUEST_KEYS, required=("inputs",))
    if not isinstance(content.get("id", ""), str):
        raise _invalid("id", content["id"], "send text")
    _check_outputs(content.get("outputs", []), model)
    tensors = content["inputs"]
    if not isinstance(tensors, list) or not tensors:
        raise _invalid("inputs", tensors, "send a list of tensors")
    fields = {field.name: field for field in model.predictor.request}
    columns: dict[str, Sequence[Any]] = {}
    for tensor in tensors:
        _check_keys("a tensor", tensor, _TENSOR_KEYS, required=("name", "shape", "datatype", "data"))
        name = tensor["name"]
        if not isinstance(name, str) or name not in fields:
            hint = nearest(name, fields) if isinstance(name, str) else f"known: {', '.join(sorted(fields))}"
            raise _invalid("name", name, hint)
        if name in columns:
            raise _invalid(name, name, "send each tensor once")
        columns[name] = _values(tensor, fields[name], most)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise _invalid("shape", sorted(lengths), "give every tensor the same number of rows")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(tensor: Mapping[str, Any], field: Field, most: int) -> Sequence[Any]:
    """Return the n values of a tensor of shape [n] or [n, 1]."""
    name, shape, data = field.name, tensor["shape"], tensor["data"]
    if tensor["datatype"] != DATATYPES[field.kind]:
        raise _invalid(f"{name}.datatype", tensor["datatype"], f"it must be {DATATYPES[field.kind]}")
    whole = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if not whole or len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
        raise _invalid(f"{name}.shape", shape, "it must be [n] or [n, 1]")
    if not isinstance(data, list):
        raise _invalid(f"{name}.data", data, "send a list of values")
    if len(data) > most:
        raise Problem("too-many-rows", f"{name} has {len(data)} values; send at most {most} rows in one request.")
    if data and all(isinstance(value, list) and len(value) == 1 for value in data):
        data = [value[0] for value in data]
    if len(data) != shape[0]:
        raise _invalid(f"{name}.data", len(data), f"the shape says {shown(shape[0])} values")
    return data


def _check_outputs(outputs: Any, model: Model) -> None:
    if not isinstance(outputs, list):
        raise _invalid("outputs", outputs, "send a list")
    for output in outputs:
        _check_keys("an output", output, ("name", "parameters"), required=("name",))
        names = [tensor["name"] for tensor in _tensors(model)]
        if output["name"] not in names:
            raise _invalid("outputs", output["name"], f"the {'outputs are' if names[1:] else 'only output is'} "
                           f"{' and '.join(names)}")  # fmt: skip


def _check_keys(what: str, value: Any, known: Sequence[str], required: Sequence[str]) -> None:
    if not isinstance(value, dict):
        raise _invalid(what, value, f"send an object of {', '.join(known)}")
    for name in value:
        if name not in known:
            raise _invalid(shown(name)[1:-1], value[name], f"{what} has {', '.join(known)}")
    for name in required:
        if name not in value:
            raise Problem("invalid-request", f"{what} has no '{name}'; it needs {', '.join(required)}.")
    if not isinstance(value.get("parameters", {}), dict):
        raise _invalid("parameters", value["parameters"], "send an object")


def _invalid(field: str, value: object, allowed: str) -> Problem:
    allowed = allowed if allowed.endswith("?") else f"{allowed}."
    error = {"field": field, "value": shown(value), "allowed": allowed}
    return Problem("invalid-request", f"{field}: is {shown(value)}; {allowed}", errors=[error])


def _model(service: Service, request: Request) -> Model:
    """Find the model that a path names; without a version it is chosen as for `/predict`."""
    matched = _PATH.fullmatch(request.path)
    assert matched is not None  # the path was matched to get here
    request.named = matched["version"] is not None
    model = service.version(matched["version"]) if request.named else service.choose(request)
    if model is None or model.name != matched["model"]:
        here = ", ".join(f"{served.name}/versions/{served.version}" for served in service.models())
        raise Problem("not-found", f"This model is not served here; these are: {here}.")
    return model


def _tensor(field: Field) -> dict[str, Any]:
    return {"name": field.name, "datatype": DATATYPES[field.kind], "shape": [-1]}
