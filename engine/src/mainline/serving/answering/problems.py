"""Errors of a request, as problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from mainline.serving.answering.metrics import ModelMetrics

MEDIA_TYPE = b"application/problem+json"
SHOWN = 10
"""Wrong fields that one answer names."""
_LONGEST = 100

KINDS: Mapping[str, tuple[int, str]] = {
    "malformed-json": (400, "The body is not JSON"),
    "malformed-http": (400, "The request is not HTTP"),
    "malformed-message": (400, "The message is not of the protocol"),
    "unauthorized": (401, "A valid API key is needed"),
    "forbidden": (403, "The key may not do this"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "request-timeout": (408, "The request did not arrive in time"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body is of another type"),
    "invalid-request": (422, "The request does not fit the model's schema"),
    "too-many-rows": (422, "The request has too many rows"),
    "upgrade-required": (426, "The path speaks another protocol"),
    "throttled": (429, "The key has used up its requests"),
    "headers-too-large": (431, "The headers are too large"),
    "prediction-failed": (500, "The model could not answer"),
    "prediction-outside-response-model": (500, "The prediction is outside the response model and was not sent"),
    "overloaded": (503, "The service is busy"),
    "outcomes-not-kept": (503, "The outcomes could not be written"),
    "not-ready": (503, "No model is loaded"),
}
"""Every kind of problem with its status and title; `/docs` lists them."""


class Problem(Exception):  # noqa: N818 - the RFC's word
    """An answer that is not a prediction."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        headers: Sequence[tuple[bytes, bytes]] = (),
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.headers = list(headers)
        self.errors = list(errors)
        self.counters: ModelMetrics | None = None
        """Those of the model that was asked, if one was."""

    def body(self, request_id: str = "", *, as_v2: bool = False, prefix: str = "") -> bytes:
        """Write the problem as JSON; Open Inference Protocol clients read its member `error`."""
        content: dict[str, Any] = {
            "type": f"{prefix}/docs#{self.kind}", "title": self.title, "status": self.status, "detail": self.detail,
        }  # fmt: skip
        if request_id:
            content["instance"] = f"urn:request:{request_id}"
        if self.errors:
            content["errors"] = self.errors
        if as_v2:
            content["error"] = self.detail
        return orjson.dumps(content)


def shown(value: object) -> str:
    """Write a value that a client sent, short, so that an answer stays small whatever was sent."""
    text = repr(value) if not isinstance(value, str | dict | list) or len(value) <= _LONGEST else _clipped(value)
    return text if len(text) <= 2 * _LONGEST else f"{text[: 2 * _LONGEST]}..."


def _clipped(value: str | dict[str, object] | list[object]) -> str:
    if isinstance(value, str):
        return f"{value[:_LONGEST]!r}... ({len(value)} characters)"
    return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
