"""Requests that another model answers too, after the client has its answer: compared and counted, never sent."""

import asyncio
from time import perf_counter

from mainline.package import responses
from mainline.serving.answering.batching import Batcher, Outcome, Rows, Share
from mainline.serving.answering.metrics import FAILED, INVALID
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem


def send(batcher: Batcher, mirror: Model, rows: Rows, answered: Share) -> None:
    """Let a model answer rows that another one has answered; if a quarter of the queue is taken, it does not."""
    if batcher.queued_rows > batcher.most_rows // 4:
        mirror.metrics.mirrored.outcomes["dropped"] += 1
        return
    asyncio.get_running_loop().call_soon(_submit, batcher, mirror, rows, answered)


def _submit(batcher: Batcher, mirror: Model, rows: Rows, answered: Share) -> None:
    started = perf_counter()
    counted = mirror.metrics.mirrored

    def settle(outcome: Outcome) -> None:
        counted.seconds.observe(perf_counter() - started)
        counted.outcomes[_judge(outcome)] += 1
        if isinstance(outcome, Share):
            _compare(mirror, outcome, answered)

    try:
        batcher.submit(mirror, rows, settle)
    except Problem:
        counted.outcomes["dropped"] += 1


def _judge(outcome: Outcome) -> str:
    """Name what the client would have got."""
    if not isinstance(outcome, Share):
        return FAILED  # stable read these rows, so a refusal is the candidate's failure too
    fits = outcome.answer.fits
    return "ok" if fits is None or all(fits[outcome.start : outcome.stop]) else INVALID


def _compare(mirror: Model, outcome: Share, answered: Share) -> None:
    first = outcome.answer.predictions[outcome.start : outcome.stop]
    second = answered.answer.predictions[answered.start : answered.stop]
    apart = responses.distance(first, second)
    if apart == apart and apart != float("inf"):
        mirror.metrics.mirrored.compare(apart)
        mirror.metrics.predictions[mirror.place(first[0])] += 1
