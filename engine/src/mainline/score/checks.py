"""Checks of the gate and of monitoring that a package passed: in production, or else in a rehearsal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainline.documents import Verdict
from mainline.gate.findings import Check
from mainline.repository import record
from mainline.score.rubric import MONITOR, LackError, Origin, Step

if TYPE_CHECKING:
    from mainline.score.evidence import Evidence

GOOD: tuple[Verdict, ...] = ("pass", "warn")


@dataclass(frozen=True)
class Watched:
    """What checks of monitoring saw, by name: from where, by which command, and whether only in a rehearsal."""

    observed: Mapping[str, str]
    origin: Origin
    command: str
    is_rehearsed: bool


def passed(checks: Iterable[Check], names: Iterable[str], who: str, step: Step) -> list[Check]:
    """Return checks by their names.

    Raises:
        LackError: when one is not there, or did not pass; `who` made them, by `step`.
    """
    by_name = {check.name: check for check in checks}
    for name in names:
        found = by_name.get(name)
        if found is None:
            raise LackError(f"{who} has no check '{name}'", step)
        if found.verdict not in GOOD:
            raise LackError(f"{name}: {found.verdict}, {found.observed}", Step(6, f"mend what {who} says: {name}"))
    return [by_name[name] for name in names]


def monitored(evidence: "Evidence", *names: str) -> Watched:
    """Return what checks of monitoring that this package passed said: in production, or else in a rehearsal.

    A check that production failed is failed, whatever a rehearsal showed.

    Raises:
        LackError: when one did not pass, or neither looked.
    """
    try:
        version = next((one for one in evidence.looked.versions if one.digest == evidence.digest), None)
        if version is None:
            raise LackError("monitoring has not seen this package answer", MONITOR)
    except LackError as lacking:
        return _rehearsed(evidence, names, lacking)
    checks = passed(version.checks, names, "monitoring", MONITOR)
    return Watched({check.name: check.observed for check in checks}, evidence.look, "./mainline monitor", False)


def rehearsed(evidence: "Evidence", lacking: LackError) -> tuple[Mapping[str, str], Origin]:
    """Return what a rehearsal showed, by name, and from where; without one, what production is `lacking` counts."""
    try:
        return evidence.rehearsed
    except LackError:
        raise lacking from None


def _rehearsed(evidence: "Evidence", names: Iterable[str], lacking: LackError) -> Watched:
    """Return what checks said in a rehearsal."""
    found, origin = rehearsed(evidence, lacking)
    observed = {}
    for name in names:
        verdict, _, said = found.get(record.MONITOR + name, "not there").partition(": ")
        if verdict not in GOOD:
            raise LackError(f"{name} in the rehearsal: {verdict} {said}".rstrip(), MONITOR)
        observed[name] = said
    return Watched(observed, origin, "./mainline rehearse", True)
