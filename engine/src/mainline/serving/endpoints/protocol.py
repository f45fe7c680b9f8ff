"""The Open Inference Protocol, version 2, over HTTP: https://github.com/kserve/open-inference-protocol.

`tensors.py` says which tensors a model has; `serving/rpc` has the same protocol over gRPC.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from mainline.serving.answering import strictjson
from mainline.serving.answering.batching import Share
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem
from mainline.serving.endpoints import tensors
from mainline.serving.endpoints.inference import check_rows, in_future
from mainline.serving.endpoints.inference import infer as infer_rows
from mainline.serving.service import Service

NAME, VERSION = "mainline", "0.1.0"
"""The server, by the version of `engine/pyproject.toml`, which no image holds."""
SERVER: Mapping[str, Any] = {"name": NAME, "version": VERSION, "extensions": []}
_PLATFORM = {"onnx": "onnxruntime_onnx", "skops": "sklearn_skops"}
_PATH = re.compile(r"/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?(?P<operation>|/ready|/infer)", re.ASCII)


def operation(path: str) -> str:
    """Return what is asked of a model: '' (its metadata), '/ready', '/infer'; '-' where a path asks nothing of one."""
    matched = _PATH.fullmatch(path)
    return matched["operation"] if matched else "-"


async def server_metadata(_service: Service, _request: Request) -> Reply:
    """Name the server."""
    return Reply(orjson.dumps(SERVER))


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
    return Reply(orjson.dumps(described(service, _model(service, request))))


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
    body = await request.json_body(service.settings.limits.body_bytes)
    if request.traced:
        request.traced.begin()
    service.batcher.check_room(1)
    content = strictjson.parse(body)
    return await answer(service, request, _model(service, request), content, orjson.dumps)


async def answer(
    service: Service, request: Request, model: Model, content: Any, encode: Callable[[dict[str, Any]], bytes]
) -> Reply:
    """Predict the tensors of an inference request; `encode` makes the body of the inference answer.

    Raises:
        Problem: see `problems.KINDS`.
    """
    most = service.settings.limits.rows
    rows = check_rows(tensors.rows(content, model, most), most)
    traced = request.traced
    if traced:
        traced.read(model.name, model.version)

    def reply(share: Share) -> Reply:
        if traced:
            traced.begin()
        body = encode(_inferred(model, request, content, share))
        if traced:
            traced.end("serialise")
        return Reply(body, model=model, counters=model.metrics, rows=len(rows), share=share)

    return await in_future(partial(infer_rows, service, model, rows, reply, named=request.named))


def described(service: Service, model: Model) -> dict[str, Any]:
    """Return the metadata of a model."""
    return {
        "name": model.name,
        "versions": [served.version for served in service.models()],
        "platform": _PLATFORM[model.predictor.manifest["model"]["format"]],
        "inputs": tensors.of_request(model),
        "outputs": tensors.of_response(model),
    }


def find_model(service: Service, request: Request, name: str, version: str | None) -> Model:
    """Find a model by name; without a version it is chosen as for `/predict`.

    Raises:
        Problem: not-found, not-ready.
    """
    request.named = version is not None
    model = service.version(version) if version is not None else service.choose(request)
    if model is None or model.name != name:
        here = ", ".join(f"{served.name}/versions/{served.version}" for served in service.models())
        raise Problem("not-found", f"This model is not served here; these are: {here}.")
    return model


def _model(service: Service, request: Request) -> Model:
    matched = _PATH.fullmatch(request.path)
    assert matched is not None  # the path was matched to get here
    return find_model(service, request, matched["model"], matched["version"])


def _inferred(model: Model, request: Request, content: Mapping[str, Any], share: Share) -> dict[str, Any]:
    part = slice(share.start, share.stop)
    predictions = share.answer.predictions[part]
    missing = sorted({name for pattern in share.answer.patterns[part] for name in pattern.missing})
    return {
        "model_name": model.name,
        "model_version": model.version,
        "id": content.get("id") or request.id,
        "parameters": {"request_id": request.id, "missing": ",".join(missing), **_unusual(model, share)},
        "outputs": tensors.outputs(model, predictions, [output["name"] for output in content.get("outputs", ())]),
    }


def _unusual(model: Model, share: Share) -> dict[str, str]:
    """Return the marks of unusual rows as the text of a JSON list if they are declared: a parameter is not one."""
    if model.unusual is None:
        return {}
    return {"unusual": orjson.dumps(model.unusual.grouped(share.answer.unusual, share.start, share.stop)).decode()}
