"""What gate, people, servers and monitoring said of a version, as tags and branches have it on record."""

from dataclasses import asdict, dataclass
from typing import Any

from mainline.monitoring import sharing
from mainline.monitoring.result import Monitored
from mainline.registry import artifact, branches, events
from mainline.registry.events import Event
from mainline.registry.history import Given
from mainline.registry.lineage import Lineage
from mainline.rollout import approvals
from mainline.rollout.approvals import Granted
from mainline.text import utc


@dataclass(frozen=True)
class Environment:
    """What is on record of a version in one environment; None if nobody monitored it there."""

    given: tuple[Given, ...]
    events: tuple[Event, ...]
    approvals: tuple[Granted, ...]
    monitored: Monitored | None


@dataclass(frozen=True)
class Verdicts:
    """What the gate said and what happened in each environment that had the version, by name."""

    traced: Lineage
    environments: dict[str, Environment]


def read(traced: Lineage) -> Verdicts:
    """Read the record of a version, as the remote has it now.

    Raises:
        MainlineError: when the remote does not answer.
    """
    names = sorted({given.environment for given in traced.assignments})
    return Verdicts(traced, {name: _of_environment(name, traced) for name in names})


def _of_environment(name: str, traced: Lineage) -> Environment:
    branches.fetch(artifact.branch("deployments", name))
    told = tuple(event for event in events.read(name).events if event.version == traced.version)
    monitored, _ = sharing.result(name)
    if monitored is not None and not any(one.digest == traced.digest for one in monitored.versions):
        monitored = None
    given = tuple(item for item in traced.assignments if item.environment == name)
    return Environment(given, told, approvals.granted(name, traced.version), monitored)


def document(found: Verdicts) -> dict[str, Any]:
    """Return the record for programs; times are UTC."""
    traced = found.traced
    return {
        "version": traced.version,
        "gate": {"verdict": traced.verdict, "headline": traced.headline, "accepted": traced.accepted},
        "environments": {name: _document(one, traced.digest) for name, one in found.environments.items()},
    }


def _document(found: Environment, digest: str | None) -> dict[str, Any]:
    return {
        "assignments": [asdict(item) | {"when": utc(item.when), "until": _until(item)} for item in found.given],
        "rollout": [{"event": one.event, "time": utc(one.when), "reason": one.reason} for one in found.events],
        "approvals": [asdict(one) | {"when": utc(one.when)} for one in found.approvals],
        "monitoring": None if found.monitored is None else _monitored(found.monitored, digest),
    }


def _until(given: Given) -> str | None:
    return None if given.until is None else utc(given.until)


def _monitored(found: Monitored, digest: str | None) -> dict[str, Any]:
    """Return what the last look said of a version: its checks, open alarms, and what came of its promise."""
    own = next(one for one in found.versions if one.digest == digest)
    kept = ("check", "opened", "quiet_since", "observed", "limit")
    return {
        "until": found.until,
        "verdict": found.verdict,
        "rows": own.rows,
        "checks": [check.model_dump(include={"name", "verdict", "observed", "limit"}) for check in own.checks],
        "alarms": [alarm.model_dump(include={*kept}) for alarm in found.alarms if alarm.digest == digest],
        "promises": [one.model_dump() for one in found.promises if one.digest == digest],
    }
