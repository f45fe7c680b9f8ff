"""What the gate promised of a version at its test, what came true in production, and how that goes on with its age."""

from collections.abc import Iterable

import numpy as np

from mainline import periods
from mainline.contract import Array
from mainline.data import predictions
from mainline.gate.checks.outcome import Outcome
from mainline.model.intervals import clusters
from mainline.monitoring import performance
from mainline.monitoring.events import Events
from mainline.monitoring.production import Production
from mainline.monitoring.result import Promise
from mainline.monitoring.store import Store
from mainline.text import count

CHECK = "holdout against production"
WEEK = 7


def of_version(production: Production, until: str) -> Promise | None:
    """Return what a version's test promised and what its labelled events say; None if they are too few."""
    events = _enough(production)
    if events is None:
        return None
    then, now = performance.skill_at_test(production), performance.skill_as_at_test(production, events)
    promised, came = _at_test(production), _value(production, events)
    if not np.isfinite([then.estimate, now.estimate, promised, came]).all():
        return None
    return Promise(
        version=production.version, digest=production.digest, until=until, metric=production.metric.name,
        promised=promised, promised_ratio=1 + then.estimate, came=came, came_ratio=1 + now.estimate,
        events=len(events), age=_age(production, events.day),
    )  # fmt: skip


def join(*several: Iterable[Promise]) -> list[Promise]:
    """Return the newest of each package, in the order of time."""
    found: dict[str, Promise] = {}
    for promise in sorted((one for some in several for one in some), key=lambda one: one.until):
        found.pop(promise.digest, None)
        found[promise.digest] = promise
    return list(found.values())


def add(store: Store, promises: Iterable[Promise]) -> list[Promise]:
    """Add promises to those that a store has, whatever other jobs add meanwhile; return all."""
    with store.telling():
        joined = join(store.promises(), promises)
        store.keep_promises(joined)
    return joined


def check_promise(production: Production) -> Outcome:
    """Is production as good as the holdout said? Reported, since months differ; the check of skill is what judges."""
    found = of_version(production, "2000-01-01T00:00:00Z")
    if found is None:
        quality = production.policy.quality
        reason = production.reason or f"{quality.min_rows:,} labelled events of {quality.min_days} days are needed."
        return Outcome("cannot tell", "not measured", "-", reason)
    name = production.metric.compared
    observed = f"{found.metric} {found.came:.3g}, {name} {found.came_ratio:.3f} of the baseline's"
    limit = f"{found.promised:.3g}, {found.promised_ratio:.3f} promised"
    aged = "" if found.age is None else f", on average {count(found.age, 'day')} after the end of the window"
    change = found.came_ratio / found.promised_ratio - 1
    said = f"{change:+.1%} against the promise on {found.events:,} events{aged}.{_refit(production)}"
    return Outcome("pass", observed, limit, said)


def by_age(production: Production) -> list[tuple[int, float]]:
    """Return by age in days how much worse than promised each week of events was, against the baseline."""
    events = _enough(production)
    if events is None or _age(production, events.day) is None:
        return []
    then, found = performance.skill_at_test(production).estimate, []
    days = np.unique(events.day)
    for first in range(0, len(days) - WEEK + 1, WEEK):
        week = events.choose(np.isin(events.day, days[first : first + WEEK]))
        now = performance.skill_as_at_test(production, week).estimate
        age = _age(production, week.day)
        if np.isfinite([now, then]).all() and age is not None:
            found.append((age, (1 + now) / (1 + then) - 1))
    return found


def _enough(production: Production) -> Events | None:
    """Return all labelled events that are joined, if they are as many as a conclusion needs."""
    if production.events is None:
        return None
    events, quality = production.labelled, production.policy.quality
    return events if len(events) >= quality.min_rows and clusters(events.day)[1] >= quality.min_days else None


def _refit(production: Production) -> str:
    """Say whose promise it is, if the served model is another one than the measured model; else ''."""
    if "refit" not in production.reference.package.manifest:
        return ""
    return " The promise is of the measured model; the served model was fitted again on all rows, and never measured."


def _age(production: Production, day: Array) -> int | None:
    """Return the mean days since the end of the window; None of data without time."""
    window = production.reference.package.manifest["window"]
    if "snapshot" in production.reference.package.manifest:
        return None
    end = np.datetime64(periods.span(window["test"][-1])[1], "D").astype(int)
    return max(0, round(float(np.mean(day)) - float(end)))


def _at_test(production: Production) -> float:
    package = production.reference.package
    tested = package.tested
    predicted = predictions.from_columns(tested, package.classes)
    return production.metric.value(tested["actual"], predicted, tested.get(predictions.WEIGHT))


def _value(production: Production, events: Events) -> float:
    return production.metric.value(events.actual, events.predicted, performance.weigh(production, events))
