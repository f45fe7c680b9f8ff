"""Figures of a run under load: how fast decisions are served, how closely weights are kept, what a swap costs."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.end_to_end.load import Answer, Load

AROUND = 1.0
"""Seconds before and after a change of routes that count as during the swap."""


def write(load: Load, log: Path, status: Mapping[str, Any]) -> str:
    """Return the figures, a line each."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    swaps = [_time(line) for line in lines if line["event"] == "routes"]
    decisions = [(_time(line), line["what"]) for line in lines if line["event"] == "rollout"]
    delays = [(what, min((swap for swap in swaps if swap >= when - 0.05), default=when) - when)
              for when, what in decisions if what in ("aborted", "rolled back")]  # fmt: skip
    said = [f"{what}: served {max(delay, 0.0):.2f} s after the decision" for what, delay in delays]
    return "\n".join([*said, *_splits(load, status), _swap(load.answers, swaps)])


def _splits(load: Load, status: Mapping[str, Any]) -> list[str]:
    """Compare the share that each weight got with the declared one."""
    history = [entry for entry in reversed(status["history"]) if entry["what"] in ("step", "served", "aborted")]
    said, weight = [], 0.0
    for entry, following in pairwise(history):
        found = re.search(r"setWeight (\d+)", entry["detail"])
        weight = float(found[1]) if found else weight
        if "pause" in entry["detail"] and weight:
            counts = load.counts(since=entry["time"] + 0.3, until=following["time"])
            total, got = sum(counts.values()), counts[entry["version"]]
            half = 3.29 * (total * weight / 100 * (1 - weight / 100)) ** 0.5
            inside = "inside" if abs(got - total * weight / 100) <= half + 1 else "OUTSIDE"
            said.append(
                f"{weight:g} % declared: {got} of {total}, {got / max(total, 1):.1%}, {inside} the 99.9 % interval"
            )
        if entry["what"] != "step":
            weight = 0.0
    return said


def _swap(answers: Sequence[Answer], swaps: Sequence[float]) -> str:
    """Compare the 99th percentile of latency around changes of routes with the rest."""
    during = sorted(one.seconds for one in answers if any(abs(one.sent - swap) < AROUND for swap in swaps))
    quiet = sorted(one.seconds for one in answers if not any(abs(one.sent - swap) < AROUND for swap in swaps))
    return f"p99 {_p99(during):.1f} ms within {AROUND:g} s of a change of routes, {_p99(quiet):.1f} ms otherwise"


def _p99(seconds: Sequence[float]) -> float:
    return 1e3 * seconds[int(0.99 * (len(seconds) - 1))] if seconds else 0.0


def _time(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()
