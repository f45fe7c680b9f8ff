"""The Open Inference Protocol, version 2, over HTTP: https://github.com/kserve/open-inference-protocol.

`tensors.py` says which tensors a model has.
"""

import re
from collections.abc import Mapping
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
_PLATFORM = {"onnx": "onnxruntime_onnx", "skops": "sklearn_skops"}
_PATH = re.compile(r"/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?(?P<operation>|/ready|/infer)", re.ASCII)


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
        "inputs": tensors.of_request(model),
        "outputs": tensors.of_response(model),
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
    rows = check_rows(tensors.rows(content, model, limits.rows), limits.rows)

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
            "outputs": tensors.outputs(model, predictions, [output["name"] for output in content.get("outputs", ())]),
        }
    )


def _unusual(model: Model, share: Share) -> dict[str, str]:
    """Return the marks of unusual rows as the text of a JSON list if they are declared: a parameter is not one."""
    if model.unusual is None:
        return {}
    return {"unusual": orjson.dumps(model.unusual.grouped(share.answer.unusual, share.start, share.stop)).decode()}


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
