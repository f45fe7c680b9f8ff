"""`/openapi.json`: the service described by its model's own schemas, as OpenAPI 3.1."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import orjson

from mainline.declared.service import Limits
from mainline.exchange.outcomes import MOST
from mainline.package import schemas
from mainline.serving.answering.experiment import Fate
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import KINDS
from mainline.serving.answering.unusual_rows import REASONS
from mainline.serving.endpoints.tensors import DATATYPES
from mainline.serving.service import Service

Schema = dict[str, Any]
_ROUTE = ("malformed-json", "body-too-large", "unsupported-media-type", "invalid-request", "too-many-rows",
          "prediction-failed", "prediction-outside-response-model", "overloaded")  # fmt: skip
_GUARD = ("unauthorized", "forbidden", "not-found", "method-not-allowed", "throttled", "headers-too-large")


async def document(service: Service, _request: Request) -> Reply:
    """Return the OpenAPI document of the model that most requests go to.

    Raises:
        Problem: not-ready.
    """
    service.check_ready()
    return Reply(orjson.dumps(describe(service)))


def describe(service: Service) -> Schema:
    """Describe every operation that the service has, by the model that most requests go to."""
    model, settings = service.models()[0], service.settings
    outcomes = _OUTCOMES if service.outcomes else {}
    return {
        "openapi": "3.1.0",
        "info": {"title": model.name, "version": model.version, "description": model.response.description},
        "servers": [{"url": settings.prefix or "/"}],
        "paths": _paths(model) | outcomes,
        "security": [{"key": []}],
        "components": {
            "schemas": _schemas(model, settings.limits) | (_of_outcomes(settings.limits) if outcomes else {}),
            "securitySchemes": {"key": _KEY},
        },
    }


_KEY = {"type": "http", "scheme": "bearer", "description": "An API key, as the command `api-key` makes one."}


def _paths(model: Model) -> Schema:
    named = f"/v2/models/{model.name}"
    both = (("", named), ("-version", f"{named}/versions/{model.version}"))
    example = [{field.name: field.example for field in model.predictor.request}]
    predict = _operation("predict", "Predict one request or a list of them", "Answer", body="Requests", example=example)
    paths: Schema = {
        "/predict": {"post": predict},
        "/livez": {"get": _operation("live", "Whether the process runs", "Status", open_=True)},
        "/readyz": {"get": _operation("ready", "Whether a model is loaded", "Status", open_=True)},
        "/openapi.json": {"get": _operation("openapi", "This document", "Document")},
        "/v2": {"get": _operation("v2", "Name of the server", "Document")},
        "/v2/health/live": {"get": _operation("v2-live", "Whether the process runs", "Document", open_=True)},
        "/v2/health/ready": {"get": _operation("v2-ready", "Whether a model is loaded", "Document", open_=True)},
    }
    tensors = _v2_example(model)
    for suffix, path in both:
        paths[path] = {"get": _operation(f"v2-model{suffix}", "Tensors of the model", "Document")}
        paths[f"{path}/ready"] = {"get": _operation(f"v2-model-ready{suffix}", "Whether it is loaded", "Document")}
        infer = _operation(f"v2-infer{suffix}", "Predict tensors", "Tensors", body="TensorRequest", example=tensors)
        paths[f"{path}/infer"] = {"post": infer}
    return paths


def _operation(
    name: str,
    summary: str,
    answer: str,
    *,
    body: str = "",
    example: Any = None,
    open_: bool = False,
    kinds: Sequence[str] = _ROUTE,
) -> Schema:
    described: Schema = {"operationId": name, "summary": summary, "responses": {"200": _content(answer, summary)}}
    kinds = (*(kinds if body else ()), *_GUARD, "not-ready")
    media = "application/json" if name.startswith("v2") else "application/problem+json"
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        titles.setdefault(400 if name.startswith("v2") and status == 422 else status, []).append(title)
    described["responses"] |= {
        str(status): _content("Problem", "; ".join(dict.fromkeys(found)), media) for status, found in titles.items()
    }
    if open_:
        described["security"] = []
    if body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(body), "example": example}},
        }
    return described


def _of_outcomes(limits: Limits) -> Schema:
    """Describe what is sent to `/outcomes`, and its answer."""
    count = {"type": "integer", "minimum": 0}
    value = {"type": "number", "minimum": -MOST, "maximum": MOST}
    name = {"type": "string", "minLength": 1, "maxLength": 64, "description": "The answer's request_id."}
    rows = {"type": "array", "items": _ref("Outcome"), "minItems": 1, "maxItems": limits.rows}
    ids = {"type": "array", "items": {"type": "string"}}
    return {
        "Outcome": _object({"request_id": name, "value": value}),
        "Outcomes": {"anyOf": [_ref("Outcome"), rows]},
        "Fates": _object({**dict.fromkeys(get_args(Fate), count), "unknown_ids": ids}),
    }


def _schemas(model: Model, limits: Limits) -> Schema:
    request = _plain(schemas.of_request(model.name, model.predictor.request, model.personal))
    prediction = _plain(schemas.of_response(model.name, model.predictor.response))
    names = {"type": "array", "items": {"type": "string"}}
    features = {"rows": {"type": "array", "items": {"type": "integer"}}, "looked_up": names, "missing": names,
                "stale": names}  # fmt: skip
    answer = {
        "model": {"type": "string"}, "version": {"type": "string"}, "request_id": {"type": "string"},
        "predictions": {"type": "array", "items": _ref("Prediction")},
        "features": {"type": "array", "items": _ref("Features"), "description": "What was known of which rows."},
    }  # fmt: skip
    marks = {"rows": features["rows"], "feature": {"type": "string"}, "reason": {"enum": list(REASONS)}}
    if model.unusual:
        said = "Which rows are outside of what the model has seen, and why."
        answer["unusual"] = {"type": "array", "items": _ref("Unusual"), "description": said}
    rows = {"type": "array", "items": _ref("Request"), "minItems": 1, "maxItems": limits.rows}
    return {
        "Request": request,
        "Requests": {"anyOf": [_ref("Request"), rows]},
        "Prediction": prediction,
        "Features": _object(features),
        **({"Unusual": _object(marks)} if model.unusual else {}),
        "Answer": _object(answer),
        "Status": _object({"status": {"type": "string"}}),
        "Document": {"type": "object"},
        "TensorRequest": _tensor_request(model),
        "Tensors": _object({"model_name": {"type": "string"}, "outputs": {"type": "array"}}, closed=False),
        "Problem": _object(
            {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
             "detail": {"type": "string"}}, closed=False,
        ),
    }  # fmt: skip


def _tensor_request(model: Model) -> Schema:
    tensor = {
        "name": {"enum": [field.name for field in model.predictor.request]},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 2},
        "datatype": {"enum": sorted(set(DATATYPES.values()))},
        "data": {"type": "array"},
    }
    described = _object({"inputs": {"type": "array", "items": _object(tensor, closed=False)}}, closed=False)
    return described | {"description": "See the Open Inference Protocol, version 2; an input tensor per field."}


def _v2_example(model: Model) -> Schema:
    return {
        "inputs": [
            {"name": field.name, "shape": [1], "datatype": DATATYPES[field.kind], "data": [field.example]}
            for field in model.predictor.request
        ]
    }


def _object(properties: Mapping[str, Any], *, closed: bool = True) -> Schema:
    described = {"type": "object", "properties": dict(properties), "required": list(properties)}
    return described | ({"additionalProperties": False} if closed else {})


def _content(schema: str, description: str, media: str = "application/json") -> Schema:
    return {"description": description, "content": {media: {"schema": _ref(schema)}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _plain(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "$schema"}


_OUTCOMES: Schema = {
    "/outcomes": {
        "post": _operation(
            "outcomes", "What came of answers, by the ids of their requests", "Fates", body="Outcomes",
            example=[{"request_id": "c3b8113645a8-1", "value": 4.0}],
            kinds=("malformed-json", "body-too-large", "unsupported-media-type", "invalid-request", "too-many-rows",
                   "overloaded", "outcomes-not-kept"),
        )
    }
}  # fmt: skip
