"""The seven tests of production."""

import re
from datetime import UTC, datetime

from mainline import periods
from mainline.repository import record
from mainline.score import checks
from mainline.score.checks import Watched
from mainline.score.evidence import Evidence
from mainline.score.infrastructure import is_serving, rollout
from mainline.score.rubric import ADD, FOLLOW, MONITOR, REHEARSAL, LackError, Shown, Step, Test
from mainline.seconds import DAY
from mainline.text import clean

WATCH = "./mainline monitor"
_COMPARED = re.compile(r"of ([\d,]+) events?$")
_SUPPORT = ("missing values", "unseen values", "whole numbers", "constant values")
_COSTS = ("predict time", "package size", "memory", "training time")


def dependencies(evidence: Evidence) -> Shown:
    """Monitoring says what changed below this package; before production tells, of a library changed in a rehearsal."""
    try:
        origin = evidence.look
        mark = next((one for one in evidence.looked.marks if one.digest == evidence.digest), None)
        if mark is None or not mark.changes:
            raise LackError("monitoring named no change below this package", MONITOR)
    except LackError as lacking:
        found, origin = checks.rehearsed(evidence, lacking)
        said = found.get(record.LIBRARY, "not tried")
        if not said.startswith(record.RAISED):
            raise LackError(f"a library changed in the rehearsal, and the word on it was {said}", MONITOR) from lacking
        return evidence.shown(f"rehearsed: {said.removeprefix(record.RAISED)}", origin, REHEARSAL)
    kinds = ", ".join(change.kind for change in mark.changes)
    return evidence.shown(f"changed after {clean(mark.before)}: {clean(kinds)}", origin, WATCH)


def invariants(evidence: Evidence) -> Shown:
    """What clients send is as the rows of training were; in a rehearsal, and a fault in a copy of its log is seen."""
    found = checks.monitored(evidence, *_SUPPORT)
    if not found.is_rehearsed:
        return _watched(evidence, found, ", ".join(_SUPPORT))
    alarm = evidence.rehearsed[0].get("alarm", "")
    is_raised = alarm.split(": ")[1:2] == ["fail"]  # the check, its verdict, and what it saw: any text of the log
    said = f"{', '.join(_SUPPORT)}; alarm of a planted fault: {alarm}" if is_raised else ", ".join(_SUPPORT)
    return _watched(evidence, found, said, is_whole=is_raised)


def skew(evidence: Evidence) -> Shown:
    """Features of logged requests are those that the pipeline computes for the same events."""
    found = checks.monitored(evidence, "skew of features")
    observed = found.observed["skew of features"]
    compared = _COMPARED.search(observed)
    if compared is None or int(compared[1].replace(",", "")) == 0:
        raise LackError(f"no events were compared: {observed}", MONITOR)
    return _watched(evidence, found, f"differ: {observed}")


def age(evidence: Evidence) -> Shown:
    """The newest data of the model is younger than a retraining is declared to wait for."""
    file = evidence.place
    policy, data = evidence.deployed.monitoring.retrain, evidence.params.data
    if not policy.when.age or not data.through:
        raise LackError("no age is declared, or data has no time", Step(3, f"declare retrain.when.age in {file}"))
    ended = datetime.combine(periods.span(data.through)[1], datetime.min.time(), UTC).timestamp()
    days = int(evidence.now - ended) // DAY
    if days >= policy.age_days:
        return _alarmed(evidence, f"its newest data are {days:,} days old; {policy.age_days} are declared")
    said = f"newest data {days} days old, {policy.age_days} are declared"
    return evidence.shown(said, evidence.lock, "./mainline due")


def _alarmed(evidence: Evidence, old: str) -> Shown:
    """Give half a point for an alarm of age that was tried, if the model that is too old serves nobody.

    Raises:
        LackError: when it serves, or no alarm was raised when it should be.
    """
    newer = Step(2, "`./mainline window --advance`, then `make repro`: newer data")
    found, origin = checks.rehearsed(evidence, LackError(old, newer))
    said = found.get(record.AGE, "not tried")
    if is_serving(evidence) or not said.startswith(record.RAISED):
        raise LackError(old, newer)
    return evidence.shown(f"rehearsed alarm: {said.removeprefix(record.RAISED)}; {old}", origin, REHEARSAL, newer)


def numbers(evidence: Evidence) -> Shown:
    """No prediction of the test is NaN or infinite; a whole point if a rollout saw none with real requests either."""
    (check,), origin = evidence.checks("finite predictions")
    policy = evidence.deployed.rollout.declared
    watched = any(metric.name == "invalid-outputs" for metric in policy.analysis.metrics)
    served = watched and policy.strategy != "blue-green" and _is_served(evidence)
    said = f"{check.observed} not finite in the test" + (", and none in the rollout" if served else "")
    return evidence.shown(said, origin, "make gate", None if served else FOLLOW)


def compute(evidence: Evidence) -> Shown:
    """Time, memory and size are within what production's model takes, or in a rehearsal a model without a feature.

    Half a point without one to compare with.
    """
    costs, origin = evidence.checks(*_COSTS)
    said = ", ".join(f"{check.name} {check.observed}" for check in costs[:3])
    if not evidence.judged[0].first_release and all(check.verdict == "pass" for check in costs):
        return evidence.shown(said, origin, "make gate")
    lacks = Step(4, "a second version, which `make gate` compares with the first")
    try:
        found, rehearsed = checks.rehearsed(evidence, LackError("", ADD))
    except LackError:
        found, rehearsed = {}, origin
    compared = [found.get(record.GATE + name, "not there").partition(": ") for name in _COSTS]
    if not found.get("feature") or any(verdict != "pass" for verdict, _, _ in compared):
        return evidence.shown(said, origin, "make gate", ADD if not found.get("feature") else lacks)
    beside = ", ".join(f"{name} {told}" for name, (_, _, told) in zip(_COSTS, compared, strict=True))
    return evidence.shown(f"rehearsed beside a model without {found['feature']}: {beside}", rehearsed, REHEARSAL)


def quality(evidence: Evidence) -> Shown:
    """Labels of served requests came, and say that error and bias are as promised; of test rows, half a point."""
    found = checks.monitored(evidence, "labels", "skill", "bias")
    said = f"{found.observed['skill']}; bias {found.observed['bias']}"
    return _watched(evidence, found, said, is_whole=not found.is_rehearsed)


def _watched(evidence: Evidence, found: Watched, said: str, is_whole: bool = True) -> Shown:
    """Return what monitoring showed; what a rehearsal alone showed is said to be of one."""
    rehearsed = "rehearsed: " if found.is_rehearsed else ""
    return evidence.shown(f"{rehearsed}{said}", found.origin, found.command, None if is_whole else MONITOR)


def _is_served(evidence: Evidence) -> bool:
    """Whether a rollout with requests let this package through: in production, or else in a rehearsal."""
    try:
        rollout(evidence)
    except LackError:
        return False
    return True


TESTS = tuple(
    Test("Monitor", number, title, short, check)
    for number, (title, short, check) in enumerate(
        (
            ("Dependency changes result in notification", "dependencies", dependencies),
            ("Data invariants hold in training and serving inputs", "invariants", invariants),
            ("Training and serving features compute the same values", "skew", skew),
            ("Models are not too stale", "age", age),
            ("The model is numerically stable", "numbers", numbers),
            ("No dramatic or slow-leak regression in training speed, latency or memory", "compute", compute),
            ("No regression in prediction quality on served data", "quality", quality),
        ),
        start=1,
    )
)
