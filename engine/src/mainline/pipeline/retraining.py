"""Is a retraining due? Read from git and from the source: what starts a run says only when to look."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from mainline import periods
from mainline.declared.environments import Environment
from mainline.declared.monitoring import Retrain
from mainline.declared.window import Data
from mainline.monitoring import sharing
from mainline.monitoring.result import Alarm, Monitored, Version
from mainline.pipeline import offer
from mainline.registry import origin
from mainline.repository.git import ask, git

BRANCH = "retrain"
"""Where a machine proposes a retraining."""
SUBJECT = "Retrain on "
"""How the subject of its commit begins, also once it was merged."""
QUALITY = frozenset(("skill", "bias", "bias by segment"))
DRIFT = frozenset(("drift of features", "drift of predictions"))
Trigger = Literal["demand", "schedule", "message"]


@dataclass(frozen=True)
class Decision:
    """Is one `due`, or does it wait for newer data? `reason` says why in one line, `event` is the message to send.

    `periods` is how many periods the window takes: those that together have `min_new_days`.
    """

    due: bool
    waits: bool
    reason: str
    event: str = ""
    periods: int = 1


def trigger() -> Trigger:
    """Say what started this run, as GitHub names it; outside of GitHub a person did."""
    event = os.environ.get("GITHUB_EVENT_NAME", "")
    return "schedule" if event == "schedule" else "message" if event == "repository_dispatch" else "demand"


def decide(declared: Mapping[str, Environment], data: Data, started: Trigger, snapshot: str, now: datetime) -> Decision:
    """Say whether a retraining is due, from all environments; on demand it always is.

    Raises:
        MainlineError: when the remote does not answer.
    """
    if started == "demand":
        return Decision(True, False, "A person asked for it.")
    found = [_of(name, one.monitoring.retrain, data, started, snapshot, now) for name, one in declared.items()]
    return min(found, key=lambda one: (not one.due, not one.waits, one.event != "drift"))


def _of(name: str, policy: Retrain, data: Data, started: Trigger, snapshot: str, now: datetime) -> Decision:
    """Decide for one environment."""
    looked, _ = sharing.result(name)
    reasons = dict(_reasons(name, policy, data, looked, started))
    if snapshot:
        lack = offer.lacking(snapshot) if policy.when.new_data and snapshot != data.snapshot else "It is not new."
        named = Decision(not lack, False, lack or f"The source has the snapshot {snapshot}.", "new-data")
        return named if lack else _cooled(named, policy, now)
    newer = offer.newer(data, policy.min_new_days, now.date())
    enough = offer.days(newer) >= policy.min_new_days
    if policy.when.new_data and enough:
        reasons["new-data"] = f"The source has {periods.told(newer)}, which is newer than {data.through}."
    if not reasons:
        return Decision(False, False, "No declared reason holds.")
    event = "drift" if "drift" in reasons else "new-data"
    reason = " ".join(reasons.values())
    if not enough:
        held = f"the source has no {policy.min_new_days} days of data newer than {data.through or data.snapshot} yet"
        return Decision(False, True, f"{reason} But {held}, and nothing newer is complete.", event)
    return _cooled(Decision(True, False, reason, event, len(newer)), policy, now)


def _reasons(
    name: str, policy: Retrain, data: Data, looked: Monitored | None, started: Trigger
) -> Iterator[tuple[str, str]]:
    """Yield each declared reason that holds but that of new data, by the message that is sent for it."""
    if started == "schedule" and policy.when.schedule:
        yield "schedule", "The schedule says so."
    if looked is None:
        return
    answering = _answering(looked)
    digests = {one.digest for one in answering}
    alarms = [alarm for alarm in looked.alarms if alarm.digest in digests]
    if policy.when.quality and (bad := _named(alarms, QUALITY)):
        yield "drift", f"Quality in {name}: {bad}."
    drifts = [
        f"{check.name} of {one.version}"
        for one in answering for check in one.checks if check.name in DRIFT and check.verdict in ("warn", "fail")
    ]  # fmt: skip
    if policy.when.drift and drifts:
        yield "drift", f"Drift in {name}: {', '.join(drifts[:3])}."
    if policy.when.age and data.through:
        age = (datetime.fromisoformat(looked.until).date() - periods.span(data.through)[1]).days
        if age >= policy.age_days:
            yield "age", f"The newest data of the model are {age} days old; {policy.age_days} are allowed."


def _answering(looked: Monitored) -> list[Version]:
    """Return the versions that answered on the last day of traffic; those before were replaced."""
    last = max((one.last for one in looked.versions), default="")
    return [one for one in looked.versions if one.last == last]


def _named(alarms: list[Alarm], checks: frozenset[str]) -> str:
    """Name the alarms of some checks that are open and do not wait to be closed."""
    open_ = [alarm for alarm in alarms if alarm.check in checks and not alarm.quiet_since]
    return ", ".join(f"{alarm.check} of {alarm.version} since {alarm.opened[:10]}" for alarm in open_[:3])


def _cooled(decision: Decision, policy: Retrain, now: datetime) -> Decision:
    """Hold a decision back for the declared days after the last retraining, as git has it."""
    last = _last()
    days = (now - last).days if last else policy.cool_down_days
    if days >= policy.cool_down_days:
        return decision
    said = f"{decision.reason} But the last retraining was {days} days ago; {policy.cool_down_days} are declared."
    return Decision(False, False, said, decision.event)


def _last() -> datetime | None:
    """Return when a retraining was last proposed or merged; None if never."""
    remote, there = origin.remote(), f"{origin.HEADS}{BRANCH}"
    moments = [ask("log", "-1", "--format=%ct", f"--grep=^{SUBJECT}", origin.main())]
    if remote and origin.refs(remote, there):
        git("fetch", "--quiet", "--no-tags", remote, f"+{there}:{origin.tracking(remote, there)}")
        moments.append(ask("log", "-1", "--format=%ct", origin.tracking(remote, there)))
    known = [int(moment) for moment in moments if moment]
    return datetime.fromtimestamp(max(known), UTC) if known else None
