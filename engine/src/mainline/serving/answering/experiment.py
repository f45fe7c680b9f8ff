"""An experiment in memory: which version gave which answer, and what came of it.

Of an answer about 110 bytes are kept, of the newest half a million to a million. Names are kept as hashes of 8 bytes
with a key of this process, so that nobody can choose two that are taken for one.
"""

import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple

from mainline.exchange.outcomes import Outcomes, Tally
from mainline.serving.answering.sums import NOTHING, Sums, fixed, origin

REMEMBERED = 2**19
"""Answers of one generation; there are two, and the older one is dropped once the younger is full."""
MOST_CLIENTS = 2**20
"""Clients that keep their version; answers to more of them are not remembered."""
GROWTH = 1.1
"""A point of the trace has so many times the outcomes of the one before."""
_SEVERAL = -1
_KEY = os.urandom(16)

Fate = Literal["counted", "repeated", "conflicting", "ambiguous", "late", "unknown"]
"""What becomes of an outcome; only the first moves the experiment."""


class Unit(NamedTuple):
    """Who was dealt a version: a client that keeps it, or ('') each request by itself."""

    version: str
    client: str


class Found(NamedTuple):
    """What is known of an outcome's answer; `former` names the experiment of one that comes late."""

    fate: Fate
    unit: Unit | None = None
    former: str = ""


class Experiment:
    """What a step of a rollout, in which two versions answer, has come to so far."""

    def __init__(self, name: str, versions: Sequence[str]) -> None:
        self.name = name
        self.whole = True
        """Whether all is counted that this machine knows of it; a server that started again reads that first."""
        self._sums = dict.fromkeys(versions, Sums())
        self.left_out: Counter[str] = Counter()
        self._trace: list[dict[str, Sums]] = []
        self._lock = threading.Lock()
        # An answer has the number of its unit until its outcome comes, and the outcome's value from then on.
        self._young: dict[int, int | float] = {}
        self._old: dict[int, int | float] = {}
        self._numbers: dict[Unit, int] = {}
        self._units: list[Unit] = []
        self._of_clients: dict[int, tuple[int, int]] = {}

    @property
    def tallies(self) -> dict[str, Tally]:
        """The outcomes by version, less the origin."""
        sums = dict(self._sums)
        return _less(sums, origin(sums.values()))

    def remember(self, request_id: str, unit: Unit) -> None:
        """Note who answered a request; an id that two units used tells nobody's outcome."""
        with self._lock:
            self._remember(_hashed(request_id), unit)

    def _remember(self, key: int, unit: Unit) -> None:
        number = self._numbers.get(unit)
        if number is None:
            if len(self._units) >= MOST_CLIENTS or unit.version not in self._sums:
                return
            number = self._numbers[unit] = len(self._units)
            self._units.append(unit)
        known = self._known(key)
        if known is not None:
            if type(known) is int and known != number:
                self._settle(key, _SEVERAL)
            return
        self._add(key, number)

    def find(self, request_id: str, value: float) -> Found:
        """Say what an outcome is to be counted as."""
        known = self._known(_hashed(request_id))
        if known is None:
            return Found("unknown")
        if type(known) is float:
            return Found("repeated" if known == value else "conflicting")
        return Found("ambiguous") if known == _SEVERAL else Found("counted", self._units[int(known)])

    def count(self, request_id: str, value: float, unit: Unit) -> None:
        """Let an outcome move the experiment; from now on the same one is repeated."""
        with self._lock:
            self._settle(_hashed(request_id), float(value))
            self._count(value, unit)

    def _count(self, value: float, unit: Unit) -> None:
        moved, before = fixed(value), NOTHING
        if unit.client:
            place = self._numbers.setdefault(unit, len(self._units))
            if place == len(self._units):
                self._units.append(unit)
            before = self._of_clients.get(place, NOTHING)
            self._of_clients[place] = before[0] + 1, before[1] + moved
        self._sums[unit.version] = self._sums[unit.version].add(moved, before)
        self._note()

    def settle(self, request_id: str, value: float) -> None:
        """Note that an answer has its outcome: from now on the same one is repeated."""
        with self._lock:
            self._settle(_hashed(request_id), float(value))

    def document(self) -> Outcomes:
        """Return what the follower is told."""
        sums = dict(self._sums)
        less = origin(sums.values())
        return {
            "experiment": self.name, "origin": less, "versions": _less(sums, less),
            "left_out": dict(self.left_out), "trace": [_less(point, less) for point in list(self._trace)],
        }  # fmt: skip

    def _known(self, key: int) -> int | float | None:
        found = self._young.get(key)
        return self._old.get(key) if found is None else found

    def _settle(self, key: int, value: int | float) -> None:
        for generation in (self._old, self._young):
            if key in generation:
                generation[key] = value
                return
        self._add(key, value)

    def _add(self, key: int, value: int | float) -> None:
        if len(self._young) >= REMEMBERED:
            self._old = self._young  # in this order: another thread looks answers up meanwhile
            self._young = {}
        self._young[key] = value

    def _note(self) -> None:
        """Add a point to the trace if there are enough more outcomes than at the last one."""
        number = sum(sums.number for sums in self._sums.values())
        last = sum(sums.number for sums in self._trace[-1].values()) if self._trace else 0
        if number >= max(last * GROWTH, last + 1):
            self._trace.append(dict(self._sums))


def _less(several: Mapping[str, Sums], less: float) -> dict[str, Tally]:
    return {version: sums.tally(less) for version, sums in several.items()}


def _hashed(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8, key=_KEY).digest(), "big")
