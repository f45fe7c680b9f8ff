"""What several workers counted, added up; what one that ended had counted stays in the sum, so none ever falls."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from mainline.exchange.server_report import Counters, Served
from mainline.serving.answering.metrics import Across, Family

_VERSION = re.compile(r'[{,]version="((?:[^"\\]|\\.)*)"')


class Pages:
    """The pages of metrics."""

    def __init__(self) -> None:
        self._past: list[Family] = []

    def retire(self, page: Sequence[Family]) -> None:
        """Keep what a worker that ended had counted; what it measured is gone with it."""
        counted = [family for family in page if family["kind"] != "gauge"]
        self._past = _add([self._past, counted])

    def total(self, pages: Sequence[Sequence[Family]]) -> list[Family]:
        """Return the page of all workers, those that ended with it; versions that nobody serves any more left out."""
        total = _add([*pages, self._past])
        served = {None, *(_version(sample) for page in pages for family in page for sample in family["samples"])}
        for family in total:
            family["samples"] = {name: value for name, value in family["samples"].items() if _version(name) in served}
        return total


def _version(sample: str) -> str | None:
    found = _VERSION.search(sample)
    return found[1] if found else None


def _add(pages: Iterable[Sequence[Family]]) -> list[Family]:
    """Add pages up, by metric and sample."""
    total: dict[str, Family] = {}
    for page in pages:
        for family in page:
            known = total.setdefault(family["name"], {**family, "samples": {}})["samples"]
            for sample, value in family["samples"].items():
                known[sample] = _join(family["across"], known[sample], value) if sample in known else value
    return list(total.values())


def _join(across: Across, first: float, second: float) -> float:
    if across == "sum":
        return first + second
    return max(first, second) if across == "max" else min(first, second)


Key = tuple[str, str]
"""A version, and the digest of its package."""


class Reports:
    """What workers say of the versions that they serve, as one server's word to the follower.

    It has the oldest revision of the routes that a worker still serves. A worker that ends costs the rollout nothing:
    the server is the same, and its counts stay.
    """

    def __init__(self, process: str) -> None:
        """Speak as one process."""
        self._process = process
        self._said: dict[int, tuple[int, dict[tuple[Key, str], Counters]]] = {}
        self._past: dict[Key, Any] = {}

    def take(self, worker: int, served: Served, digests: Mapping[str, str]) -> None:
        """Note what a worker says; `digests` are those of its packages, by version."""
        versions = {
            ((version, digests[version]), counters["instance"]): counters
            for version, counters in served["versions"].items()
        }
        self._keep(worker, versions)
        self._said[worker] = served["revision"], versions

    def retire(self, worker: int) -> None:
        """Keep what a worker that ended had counted."""
        self._keep(worker, {})
        self._said.pop(worker, None)

    def has(self, worker: int) -> bool:
        """Whether a worker has said what it serves."""
        return worker in self._said

    def total(self) -> Served | None:
        """Return the word; None while no worker has said anything."""
        if not self._said:
            return None
        found: dict[Key, Any] = {}
        # By revision: where workers serve two packages under one version, the newer one is told.
        for _, versions in sorted(self._said.values(), key=lambda said: said[0]):
            for (key, _), counters in versions.items():
                found[key] = _sum(found.get(key, {}), counters)
        total = {
            version: {**_sum(self._past.get((version, digest), {}), counters), "instance": self._instance(digest)}
            for (version, digest), counters in found.items()
        }
        revision = min(revision for revision, _ in self._said.values())
        return {"process": self._process, "revision": revision, "versions": cast("dict[str, Counters]", total)}

    def _keep(self, worker: int, now: Mapping[tuple[Key, str], Counters]) -> None:
        """Keep the counts of models that a worker does not serve any more."""
        for known, counters in self._said.get(worker, (0, {}))[1].items():
            if known not in now:
                self._past[known[0]] = _sum(self._past.get(known[0], {}), counters)

    def _instance(self, digest: str) -> str:
        return f"{self._process}-{digest[:12]}"


def _sum(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Add numbers by name, at every depth; of two texts the second one stays."""
    total = dict(first)
    for name, value in second.items():
        if isinstance(value, Mapping):
            total[name] = _sum(first.get(name, {}), value)
        else:
            total[name] = value if isinstance(value, str) else first.get(name, 0) + value
    return total
