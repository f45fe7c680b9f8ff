"""Production held to its packages: roll up, join labels, check; what was found is written, printed and returned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mainline import progress
from mainline.contract import Array
from mainline.data.columns import DAY
from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.errors import MainlineError
from mainline.gate.findings import Check
from mainline.limits import sketches
from mainline.limits.sketches import Sketch
from mainline.model import metrics
from mainline.monitoring import (
    coverage,
    events,
    key_hashes,
    marks,
    performance,
    promise,
    reference,
    result,
    rollup,
    skew,
    tracks,
    verdict,
)
from mainline.monitoring.events import Events
from mainline.monitoring.label_feed import Fetch, Wanted
from mainline.monitoring.marks import Commits
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production, Skew
from mainline.monitoring.result import Day, Mark, Monitored, Promise, Segment, Version
from mainline.monitoring.store import SHORT, Rolled, Store
from mainline.text import clean, span

DAYS = 31
"""Days of traffic whose events are joined with labels, so that the cost does not grow with the log."""
_NEVER = "If no label ever comes, declare `monitoring.severity: {labels: report, quality: report}`."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is inspected, and by what.

    `evaluation` declares the metrics, `fetch` brings the labels that became known in a span, None if there are none;
    `bias` is the limit in the label's unit, `slice_rows` the least rows of a segment, and `written` what servers say
    that they logged, by writer.
    """

    environment: str
    policy: Monitoring
    evaluation: Evaluation
    bias: float
    slice_rows: int
    until: datetime
    kind: Wanted | None
    fetch: Fetch | None
    written: Mapping[str, int]
    unfit: Sequence[str] = ()
    """What is said of servers that refused too many requests, since these do not fit the model."""
    log: Check | None = None
    """What the last machine with a log said of it, for one without."""
    commits: Commits = lambda _: None
    """Finds the commit that released a package."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """What rows of later days are held to, beyond `until`: a server that wrote them has a wrong clock."""


def inspect(logs: Path | None, store: Store, packages: Mapping[str, Packaged], asked: Asked) -> Monitored:
    """Roll up a log and check each version that answered; labels that cannot be had leave quality alone untold.

    Raises:
        MainlineError: when the log or the store cannot be used.
    """
    summary = rollup.roll(logs, store, packages)
    today = f"{asked.until:%Y-%m-%d}"
    rolled = [rolled for record in summary.records.values() for rolled in record.days if rolled.day <= today]
    current = _current(rolled, asked.policy.window_days)
    changed = marks.of_rolled(rolled, packages, asked.commits)
    looked = [
        _version(digest, rolled, store, packages[digest], asked, changed) for digest in current if digest in packages
    ]
    looked.sort(key=lambda one: (one[0].last, one[0].rows), reverse=True)
    versions, promised = [version for version, _ in looked], [kept for _, kept in looked]
    elsewhere = logs is None and not store.received()
    now = max(asked.until, asked.now)
    log = asked.log if elsewhere and asked.log else verdict.of_log(summary, asked.written, now, asked.unfit)
    named = {one.digest: one.version for one in rolled}
    checks = [log, *verdict.of_packages({digest: named[digest] for digest in current if digest not in packages})]
    found = verdict.judge(checks, result.answering(versions), asked.policy.severity)
    if not versions and found != "fail":
        found = "cannot tell"
    return Monitored(
        verdict=found,
        headline=(
            verdict.headline(found, asked.environment, checks[-1], versions, today, asked.policy.severity)
            if versions
            else verdict.nothing(summary, checks)
        )[:600],
        environment=asked.environment[:120],
        until=asked.until.strftime(result.TIME),
        rows=summary.rows,
        checks=checks,
        versions=versions,
        promises=[one for one in promised if one is not None],
        marks=changed[-1000:],
    )


def _current(rolled: list[Rolled], days: int) -> list[str]:
    """Return the digests of the packages that answered in the last days of traffic; older ones were replaced."""
    newest: dict[str, np.datetime64] = {}
    for one in rolled:
        day = np.datetime64(one.day, "D")
        newest[one.digest] = max(day, newest.get(one.digest, day))
    last = max(newest.values(), default=np.datetime64(0, "D"))
    return sorted(digest for digest, day in newest.items() if int((last - day).astype(int)) < days)


def _version(
    digest: str, rolled: list[Rolled], store: Store, package: Packaged, asked: Asked, changed: list[Mark]
) -> tuple[Version, Promise | None]:
    production = _production(digest, rolled, store, package, asked)
    window = performance.window(production)
    labelled = None if window is None else window.choose(~np.isnan(window.actual))
    checks = verdict.of_version(production)
    shown = _days(production) if production.events is not None else []
    found = Version(
        version=production.version,
        digest=digest,
        rows=production.rows,
        first=min(production.days),
        last=max(production.days),
        metric=production.metric.name,
        checks=checks,
        days=shown,
        segments=_segments(production, labelled) if labelled is not None and len(labelled) else [],
        tracks=tracks.of_version(checks, production, shown, changed),
    )
    return found, promise.of_version(production, asked.until.strftime(result.TIME))


def _production(digest: str, rolled: list[Rolled], store: Store, package: Packaged, asked: Asked) -> Production:
    """Put together what is known of a version: sketches of its days, events with labels, and what it is held to."""
    own = [one for one in rolled if one.digest == digest]
    days: dict[str, list[Sketch]] = {}
    for one in own:
        days.setdefault(one.day, []).append(one.sketch)
    recent = sorted(days)[-DAYS:]
    files = [store.folder / one.columns for one in own if one.day in recent]
    joined, reason = _events(files, package, asked)
    return Production(
        version=own[-1].version,
        reference=reference.load(package),
        days={day: sketches.add(found) for day, found in days.items()},
        events=joined,
        reason=reason,
        policy=asked.policy,
        scorer=metrics.of_package(package.manifest, asked.evaluation),
        bias=asked.policy.quality.bias or asked.bias,
        slice_rows=asked.slice_rows,
        coverage=coverage.of_version(rolled, digest),
        skew=_skew(files, package, store, asked),
    )


def _events(files: list[Path], package: Packaged, asked: Asked) -> tuple[Events | None, str]:
    """Join the rows of a version with labels, as far as these should be there; else say why there are none."""
    if asked.kind is None:
        return None, f"interface.KEY is empty, so no label can be joined. {_NEVER}"
    if asked.fetch is None:
        return None, f"The use case has no src/usecase/labels.py; write it, or name a file (--labels). {_NEVER}"
    if lacking := key_hashes.lacking(package, asked.kind.names):
        return None, lacking
    absent = sum(not file.is_file() for file in files)
    if absent:
        return None, f"Rows of {absent} of {len(files)} files are on other machines, and no store of DVC has them."
    predicted = events.predictions(files, package)
    if not len(predicted):
        return None, "No row has a whole request of an event between 1900 and 2199."
    since = datetime.fromtimestamp(int(predicted[events.MOMENT].min()) * 60, UTC)
    try:
        found = asked.fetch(since, asked.until)
    except MainlineError as error:
        progress.say(clean(f"Labels cannot be had: {error}"))
        return None, "The labels cannot be had; the output of this look says why."  # a report may be public
    labels = key_hashes.as_logged(found, asked.kind.names, package, predicted)
    joined = events.join(predicted, labels, asked.kind, package)
    if not len(joined):
        return None, "Every event was asked about after its label was known; look at known_at, and at the clocks."
    latest = asked.until - timedelta(seconds=asked.policy.labels.after)
    due = (joined.day + 1) * DAY <= int(latest.timestamp()) // 60
    waits = f"No event is old enough to have a label, which is due {span(asked.policy.labels.after)} after its day."
    return joined.choose(due), "" if due.any() else waits


def _skew(files: list[Path], package: Packaged, store: Store, asked: Asked) -> Skew | str:
    """Compare the features of the last days with the pipeline's, if this machine has rows of them."""
    here = [file for file in files if file.is_file()]
    names = asked.kind.names if asked.kind else []
    examples = store.folder / "skew" / f"{package.digest[:SHORT]}.csv"
    return skew.measure(here, package, names, examples) if here else "Its rows are on other machines."


