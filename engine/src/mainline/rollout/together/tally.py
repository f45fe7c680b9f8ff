"""What this machine's server counted since it took the routes that it serves, also over restarts of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from mainline import files
from mainline.exchange import server_report
from mainline.exchange.server_report import Counters
from mainline.rollout import analysis
from mainline.rollout.records import Live

ALL = "together"
"""The instance of counters that are a sum."""


@dataclass
class Kept:
    """What must survive a restart of the follower: `base` was counted when the routes were taken, `carried` since."""

    revision: int = 0
    process: str = ""
    restarts: int = 0
    base: dict[str, Any] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """The revision that the server serves (0: it says nothing), its restarts, and its counts since and in all."""

    revision: int
    restarts: int
    recent: dict[str, Counters]
    whole: dict[str, Counters]


class Tally:
    """Counts for one server; what it keeps is in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._now: tuple[Kept, Live | None] = _read(file), None
        """What is kept, and what the server said last under those routes; replaced as one, for other threads."""
        self.is_away = True
        """Whether the server says nothing at the moment."""

    def hear(self, live: Live | None) -> None:
        """Take in what the server said last; None if it is away."""
        self.is_away = live is None
        if live is None:
            return
        kept, last = self._now
        if live.revision != kept.revision:
            kept = self._keep(Kept(live.revision, live.process, base=dict(live.counters)))
        elif live.process != kept.process:
            carried = _recent(kept, last) if last else kept.carried
            kept = self._keep(Kept(live.revision, live.process, kept.restarts + 1, {}, carried))
        self._now = kept, live

    def said(self) -> Said:
        """Return what is to be told of the server."""
        kept, live = self._now
        whole = dict(live.counters) if live else {}
        return Said(0 if self.is_away else kept.revision, kept.restarts, _recent(kept, live), whole)

    def _keep(self, kept: Kept) -> Kept:
        files.replace(self._file, json.dumps(asdict(kept)))
        return kept


def _recent(kept: Kept, live: Live | None) -> dict[str, Counters]:
    if live is None:
        return dict(kept.carried)
    return {
        name: total([analysis.since(counters, kept.base.get(name, {})), *_one(kept.carried, name)])
        for name, counters in live.counters.items()
    }


def total(counters: list[Counters]) -> Counters:
    """Add up counters."""
    added: Any = {}
    for one in counters:
        added = _plus(added, one)
    if "pairs" in added:  # finite on each server, and maybe not in all
        added["pairs"] = server_report.leave_out(added["pairs"])
    return cast("Counters", added | {"instance": ALL})


def _plus(first: Any, second: Any) -> Any:
    if isinstance(second, Mapping):
        first = first or {}
        names = dict.fromkeys([*first, *second])
        return {name: _plus(first.get(name), second.get(name)) for name in names}
    if isinstance(second, int | float):
        return (first or 0) + second
    return first if second is None else second


def _one(counters: Mapping[str, Any], name: str) -> list[Counters]:
    return [counters[name]] if name in counters else []


def _read(file: Path) -> Kept:
    """Return what was kept; nothing if it cannot be read."""
    try:
        found = Kept(**json.loads(file.read_bytes()))
    except (OSError, ValueError, TypeError):
        return Kept()
    sound = server_report.are_counters(found.base) and server_report.are_counters(found.carried)
    return found if sound else Kept()
