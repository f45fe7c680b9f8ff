"""What becomes of an answer that was sent: it is counted and logged, whichever protocol it went by."""

from collections.abc import Sequence

from mainline.serving.answering.messages import Request, Sent
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


def failed(service: Service, request: Request, error: Exception) -> Problem:
    """Log an error that nobody foresaw, and return the problem that the client is told."""
    warn("request failed", request_id=request.id, path=request.path[:200], error=service.said(error))
    return Problem("prediction-failed", "The service's log says why.")
