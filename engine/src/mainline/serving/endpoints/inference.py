"""`POST /predict`: one request or a list of them in, predictions with what was looked up for them out."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from mainline.serving import logs
from mainline.serving.answering import mirroring, strictjson
from mainline.serving.answering.answer import Pattern
from mainline.serving.answering.batching import Outcome, Rows, Share
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem, shown
from mainline.serving.service import Service

Done = Callable[[Reply | Problem], None]


async def predict(service: Service, request: Request) -> Reply:
    """Answer a request with one prediction per row.

    Raises:
        Problem: see `problems.KINDS`.
    """
    body = await request.json_body(service.settings.limits.body_bytes)
    return await in_future(partial(begin, service, request, body))


def begin(service: Service, request: Request, body: bytes, done: Done) -> None:
    """Read a request and call `done` with its reply, or with its problem, once it is predicted.

    Raises:
        Problem: where the request is refused before anything is predicted.
    """
    most, traced = service.settings.limits.rows, request.traced
    if traced:
        traced.begin()
    service.batcher.check_room(estimate(body, most))  # reading what is refused then would cost those that wait
    parsed = strictjson.parse(body)
    rows = check_rows(parsed if type(parsed) is list else [parsed], most)
    answer(service, request, rows, done)


def answer(service: Service, request: Request, rows: Rows, done: Done) -> None:
    """Deal a request its version, and call `done` with the reply to its rows, or with its problem.

    Raises:
        Problem: not-ready, overloaded.
    """
    model, traced = service.choose(request), request.traced
    if traced:
        traced.read(model.name, model.version)

    def reply(share: Share) -> Reply:
        if traced:
            traced.begin()
        encoded = _encode(model, request, share).encode()
        if traced:
            traced.end("serialise")
        return Reply(encoded, model=model, counters=model.metrics, rows=len(rows), share=share)

    infer(service, model, rows, reply, done)


def has_room(service: Service, body: bytes) -> bool:
    """Say whether the rows of a request may wait for a prediction now."""
    try:
        service.batcher.check_room(estimate(body, service.settings.limits.rows))
    except Problem:
        return False
    return True


def estimate(body: bytes, most: int) -> int:
    """Return how many rows a request may have, without reading it."""
    return min(body.count(b"{"), most)


async def in_future(begin: Callable[[Done], None]) -> Reply:
    """Wait for a reply that comes by callback.

    Raises:
        Problem: where that came instead.
    """
    future: asyncio.Future[Reply | Problem] = asyncio.get_running_loop().create_future()

    def settle(outcome: Reply | Problem) -> None:
        if not future.done():  # the client may have gone away
            future.set_result(outcome)

    begin(settle)
    outcome = await future
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def check_rows(rows: Any, most: int) -> Rows:
    """Refuse no rows and too many.

    Raises:
        Problem: invalid-request, too-many-rows.
    """
    if not rows:
        raise Problem("invalid-request", "The list is empty; send at least one row.")
    if len(rows) > most:
        raise Problem("too-many-rows", f"There are {len(rows)} rows; send at most {most} in one request.")
    return rows


def infer(
    service: Service, model: Model, rows: Rows, reply: Callable[[Share], Reply], done: Done, *, named: bool = False
) -> None:
    """Predict rows, hold the predictions to the response model, and call `done` with what `reply` makes of them.

    What goes wrong is passed on as a problem: invalid-request, prediction-failed or
    prediction-outside-response-model. A request that named its version is neither mirrored nor compared: a client
    that chooses who answers would choose how a rollout ends.

    Raises:
        Problem: overloaded; no model has seen the rows then.
    """

    def conclude(outcome: Outcome) -> None:
        try:
            share = _checked(service, model, outcome)
            answered: Reply | Problem = reply(share)
            if not named:
                model.metrics.predictions[model.place(share.answer.predictions[share.start])] += 1
                if service.mirrors and (mirror := service.mirror_of(model)):
                    mirroring.send(service.batcher, mirror, rows, share)
        except Problem as problem:
            answered = problem
            answered.counters = model.metrics
        except Exception as error:  # others of the batch wait behind this one
            answered = _failed(model, error)
        done(answered)

    service.batcher.submit(model, rows, conclude)


def _checked(service: Service, model: Model, outcome: Outcome) -> Share:
    if isinstance(outcome, Problem):
        service.count_refused_fields(outcome)
        raise outcome
    if isinstance(outcome, Exception):
        raise _failed(model, outcome)
    if outcome.answer.fits is not None and not all(outcome.answer.fits[outcome.start : outcome.stop]):
        raise _outside(model, outcome)
    return outcome


def _failed(model: Model, error: Exception) -> Problem:
    logs.warn("prediction failed", version=model.version, error=model.said(error))
    problem = Problem("prediction-failed", "The model could not answer this request; the service's log says why.")
    problem.counters = model.metrics
    return problem


def _outside(model: Model, share: Share) -> Problem:
    fits = share.answer.fits or []
    row = fits.index(False, share.start, share.stop) - share.start
    value, field = share.answer.predictions[share.start + row], model.response
    model.metrics.outside_response += 1
    logs.warn(
        "prediction outside the response model",
        version=model.version, field=field.name, value=shown(value),
    )  # fmt: skip
    allowed = "bounded"
    if model.classes:
        allowed = "probabilities from 0 to 1 that sum to 1"
    elif None not in (field.minimum, field.maximum):
        allowed = f"from {field.minimum:g} to {field.maximum:g}"
    detail = f"row {row}: {field.name} would be {shown(value)}; the response model allows {allowed}."
    return Problem("prediction-outside-response-model", detail)


def _encode(model: Model, request: Request, share: Share) -> str:
    """Write the answer; floats as their shortest text that reads back to the same bits."""
    predictions, response = share.answer.predictions[share.start : share.stop], model.predictor.response
    values = orjson.dumps([*map(response.members, predictions)] if response.interval else predictions).decode()[1:-1]
    if not (model.classes or response.interval):
        values = model.number_opening + values.replace(",", "}," + model.number_opening) + "}"
    return (
        f'{model.answer_opening}"{request.id}",'
        f'"predictions":[{values}],"features":[{_features(share.answer.patterns[share.start : share.stop])}]'
        f"{_unusual(model, share)}}}"
    )


def _unusual(model: Model, share: Share) -> str:
    """Write the marks of the rows that are outside of what the model has seen, where they are declared."""
    if model.unusual is None:
        return ""
    marks = model.unusual.grouped(share.answer.unusual, share.start, share.stop)
    return f',"unusual":{orjson.dumps(marks).decode()}'


def _features(patterns: list[Pattern]) -> str:
    """Group the rows of a request by what was known of them."""
    if len(patterns) == 1:
        return f'{{"rows":[0],{patterns[0].json}}}'
    rows: dict[Pattern, list[int]] = defaultdict(list)
    for number, pattern in enumerate(patterns):
        rows[pattern].append(number)
    return ",".join(
        [f'{{"rows":{orjson.dumps(numbers).decode()},{pattern.json}}}' for pattern, numbers in rows.items()]
    )
