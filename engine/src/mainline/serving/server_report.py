"""This server's report on the versions that it serves, for the follower."""

import os
from collections import Counter
from pathlib import Path

from mainline.exchange import server_report
from mainline.exchange.server_report import Counters, Served
from mainline.serving.answering.metrics import ANSWERED, FAILED, INVALID
from mainline.serving.answering.model import Model
from mainline.serving.answering.routing import Routing
from mainline.serving.common.colleagues import Colleagues
from mainline.serving.logs import warn


class Reporter:
    """Tells the follower what is served, again and again."""

    def __init__(self, file: Path, started: float, failures: Counter[str], colleagues: Colleagues | None) -> None:
        """Write a file, or be one voice among those of several workers, for whom another process writes it.

        Args:
            file: what the follower reads.
            started: when this process began to serve, in Unix time.
            failures: counts what could not be written.
            colleagues: the other workers, if there are any.
        """
        self._file, self._started, self._failures, self._colleagues = file, started, failures, colleagues
        self._unwritten = ""

    def report(self, routing: Routing | None) -> None:
        """Say what is served; a failure is said once, and costs nothing else."""
        try:
            self._tell(routing)
            self._unwritten = ""
        except Exception as error:
            self._failures["routing"] += 1
            if str(error) != self._unwritten:
                warn("what is served was not written for the follower; its rollout waits", error=str(error))
            self._unwritten = str(error)

    def _tell(self, routing: Routing | None) -> None:
        said = describe(self._started, routing)
        if self._colleagues is None:
            server_report.write(self._file, said)
        else:
            self._colleagues.tell(said, {model.version: model.digest for model in (routing.models if routing else ())})


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
