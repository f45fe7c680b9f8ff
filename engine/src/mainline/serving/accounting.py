"""What becomes of an answer that was sent: it is counted and logged, whichever protocol it went by."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from mainline.serving.answering.messages import Reply, Request, Sent
from mainline.serving.answering.problems import Problem
from mainline.serving.logs import warn
from mainline.serving.service import Service


def finish(service: Service, answers: Sequence[Sent]) -> None:
    """Count and log what was sent."""
    for reply, request, seconds in answers:
        metrics = reply.counters
        if metrics is not None:
            metrics.rows += reply.rows
            if request.named:
                metrics.named[reply.outcome] += 1
                continue
            metrics.outcomes[reply.outcome] += 1
            metrics.seconds.observe(seconds)
        elif reply.outcome != "ok":
            service.metrics.refused[reply.outcome] += 1
    if service.tracer:
        service.tracer.take(answers)
    service.log_answers(answers)


class Ledger:
    """Answers of a batch, counted and logged together after the last: that costs less than one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sent: list[Sent] = []

    def add(self, reply: Reply, request: Request) -> None:
        """Note an answer that was just sent."""
        if not self._sent:
            asyncio.get_running_loop().call_soon(self._finish)
        self._sent.append(Sent(reply, request, perf_counter() - request.started))

    def _finish(self) -> None:
        sent, self._sent = self._sent, []
        finish(self._service, sent)


def failed(service: Service, request: Request, error: Exception) -> Problem:
    """Log an error that nobody foresaw, and return the problem that the client is told."""
    warn("request failed", request_id=request.id, path=request.path[:200], error=service.said(error))
    return Problem("prediction-failed", "The service's log says why.")
