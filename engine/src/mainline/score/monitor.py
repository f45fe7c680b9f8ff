"""The seven tests of production."""

import re
from datetime import UTC, datetime

from mainline import periods
from mainline.score.evidence import Evidence
from mainline.score.rubric import FOLLOW, MONITOR, LackError, Shown, Step, Test
from mainline.seconds import DAY
from mainline.text import clean

WATCH = "./mainline monitor"
_COMPARED = re.compile(r"of ([\d,]+) events?$")
_SUPPORT = ("missing values", "unseen values", "whole numbers", "constant values")
_COSTS = ("predict time", "package size", "memory", "training time")


def dependencies(evidence: Evidence) -> Shown:
    """Monitoring says what changed below this package: libraries, sources, data, code."""
    origin = evidence.look
    mark = next((one for one in evidence.looked.marks if one.digest == evidence.digest), None)
    if mark is None or not mark.changes:
        raise LackError("monitoring named no change below this package", MONITOR)
    kinds = ", ".join(change.kind for change in mark.changes)
    return evidence.shown(f"changed after {clean(mark.before)}: {clean(kinds)}", origin, WATCH)


def invariants(evidence: Evidence) -> Shown:
    """What clients send is as the rows of training were."""
    _, origin = evidence.monitored(*_SUPPORT)
    return evidence.shown(", ".join(_SUPPORT), origin, WATCH)


def skew(evidence: Evidence) -> Shown:
    """Features of logged requests are those that the pipeline computes for the same events."""
    (check,), origin = evidence.monitored("skew of features")
    compared = _COMPARED.search(check.observed)
    if check.verdict != "pass" or compared is None or int(compared[1].replace(",", "")) == 0:
        raise LackError(f"no events were compared: {check.observed}", MONITOR)
    return evidence.shown(f"differ: {check.observed}", origin, WATCH)


def age(evidence: Evidence) -> Shown:
    """The newest data of the model is younger than a retraining is declared to wait for."""
    file = evidence.place
    policy, data = evidence.deployed.monitoring.retrain, evidence.params.data
    if not policy.when.age or not data.through:
        raise LackError("no age is declared, or data has no time", Step(3, f"declare retrain.when.age in {file}"))
    ended = datetime.combine(periods.span(data.through)[1], datetime.min.time(), UTC).timestamp()
    days = int(evidence.now - ended) // DAY
    if days >= policy.age_days:
        newer = Step(2, "`./mainline window --advance`, then `make repro`: newer data")
        raise LackError(f"its newest data are {days:,} days old; {policy.age_days} are declared", newer)
    said = f"newest data {days} days old, {policy.age_days} are declared"
    return evidence.shown(said, evidence.lock, "./mainline due")


def numbers(evidence: Evidence) -> Shown:
    """No prediction of the test is NaN or infinite; a whole point if a rollout saw none with real requests either."""
    (check,), origin = evidence.checks("finite predictions")
    policy = evidence.deployed.rollout.declared
    watched = any(metric.name == "invalid-outputs" for metric in policy.analysis.metrics)
    served = watched and policy.strategy != "blue-green" and _is_told(evidence)
    said = f"{check.observed} not finite in the test" + (", and none in the rollout" if served else "")
    return evidence.shown(said, origin, "make gate", None if served else FOLLOW)


def compute(evidence: Evidence) -> Shown:
    """Time, memory and size are within what production's model takes; half a point without one to compare with."""
    checks, origin = evidence.checks(*_COSTS)
    lacks = Step(4, "a second version, which `make gate` compares with the first")
    first = evidence.judged[0].first_release or any(check.verdict != "pass" for check in checks)
    said = ", ".join(f"{check.name} {check.observed}" for check in checks[:3])
    return evidence.shown(said, origin, "make gate", lacks if first else None)


def quality(evidence: Evidence) -> Shown:
    """Labels of served requests came, and say that error and bias are as promised."""
    (_, found, bias), origin = evidence.monitored("labels", "skill", "bias")
    return evidence.shown(f"{found.observed}; bias {bias.observed}", origin, WATCH)


def _is_told(evidence: Evidence) -> bool:
    try:
        evidence.told("served")
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
