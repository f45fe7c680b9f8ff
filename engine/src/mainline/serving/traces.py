"""Which requests are traced, by OpenTelemetry's rules, and what becomes of them once they are answered."""

import os
import time
from collections.abc import Iterable
from time import perf_counter

from mainline.declared.service import Traces
from mainline.serving.answering import tracing
from mainline.serving.answering.messages import Request, Sent
from mainline.serving.answering.problems import KINDS
from mainline.serving.answering.stages import Traced
from mainline.serving.span_sender import SpanSender
from mainline.serving.spans import Answered, Encoder


class Tracer:
    """Chooses requests, and hands on what their spans will say."""

    def __init__(self, declared: Traces, worker: int | None = None) -> None:
        """Prepare it; nothing is sent before `sender.start()`.

        Raises:
            ParamsError: when the library is not installed.
        """
        self._below = int(declared.sample * 2**64)
        source = {"service.name": declared.name, "service.instance.id": os.urandom(8).hex()}
        source |= {} if worker is None else {"mainline.worker": str(worker)}
        self.sender = SpanSender(declared.endpoint, Encoder(source))

    def begin(self, request: Request, route: str) -> None:
        """Note the stages of a request, if its trace is sampled: the caller says so, or the share if it begins here."""
        caller = tracing.caller(request.headers.get(b"traceparent", b""))
        if not (caller.sampled if caller else int(request.trace[19:35], 16) < self._below):
            return
        request.trace = f"{request.trace[:-2]}01"
        request.traced = Traced(caller.span if caller else "", route)

    def take(self, answers: Iterable[Sent]) -> None:
        """Hand on what the spans of answers will say, of those that are traced."""
        offset = time.time() - perf_counter()
        for reply, request, seconds in answers:
            if (traced := request.traced) is None:
                continue
            kind_status = KINDS[reply.outcome][0] if reply.outcome in KINDS else reply.status
            answered = Answered(
                trace=request.trace,
                parent=traced.parent,
                method=request.method,
                route=traced.route,
                status=reply.status,
                outcome=reply.outcome,
                kind_status=kind_status,
                model=traced.model,
                version=traced.version,
                rows=reply.rows,
                started=request.started,
                seconds=seconds,
                offset=offset,
                stages=[*traced.done, *(reply.share.answer.stages if reply.share else ())],
            )
            self.sender.put(answered)
