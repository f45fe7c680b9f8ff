"""This server's report on the versions that it serves, for the follower."""

import os
from pathlib import Path

from mainline.exchange import server_report
from mainline.exchange.server_report import Counters, Served
from mainline.serving.answering.metrics import ANSWERED, FAILED, INVALID
from mainline.serving.answering.model import Model
from mainline.serving.answering.routing import Routing


def write(file: Path, started: float, routing: Routing | None) -> None:
    """Replace the file; `started`: when this process began to serve, in Unix time."""
    server_report.write(file, describe(started, routing))


def describe(started: float, routing: Routing | None) -> Served:
    """Return what is served and what was counted."""
    return {
        "process": f"{os.getpid()}-{started:.6f}",
        "revision": routing.revision if routing else 0,
        "versions": {model.version: _counters(model) for model in (routing.models if routing else ())},
    }


def _counters(model: Model) -> Counters:
    own, mirrored = model.metrics, model.metrics.mirrored
    outcomes = {name: own.outcomes[name] + mirrored.outcomes[name] for name in ANSWERED}
    bounds = [*map(str, own.seconds.bounds), "inf"]
    seconds = [sum(pair) for pair in zip(own.seconds.counts, mirrored.seconds.counts, strict=True)]
    return {
        "instance": model.instance,
        "requests": sum(outcomes.values()),
        "failed": outcomes[FAILED],
        "invalid": outcomes[INVALID],
        "mirrored": sum(mirrored.outcomes.values()),
        "seconds": dict(zip(bounds, seconds, strict=True)),
        "predictions": model.bins(),
        "pairs": {"number": mirrored.number, "sum": mirrored.sum, "squares": mirrored.squares},
    }
