"""Load at a rate, held to an objective; and stress, which raises the rate until the objective breaks."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mainline.probe.sender import Plan, Result, drive
from mainline.probe.smoke import PREDICT
from mainline.probe.wire import ProbeError, Target

FACTOR = 2.0
"""By how much stress raises the rate; between the last good rate and the first bad one it halves the distance."""
HALVINGS = 3
LEAST = 0.9
"""The share of the wished rate that must be reached; less, and either side cannot keep up."""


@dataclass(frozen=True)
class Objective:
    """What a service is to keep: the 99th percentile of latency in milliseconds, and the share of errors."""

    p99_ms: float
    errors: float

    def broken(self, found: Result, rate: float) -> str:
        """Say what of it does not hold; '' if all of it does."""
        if found.errors > self.errors:
            return f"{found.errors:.2%} of the requests failed, allowed are {self.errors:.2%}"
        if rate and found.per_second < LEAST * rate:
            return f"{per_second(found.per_second)} answers a second came, {per_second(rate)} were asked for"
        p99 = found.percentile(99) * 1e3
        return f"p99 was {p99:,.1f} ms, allowed are {self.p99_ms:g}" if p99 > self.p99_ms else ""


def plan(
    target: Target, golden: list[dict[str, Any]], rows: int, connections: int, seconds: float, rate: float
) -> Plan:
    """Return the plan of golden requests, so many rows each.

    Raises:
        ProbeError: when the service does not answer the first of them with 200.
    """
    bodies = [[golden[(start + place) % len(golden)] for place in range(rows)] for start in range(len(golden))]
    first = target.ask(PREDICT, bodies[0])
    if first.status != 200:
        raise ProbeError(
            f"a golden request is answered with {first.said()}, so nothing can be measured{first.remedy()}."
        )
    return Plan(target.host, target.port, [_request(target, body) for body in bodies], connections, seconds, rate,
                target.context)  # fmt: skip


def _request(target: Target, body: list[dict[str, Any]]) -> bytes:
    content = json.dumps(body).encode()
    host = f"[{target.host}]" if ":" in target.host else target.host
    named = host if target.port == (443 if target.secure else 80) else f"{host}:{target.port}"
    key = f"Authorization: Bearer {target.key}\r\n" if target.key else ""
    head = f"POST {target.prefix}{PREDICT} HTTP/1.1\r\nHost: {named}\r\n{key}Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def load(plan: Plan) -> Result:
    """Send the plan."""
    return asyncio.run(drive(plan))


def stress(plan: Plan, objective: Objective, most: float, tell: Callable[[str], None]) -> tuple[float, float, str]:
    """Raise the rate until the objective breaks, and then look closer.

    Args:
        plan: with the rate to begin with.
        objective: what is to hold.
        most: a rate that is not passed.
        tell: is told of each step.

    Returns:
        the highest rate at which all held, 0 for none; the lowest at which it did not, 0 for none; and what broke.
    """
    good, bad, why = 0.0, 0.0, ""
    rate, halvings = min(plan.rate, most), HALVINGS
    while True:
        found = load(replace(plan, rate=rate))
        broken = objective.broken(found, rate)
        tell(line(found, rate, broken))
        good, bad, why = (good, rate, broken) if broken else (max(good, rate), bad, why)
        if not bad:
            if rate >= most:
                return good, bad, why
            rate = min(rate * FACTOR, most)
        elif not good or not halvings:
            return good, bad, why
        else:
            rate, halvings = (good + bad) / 2, halvings - 1


def line(found: Result, rate: float, broken: str) -> str:
    """Say in a line what came back."""
    statuses = ", ".join(f"{count:,} x {status}" for status, count in sorted(found.statuses.items())) or "no answer"
    lost = f", {found.lost:,} lost" if found.lost else ""
    wished = f"{per_second(rate)}/s" if rate else "as fast as it goes"
    times = ", ".join(f"p{percent} {found.percentile(percent) * 1e3:,.1f}" for percent in (50, 90, 99))
    return f"{wished}: {found.per_second:,.1f}/s, {statuses}{lost}; {times} ms; {broken or 'holds'}"


def per_second(rate: float) -> str:
    """Write a rate, with as many digits as tell two small ones apart."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
