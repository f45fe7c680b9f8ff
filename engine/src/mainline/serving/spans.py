"""What a span says of an answered request, in OpenTelemetry's own messages and by its names where it has one.

It says which route and version answered, how, and how long each stage took. It never holds what a client sent or got:
no value, no key, no id, and no path but those of the service.
"""

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mainline.errors import ParamsError
from mainline.serving import extras
from mainline.serving.answering.stages import Stage

METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""Those that a span may name; a method is any text of a client's."""
_FAILED = 500
"""From this status on the fault is the service's."""
_SAMPLED, _KNOWS_PARENT, _REMOTE = 0x1, 0x100, 0x200
"""Flags of a span: sampled; whether the parent is of another process is known; it is."""
_SPANS = random.Random(os.urandom(16))  # noqa: S311 - names, not secrets


class Answered(NamedTuple):
    """What is kept of a request until its spans are sent."""

    trace: str
    """Our traceparent."""
    parent: str
    method: str
    route: str
    status: int
    """That of HTTP."""
    outcome: str
    kind_status: int
    """That of the outcome, whichever protocol the request came by."""
    model: str
    version: str
    rows: int
    started: float
    seconds: float
    offset: float
    """Unix time less `perf_counter`."""
    stages: Sequence[Stage]


class Encoder:
    """Makes the messages that a receiver takes."""

    def __init__(self, source: Mapping[str, str]) -> None:
        """Send as this source.

        Raises:
            ParamsError: when the library is not installed.
        """
        try:
            from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
            from opentelemetry.proto.common.v1 import common_pb2
            from opentelemetry.proto.trace.v1 import trace_pb2
        except ModuleNotFoundError as error:
            raise ParamsError(
                "service.traces", f"needs {error.name}, which is not installed",
                extras.remedy("traces"), "deploy/",
            ) from error  # fmt: skip
        self._common, self._trace, self._service = common_pb2, trace_pb2, trace_service_pb2
        self._source = self._attributes(source)

    def request_of(self, answers: Iterable[Answered]) -> bytes:
        """Return the body of a request that brings the spans of these answers."""
        spans = [span for answered in answers for span in self._spans(answered)]
        scope = self._trace.ScopeSpans(scope=self._common.InstrumentationScope(name="mainline"), spans=spans)
        resource = self._trace.ResourceSpans(scope_spans=[scope])
        resource.resource.attributes.extend(self._source)
        body: bytes = self._service.ExportTraceServiceRequest(resource_spans=[resource]).SerializeToString()
        return body

    def refused(self, body: bytes) -> int:
        """Return how many spans a receiver says that it did not take."""
        return int(self._service.ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans)

    def _spans(self, answered: Answered) -> list[Any]:
        """Return the span of a request, and one below it for each of its stages."""
        kinds = self._trace.Span.SpanKind
        trace, whole = bytes.fromhex(answered.trace[3:35]), bytes.fromhex(answered.trace[36:52])

        def span(name: str, began: float, ended: float, **more: Any) -> Any:
            began, ended = (int((moment + answered.offset) * 1e9) for moment in (began, ended))
            return self._trace.Span(
                trace_id=trace, name=name, start_time_unix_nano=began, end_time_unix_nano=ended, **more
            )

        first = span(
            _name(answered), answered.started, answered.started + answered.seconds, span_id=whole,
            parent_span_id=bytes.fromhex(answered.parent), kind=kinds.SPAN_KIND_SERVER,
            flags=_SAMPLED | _KNOWS_PARENT | (_REMOTE if answered.parent else 0),
            attributes=self._attributes(_attributes(answered)),
        )  # fmt: skip
        if answered.kind_status >= _FAILED:
            first.status.code = self._trace.Status.STATUS_CODE_ERROR
        below = [
            span(
                stage.name, stage.began, stage.ended, span_id=_SPANS.randbytes(8), parent_span_id=whole,
                kind=kinds.SPAN_KIND_INTERNAL, flags=_SAMPLED | _KNOWS_PARENT,
            )
            for stage in answered.stages
        ]  # fmt: skip
        return [first, *below]

    def _attributes(self, values: Mapping[str, str | int]) -> list[Any]:
        return [self._common.KeyValue(key=key, value=self._value(value)) for key, value in values.items()]

    def _value(self, value: str | int) -> Any:
        given = {"string_value": value} if isinstance(value, str) else {"int_value": value}
        return self._common.AnyValue(**given)


def _name(answered: Answered) -> str:
    if _of_rpc(answered):
        return answered.route
    return f"{_method(answered)} {answered.route}".strip()


def _attributes(answered: Answered) -> dict[str, str | int]:
    if _of_rpc(answered):
        found: dict[str, str | int] = {"rpc.system.name": "grpc", "rpc.method": answered.route}
    else:
        found = {"http.request.method": _method(answered), "http.response.status_code": answered.status}
        found |= {"http.route": answered.route} if answered.route else {}
    found |= {"error.type": answered.outcome} if answered.outcome != "ok" else {}
    found |= {"mainline.model": answered.model, "mainline.version": answered.version} if answered.version else {}
    return found | ({"mainline.rows": answered.rows} if answered.rows else {})


def _method(answered: Answered) -> str:
    return answered.method if answered.method in METHODS else "_OTHER"


def _of_rpc(answered: Answered) -> bool:
    """Say whether it came by gRPC, whose routes have no slash in front."""
    return bool(answered.route) and not answered.route.startswith("/")
