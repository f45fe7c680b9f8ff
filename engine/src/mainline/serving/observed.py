"""What the server says of the versions it serves, for whoever rolls out: one file, replaced whole every moment.

Numbers only ever grow while a model stays loaded; `instance` tells one loading from the next.
"""

import json
import os
from math import asinh
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainline import files
from mainline.serving.models import Model

if TYPE_CHECKING:
    from mainline.serving.service import Service

FILE = "served.json"
FAILED, INVALID = "prediction-failed", "prediction-outside-response-model"
ANSWERED = ("ok", FAILED, INVALID)
_FINEST, _PER_E = 1000.0, 16


def place(prediction: float) -> int:
    """Return the bin of a prediction: 6 % wide, finer than 0.0001 around 0, the same for every model."""
    return int(asinh(prediction * _FINEST) * _PER_E // 1)


def write(service: "Service", routing_file: Path) -> None:
    """Replace the file beside the routing file."""
    files.replace(routing_file.with_name(FILE), json.dumps(describe(service)))


def describe(service: "Service") -> dict[str, Any]:
    """Return what is served and what was counted."""
    routing = service.routing
    return {
        "process": f"{os.getpid()}-{service.started:.6f}",
        "revision": routing.revision if routing else 0,
        "versions": {model.version: _counters(model) for model in service.models()},
    }


def _counters(model: Model) -> dict[str, Any]:
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
        "predictions": {str(name): count for name, count in own.predictions.copy().items()},
        "pairs": {"number": mirrored.number, "sum": mirrored.sum, "squares": mirrored.squares},
    }
