"""What an environment asks of a version in the one before it: tests of that deployment, and time without a fault."""

import time
from collections.abc import Mapping, Sequence

from mainline.declared.environments import Environment
from mainline.declared.promotion import LoadTest
from mainline.probe.pressure import LEAST, per_second
from mainline.registry import deployment_tests, deployments, events, tags
from mainline.registry.deployment_tests import Load
from mainline.registry.events import Event
from mainline.registry.tags import Assigned, Version

_DAY = 86_400


def lacking(name: str, declared: Mapping[str, Environment], version: Version | None) -> str:
    """Say what an environment still asks of a version, and how it gets it; '' if it asks for nothing more.

    A version that the environment had before is asked for nothing: a revert is a rollback.

    Args:
        name: the environment.
        declared: all of them.
        version: None for one that is not registered yet.
    """
    promotion = declared[name].promotion
    if not promotion.tests or promotion.after is None or (version is not None and had(name, version)):
        return ""
    before = promotion.after
    if version is None or tags.assigned(before) != version:
        keys = ", ".join(f"promotion.{key}" for key in promotion.tests)
        return f"waits for {before}, where {keys} must be shown"
    found = ""
    if promotion.smoke_test:
        found = _smoke(version, before, declared[before])
    if promotion.load_test and not found:
        found = _load(version, before, declared[before], promotion.load_test)
    if found:
        return found
    given, reports = tags.assignments(before), events.read(before).events
    return (
        _fault(version, before, given, reports)
        or _days(version, before, given, reports, promotion.soak.days)
        or _releases(before, given, reports, promotion.soak.releases)
    )


def had(name: str, version: Version) -> bool:
    """Whether an environment had a version at any time."""
    return any(item.version == version for item in tags.assignments(name))


def _smoke(version: Version, before: str, there: Environment) -> str:
    found = deployment_tests.newest("smoke", version, before)
    way = f"`./mainline smoke URL --environment {before} --record`"
    asked = f"promotion.smoke_test asks for a passed smoke test of {version.name} in {before}"
    if found is None:
        return f"waits: {asked}, and there is none; {way}"
    if found.service != deployment_tests.declaration(there.service):
        return f"waits: {asked}, and the newest is of another `service` section than {before} has now; {way}"
    return f"waits: {asked}, and the newest failed: {found.failed}; {way}" if found.failed else ""


def _load(version: Version, before: str, there: Environment, asked: LoadTest) -> str:
    """Hold the newest load test to what is asked for now, whatever was asked for when it was made."""
    rows = f" of {asked.rows:,} rows" if asked.rows > 1 else ""
    wanted = (
        f"promotion.load_test asks that {version.name} keeps {per_second(asked.rate)} requests{rows} a second in "
        f"{before} for {asked.seconds:g} s, p99 {asked.p99_ms:g} ms, {asked.errors:.2%} errors"
    )
    way = f"`./mainline load URL --environment {before} --record`"
    found = deployment_tests.newest("load", version, before)
    if found is None or found.load is None:
        return f"waits: {wanted}, and no load test of it is recorded; {way}"
    if found.service != deployment_tests.declaration(there.service):
        return f"waits: {wanted}, and the newest test is of another `service` section than {before} has now; {way}"
    short = _short(found.load, asked)
    return f"waits: {wanted}, and the newest test {short}; {way}" if short else ""


def _short(found: Load, asked: LoadTest) -> str:
    """Say in what a load test falls short; '' if in nothing."""
    if found.rate < asked.rate or found.per_second < LEAST * asked.rate:
        return f"asked for {per_second(found.rate)} a second and reached {per_second(found.per_second)}"
    if found.seconds < asked.seconds:
        return f"took {found.seconds:g} s"
    if found.rows < asked.rows:
        return f"sent requests of {found.rows:,}"
    if found.errors > asked.errors:
        return f"had {found.errors:.2%} errors"
    return f"had a p99 of {found.p99_ms:,.1f} ms" if found.p99_ms > asked.p99_ms else ""


def _fault(version: Version, before: str, given: Sequence[Assigned], reports: Sequence[Event]) -> str:
    """Say whether a server of the environment before aborted the version, which counts until it is assigned again."""
    about = [event for event in reports if event.version == version.name]
    abort = events.standing_abort(about, [item for item in given if item.version == version])
    if abort is None:
        return ""
    why = f": {abort.reason}" if abort.reason else ""
    return f"waits: a server of {before} aborted {version.name}{why}; a new version, or a revert, is what helps"


def _days(version: Version, before: str, given: Sequence[Assigned], reports: Sequence[Event], days: float) -> str:
    """Count from the assignment since which the environment has the version without a break.

    Where servers report what they serve, it counts from the first such report of this assignment.
    """
    if not days:
        return ""
    first: Assigned | None = None
    for item in given:
        first = None if item.version != version else first or item
    since = first.when if first else 0
    if first and reports:
        served = [one for one in reports if one.event == "served" and one.version == version.name]
        since = min((max(one.when, since) for one in served if _is_since(one, first)), default=0)
    asked = f"waits: promotion.soak asks for {days:g} days of {version.name} in {before}"
    if not since:
        return f"{asked}, and no server there has reported yet that it serves it; `./mainline promote` when one has"
    lasted = (time.time() - since) / _DAY
    if lasted >= days:
        return ""
    due = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(since + days * _DAY))
    return f"{asked}, and it is there for {max(lasted, 0):.1f}; `./mainline promote` from {due} on"


def _is_since(report: Event, first: Assigned) -> bool:
    """Whether a report came after an assignment: by the number that it names, since a server's clock may be wrong."""
    return report.assignment >= first.number if report.assignment else report.when >= first.when


def _releases(before: str, given: Sequence[Assigned], reports: Sequence[Event], releases: int) -> str:
    """Count the good releases in a row, from the newest back to the last one that failed."""
    if not releases:
        return ""
    good = 0
    told = deployments.tell(given, reports, before).deployments
    for item in reversed([one for one in told if not deployments.is_code(one)]):
        if item.failed is not None:
            break
        good += item.what not in deployments.FIXES and (item.served or not reports)
    if good >= releases:
        return ""
    return (
        f"waits: promotion.soak asks for {releases} good releases of {before} in a row, and there are {good}; "
        "each further release there counts, `./mainline delivery --environment "
        f"{before}` lists them"
    )