def _days(production: Production) -> list[Day]:
    """Measure the last days of events."""
    found = production.events
    assert found is not None
    package, bias = production.reference.package, production.scorer.bias
    shown = []
    for day in np.unique(found.day)[-DAYS:]:
        events_of = found.choose(found.day == day)
        labelled = events_of.choose(~np.isnan(events_of.actual))
        baseline = package.baseline(labelled.request, labelled.features)
        weight = performance.weigh(production, labelled)
        shown.append(
            Day(
                day=str(np.datetime64(int(day), "D")),
                events=len(events_of),
                labelled=len(labelled),
                metric=_measure(production, labelled, labelled.predicted, weight),
                baseline=_measure(production, labelled, baseline, weight),
                bias=_finite(bias(labelled.actual, labelled.predicted, weight)) if len(labelled) else None,
            )
        )
    return shown


def _segments(production: Production, labelled: Events) -> list[Segment]:
    return [
        Segment(
            column=part.column[:120], value=part.value[:120], rows=part.rows, bias=part.bias, low=_finite(part.low),
            high=_finite(part.high),
        )
        for part in performance.segments(production, labelled)[:500]
    ]  # fmt: skip


def _measure(production: Production, labelled: Events, predicted: Array, weight: Array | None) -> float | None:
    return _finite(production.metric.value(labelled.actual, predicted, weight)) if len(labelled) else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
