"""Requests that another model answers too, after the client has its answer: compared and counted, never sent."""

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from mainline.serving import observed
from mainline.serving.batching import Outcome, Rows, Share
from mainline.serving.models import Model
from mainline.serving.problems import Problem

if TYPE_CHECKING:
    from mainline.serving.service import Service


def send(service: "Service", model: Model, rows: Rows, answered: Share) -> None:
    """Let the mirroring model answer its share of what a model has answered; where the service is busy, it does not."""
    mirror = service.mirror_of(model)
    if mirror is None:
        return
    if service.batcher.queued_rows > service.settings.limits.queued_rows // 4:
        mirror.metrics.mirrored.outcomes["dropped"] += 1
        return
    asyncio.get_running_loop().call_soon(_submit, service, mirror, rows, answered)


def _submit(service: "Service", mirror: Model, rows: Rows, answered: Share) -> None:
    started = perf_counter()
    counted = mirror.metrics.mirrored

    def settle(outcome: Outcome) -> None:
        counted.seconds.observe(perf_counter() - started)
        counted.outcomes[_judge(outcome)] += 1
        if isinstance(outcome, Share):
            _compare(mirror, outcome, answered)

    try:
        service.batcher.submit(mirror, rows, settle)
    except Problem:
        counted.outcomes["dropped"] += 1


def _judge(outcome: Outcome) -> str:
    """Name what the client would have got."""
    if not isinstance(outcome, Share):
        return observed.FAILED  # stable read these rows, so a refusal is the candidate's failure too
    fits = outcome.answer.fits
    return "ok" if fits is None or all(fits[outcome.start : outcome.stop]) else observed.INVALID


def _compare(mirror: Model, outcome: Share, answered: Share) -> None:
    first = outcome.answer.predictions[outcome.start : outcome.stop]
    second = answered.answer.predictions[answered.start : answered.stop]
    apart = sum(abs(one - other) for one, other in zip(first, second, strict=True)) / len(first)
    if apart == apart and apart != float("inf"):
        mirror.metrics.mirrored.compare(apart)
        mirror.metrics.predictions[observed.place(first[0])] += 1
