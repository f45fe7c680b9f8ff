"""A receiver of OpenTelemetry's spans on this machine, over HTTP: reads them by OpenTelemetry's own messages."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.receiver import Holding, serving

LIMIT = 60.0
"""Seconds until spans that do not come count as lost."""


@dataclass(frozen=True)
class Span:
    """A span, and the resource that it came from."""

    told: Any
    source: dict[str, str]
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.told.name)


class SpanReceiver(Holding):
    """`answers` come first, then 200.

    An answer is a status; 0 answers nothing until `ended` is set, and -1 sends a byte of an answer now and then.
    `refuses` is how many spans it says that it did not take, and `padding` what it sends behind that.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.bodies: list[bytes] = []
        self.asked: list[tuple[str, str]] = []
        self.answers: list[int] = []
        self.always = 200
        self.refuses = 0
        self.padding = b""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[Span]:
        """Return the spans that came."""
        found = []
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                source = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                for scope in resource.scope_spans:
                    found += [Span(span, source, _attributes(span)) for span in scope.spans]
        return found

    def wait(self, requests: int) -> list[Span]:
        """Return the spans as soon as so many requests have some."""
        late = time.monotonic() + LIMIT
        while True:
            found = self.spans()
            if len([span for span in found if not is_stage(span)]) >= requests:
                return found
            assert time.monotonic() < late, f"only {[span.name for span in found]} came"
            time.sleep(0.02)


def is_stage(span: Span) -> bool:
    """Say whether a span is of a stage, not of a request."""
    return bool(span.told.kind == span.told.SPAN_KIND_INTERNAL)


def _attributes(span: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


class _Handler(BaseHTTPRequestHandler):
    server: SpanReceiver

    def do_POST(self) -> None:
        """Take spans."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Content-Type"]))
        status = self.server.answers.pop(0) if self.server.answers else self.server.always
        if status in (0, -1):
            self.server.hold(self, status)
            return
        told = b""
        if status == 200:
            self.server.bodies.append(body)
            answer = ExportTraceServiceResponse()
            answer.partial_success.rejected_spans = self.server.refuses
            told = answer.SerializeToString() + self.server.padding
        self.send_response(status)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def receiving() -> AbstractContextManager[SpanReceiver]:
    """Run one."""
    return serving(SpanReceiver())
