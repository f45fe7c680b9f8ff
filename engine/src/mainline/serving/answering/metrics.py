"""Counters and histograms in Prometheus' text format, hand-written: adding to one costs a tenth of a microsecond.

Everything is counted by the thread of the event loop or under Python's lock; a scrape reads while others count.
"""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from math import asinh
from typing import Literal

from typing_extensions import TypedDict

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram, in seconds."""
FAILED, INVALID = "prediction-failed", "prediction-outside-response-model"
ANSWERED = ("ok", FAILED, INVALID)
"""The outcomes of requests that a model has seen."""
OVERLOADED, NOT_READY = "overloaded", "not-ready"
UNFIT = "invalid-request"
"""How a request is counted that does not fit the request model: of a model, or, before one was found, by itself."""
FAULTS = (FAILED, INVALID, OVERLOADED, NOT_READY)
"""The outcomes that are the service's own fault, not the client's."""
_FINEST, _PER_E = 1000.0, 16
MEDIA_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
Kind = Literal["counter", "gauge", "histogram"]
Across = Literal["sum", "max", "min"]
"""What the samples of several workers come to; those of counters and histograms are summed."""


class Family(TypedDict):
    """A metric of a page; its samples by their name with labels, as the page writes them."""

    name: str
    kind: Kind
    description: str
    across: Across
    samples: dict[str, float]


class Histogram:
    """Observations by upper bound, as Prometheus counts them."""

    def __init__(self, bounds: tuple[float, ...] = BUCKETS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Mirrored:
    """A model's predictions for mirrored requests, which another model answered; no client gets them."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.seconds = Histogram()
        self.number = 0
        self.sum = 0.0
        self.squares = 0.0

    def compare(self, difference: float) -> None:
        """Count how far the two models were apart in one request, in the response's unit."""
        self.number += 1
        self.sum += difference
        self.squares += difference * difference


class ModelMetrics:
    """What is counted by model version."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.seconds = Histogram()
        self.named: Counter[str] = Counter()
        """Outcomes of requests that named the version; the two above, which rollouts are judged by, leave them out."""
        self.rows = 0
        self.nonfinite: Counter[str] = Counter()
        self.unusual: Counter[tuple[str, str]] = Counter()
        """Rows by feature and reason of a mark (`Unusual`), and below those with any."""
        self.unusual_rows = 0
        self.outside_response = 0
        self.predictions: Counter[int] = Counter()
        """The first prediction of each request, by bin (`place`)."""
        self.mirrored = Mirrored()


class ServiceMetrics:
    """What is counted before a request has a model, and about the service itself."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.invalid_fields: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        """What clients said came of answers, by what became of it."""
        self.open_websockets = 0
        self.log_rows = 0
        self.log_dropped = 0
        self.log_failing = False


def place(prediction: float) -> int:
    """Return the bin of a prediction: 6 % wide, finer than 0.0001 around 0, the same for every model."""
    return int(asinh(prediction * _FINEST) * _PER_E // 1)


def resident_bytes() -> int:
    """Return the resident memory of this process; where /proc is missing, its peak."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Page:
    """A page of metrics under construction."""

    def __init__(self) -> None:
        self.families: list[Family] = []

    def add(
        self,
        name: str,
        kind: Literal["counter", "gauge"],
        description: str,
        samples: Iterable[Sample],
        across: Across = "max",
    ) -> None:
        """Add a metric with its samples; `across` says what a gauge of several workers comes to."""
        named = {f"{name}{_labels(labels)}": float(value) for labels, value in samples}
        self._add(name, kind, description, named, "sum" if kind == "counter" else across)

    def add_histogram(self, name: str, description: str, histograms: Iterable[tuple[Labels, Histogram]]) -> None:
        """Add histograms of one name."""
        named: dict[str, float] = {}
        for labels, histogram in histograms:
            total = 0
            for bound, count in zip([*map(str, histogram.bounds), "+Inf"], histogram.counts, strict=True):
                total += count
                named[f"{name}_bucket{_labels({**labels, 'le': bound})}"] = total
            named[f"{name}_sum{_labels(labels)}"] = histogram.sum
            named[f"{name}_count{_labels(labels)}"] = total
        self._add(name, "histogram", description, named, "sum")

    def render(self) -> bytes:
        """Return the page as text."""
        return render(self.families)

    def _add(self, name: str, kind: Kind, description: str, samples: dict[str, float], across: Across) -> None:
        self.families.append(
            {"name": name, "kind": kind, "description": description, "across": across, "samples": samples}
        )


def render(families: Iterable[Family]) -> bytes:
    """Write a page out."""
    lines: list[str] = []
    for family in families:
        lines += [f"# HELP {family['name']} {family['description']}", f"# TYPE {family['name']} {family['kind']}"]
        lines += [f"{sample} {_number(value)}" for sample, value in family["samples"].items()]
    return ("\n".join(lines) + "\n").encode()


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)
