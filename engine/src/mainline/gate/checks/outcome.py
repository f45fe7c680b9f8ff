"""The outcome of a check. A check that could not be computed never passes."""

from typing import NamedTuple

import numpy as np

from mainline.documents import Verdict
from mainline.gate.findings import Check, Group


class Outcome(NamedTuple):
    """A verdict with what was observed, the limit and the reason, as a person reads them."""

    verdict: Verdict
    observed: str
    limit: str
    reason: str


def at_most(value: float, limit: float) -> Verdict:
    """Pass up to the limit, fail beyond it; what is not a number cannot be told."""
    if np.isnan(value):
        return "cannot tell"
    return "pass" if value <= limit else "fail"


def divide(over: float, under: float) -> float:
    """Return a ratio of two costs or losses; 1 where they are equal, infinite over nothing."""
    if over == under:
        return 1.0
    return over / under if under else float("inf")


def soften(outcome: Outcome, severity: str) -> Outcome:
    """Let a check that fails warn if it is declared to be only reported (`report`)."""
    return outcome._replace(verdict="warn") if severity == "report" and outcome.verdict == "fail" else outcome


def bounded(name: str, group: Group, found: Outcome) -> Check:
    """Bound the texts, which may quote names from data and messages from libraries."""
    observed, limit, reason = (text[:600] for text in (found.observed, found.limit, found.reason))
    return Check(name=name[:120], group=group, verdict=found.verdict, observed=observed, limit=limit, reason=reason)
