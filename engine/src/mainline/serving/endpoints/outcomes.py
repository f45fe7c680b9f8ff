"""`POST /outcomes`: what came of answers, by the id of their request; the server knows which version answered."""

import asyncio
from collections import Counter
from math import isfinite
from typing import Any, get_args

import orjson

from mainline.exchange.outcomes import MOST
from mainline.serving.answering import strictjson
from mainline.serving.answering.experiment import Fate
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.problems import SHOWN, Problem, shown
from mainline.serving.endpoints.inference import check_rows
from mainline.serving.logs import warn
from mainline.serving.outcome_log import Event
from mainline.serving.service import Service

_LONGEST = 64


async def take(service: Service, request: Request) -> Reply:
    """Write down one outcome or a list of them, and say what became of each; `counted` is on the disk by then.

    Raises:
        Problem: not-found, where no outcomes are kept, or they are read from labels; malformed-json, invalid-request,
            too-many-rows; overloaded, where too many wait for the disk; outcomes-not-kept.
    """
    log = service.outcomes
    if log is None:
        raise Problem("not-found", "No outcomes are kept here: that needs a follower, and a directory in service.log.")
    if service.routing and service.routing.metric:
        raise Problem("not-found", "No outcomes are taken here: the policy reads those of this step from labels.")
    if not log.has_room():
        raise Problem("overloaded", "Outcomes wait for the disk already; send these again in a second.",
                      headers=[(b"retry-after", b"1")])  # fmt: skip
    parsed = strictjson.parse(await request.json_body(service.settings.limits.body_bytes))
    events = _read(parsed if type(parsed) is list else [parsed], service.settings.limits.rows)
    try:
        fates = await asyncio.wrap_future(log.submit(events, request.key.id))
    except OSError as error:
        warn("outcomes were not written", request_id=request.id, error=str(error))
        detail = "None of these outcomes was counted, since they could not be written; send all of them again."
        raise Problem("outcomes-not-kept", detail, headers=[(b"retry-after", b"1")]) from error
    counts = Counter(fates)
    service.metrics.outcomes.update(counts)
    others = [event.request_id for event, fate in zip(events, fates, strict=True) if fate == "unknown"]
    answer = {name: counts[name] for name in get_args(Fate)}
    return Reply(orjson.dumps(answer | {"unknown_ids": others[:SHOWN]}))


def _read(rows: Any, most: int) -> list[Event]:
    """Check what was sent.

    Raises:
        Problem: invalid-request, naming each field that is wrong; too-many-rows.
    """
    found, errors = [], []
    for number, row in enumerate(check_rows(rows, most)):
        wrong = _problem(row)
        if wrong:
            errors.append({"row": number, **wrong})
        else:
            found.append(Event(row["request_id"], float(row["value"])))
    if errors:
        first = errors[0]
        detail = f"row {first['row']}: {first['field']} is {first['value']}; {first['allowed']}."
        raise Problem("invalid-request", detail, errors=errors[:SHOWN])
    return found


def _problem(row: Any) -> dict[str, str]:
    """Say what is wrong with one outcome; empty if nothing is."""
    if type(row) is not dict:
        return {"field": "outcome", "value": shown(row), "allowed": "send an object with request_id and value"}
    unknown = [name for name in row if name not in ("request_id", "value")]
    if unknown:
        return {"field": shown(unknown[0]), "value": "not known", "allowed": "send request_id and value alone"}
    name, value = row.get("request_id"), row.get("value")
    if type(name) is not str or not 0 < len(name) <= _LONGEST:
        return {
            "field": "request_id",
            "value": shown(name),
            "allowed": f"send the answer's, 1 to {_LONGEST} characters",
        }
    if (type(value) is not int and type(value) is not float) or not isfinite(value) or abs(value) > MOST:
        return {"field": "value", "value": shown(value), "allowed": f"send a number from -{MOST:g} to {MOST:g}"}
    return {}
