"""How well changes reach an environment: DORA's figures and more, computed from tags, main and the servers' events.

`engine/docs/delivery.md` defines each figure and names its source. Nothing is gated by them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from mainline.registry import clone, events, tags
from mainline.registry.deployments import FIXES, Deployment, Told, is_code, tell
from mainline.registry.history import check_environment
from mainline.registry.tags import Assigned
from mainline.seconds import DAY, WEEK
from mainline.text import count

GROUPS: dict[str, Callable[[Deployment], bool]] = {
    "all": lambda _: True,
    "model only": lambda item: item.content == "model",
    "code only": lambda item: item.content == "code",
    "both": lambda item: item.content == "model and code",
}


@dataclass(frozen=True)
class Figures:
    """The figures of a group of deployments; times are medians in seconds, and None is what cannot be told.

    `changes` is how many changes of main the lead time is of, `recovered` how many recoveries the recovery time is of,
    `models` how many deployments are of a model, and `rollbacks` how many of those brought a version back.
    """

    deployments: int
    served: int
    per_week: float | None
    seconds_between: float | None
    lead_seconds: float | None
    changes: int
    failed: int
    change_failure_rate: float | None
    recovery_seconds: float | None
    recovered: int
    models: int
    rollbacks: int
    rollback_rate: float | None
    fixes: int
    rework_rate: float | None


@dataclass(frozen=True)
class Delivery:
    """The figures of an environment between two moments in seconds since 1970.

    `notes` says what they rest on, `accepted` which of the versions were released on a person's word, and why.
    """

    environment: str
    start: int
    until: int
    figures: dict[str, Figures]
    deployments: list[Deployment]
    cannot_tell: list[str]
    notes: list[str]
    accepted: list[str]


def measure(environment: str, now: float, days: float | None = None, repository: Path = Path()) -> Delivery:
    """Measure the delivery to an environment in the last days, or since its first deployment.

    Raises:
        HistoryError: when nobody ever spoke of such an environment; it names the nearest that is known.
        MainlineError: when this clone does not have what the registry is in.
    """
    registry = tags.read(repository)
    clone.check(registry, repository)
    everything = registry.assignments
    check_environment(environment, everything, repository)
    given = [item for item in everything if item.environment == environment]
    said = events.read(environment, repository)
    told = tell(given, said.events, environment, repository)
    until = max([int(now), *(item.when for item in told.deployments)])  # another machine's clock may be ahead
    first = min((item.when for item in told.deployments), default=until)
    start = first if days is None else until - round(days * DAY)
    kept = [item for item in told.deployments if start <= item.when <= until]
    found = {name: _figures(told.deployments, kept, holds, until - start) for name, holds in GROUPS.items()}
    return Delivery(
        environment, start, until, found, kept,
        _cannot_tell(found["all"], until - start, bool(told.deployments)),
        [*_notes(told, said, kept), *registry.skipped],
        _accepted(given, kept),
    )  # fmt: skip


def _figures(
    everything: Sequence[Deployment], kept: Sequence[Deployment], holds: Callable[[Deployment], bool], seconds: float
) -> Figures:
    chosen = [item for item in kept if holds(item)]
    count = len(chosen)
    leads = [lead for item in chosen for lead in item.leads or ()]
    recoveries = [took for item in chosen if item.failed and (took := _recovery(item, everything)) is not None]
    gaps = [after.when - before.when for before, after in pairwise(chosen)]
    failed, fixes = sum(item.failed is not None for item in chosen), sum(item.fix for item in chosen)
    models = [item for item in chosen if not is_code(item)]
    rollbacks = sum(item.what in FIXES for item in models)
    return Figures(
        count,
        served=sum(item.served for item in chosen),
        per_week=count / (seconds / WEEK) if everything and seconds >= WEEK else None,
        seconds_between=median(gaps) if gaps else None,
        lead_seconds=median(leads) if leads else None,
        changes=len(leads),
        failed=failed,
        change_failure_rate=failed / count if count else None,
        recovery_seconds=median(recoveries) if recoveries else None,
        recovered=len(recoveries),
        models=len(models),
        rollbacks=rollbacks,
        rollback_rate=rollbacks / len(models) if models else None,
        fixes=fixes,
        rework_rate=fixes / count if count else None,
    )


def _recovery(failed: Deployment, everything: Sequence[Deployment]) -> int | None:
    """Return the seconds from a failed deployment to the next good one, of models or of code as it is itself."""
    later = everything[everything.index(failed) + 1 :]
    good = next((item for item in later if is_code(item) == is_code(failed) and not item.failed), None)
    return None if good is None else good.when - failed.when


def _cannot_tell(found: Figures, seconds: float, ever: bool) -> list[str]:
    """Say which figures have nothing to rest on, and why."""
    if not ever:
        return ["anything: this environment had no deployment yet; `./mainline promote` makes the first"]
    said = []
    if seconds < WEEK:
        said.append("deployments a week: the time looked at is shorter than a week")
    if found.deployments == 0:
        return [*said, "the other figures: nothing was deployed in the time looked at"]
    if found.deployments == 1:
        said.append("time between deployments: there was one")
    if not found.changes:
        said.append("lead time: no deployment has a recorded one before it, so which changes it brought is not known")
    if not found.failed:
        said.append("recovery time: no deployment failed")
    elif not found.recovered:
        said.append("recovery time: no good deployment came yet after a failed one")
    return said


def _accepted(given: Sequence[Assigned], kept: Sequence[Deployment]) -> list[str]:
    """Say in a line each what a person accepted of the versions that were deployed."""
    releases = {item.version.name: item.version.release for item in given if item.version}
    names = dict.fromkeys(item.version for item in kept)
    return [each.tell(name) for name in names if (found := releases.get(name)) for each in found.accepted]


def _notes(told: Told, said: events.Events, kept: Sequence[Deployment]) -> list[str]:
    waiting = sum(item.failed is not None and _recovery(item, told.deployments) is None for item in kept)
    untold = sum(item.leads is None for item in kept)
    notes = {
        "no server reports events here: only returns, rollbacks and reverts tell of failures": not said.found,
        f"left out of {events.FILE}, not formed as an event: {count(said.bad_lines, 'line')}": said.bad_lines,
        f"left out, of no deployment: {count(told.unmatched_events, 'event')}": told.unmatched_events,
        f"not deployments, since the version was there already: {count(told.repeated, 'assignment')}": told.repeated,
        f"no good one came yet after {count(waiting, 'failed deployment')}": waiting,
        f"no lead time of {count(untold, 'deployment')}: the first, rollbacks, and those without a record": untold,
        f"not in this clone: {count(told.unreachable, 'range')} of main; `git fetch --unshallow`": told.unreachable,
    }
    return [note for note, holds in notes.items() if holds]
