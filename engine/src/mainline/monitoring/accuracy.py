"""Are predictions as good as at the test? Against the baseline on the same events, with intervals over days.

Months differ in how hard they are, and model and baseline feel it alike; so their ratio is held to that of the test.
The limits are declared, not played back: an alarm means that a whole interval lies beyond one.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from mainline.contract import Array
from mainline.gate import statistics
from mainline.gate.checks.outcome import Outcome
from mainline.gate.statistics import Difference
from mainline.model.intervals import clusters
from mainline.monitoring.events import Events
from mainline.monitoring.production import Production


@dataclass(frozen=True)
class Segment:
    """The mean error of a segment against that of all events, with its interval."""

    column: str
    value: str
    rows: int
    bias: float
    low: float
    high: float


def window(production: Production) -> Events | None:
    """Return the events of the last days whose labels should be there, with or without a label."""
    events = production.events
    if events is None or not len(events):
        return None
    days = np.unique(events.day)[-production.policy.window_days :]
    return events.choose(np.isin(events.day, days))


def check_labels(production: Production) -> Outcome:
    """Did labels come for nearly every event?"""
    complete = production.policy.labels.complete
    events = window(production)
    if events is None:
        return Outcome("cannot tell", "no labels", f"{complete:.1%}", production.reason or "No event is old enough.")
    cluster, days = clusters(events.day)
    share = np.bincount(cluster, events.answered, days) / np.bincount(cluster, minlength=days)
    worst = int(share.argmin())
    never = int(np.count_nonzero(events.answered & np.isnan(events.actual)))
    observed = f"{share[worst]:.1%} on {_date(np.unique(events.day)[worst])}"
    reason = (
        f"{len(events):,} events of {days} days; {never:,} never get a label, {events.unknown:,} labels are of others."
    )
    if share[worst] >= complete:
        return Outcome("pass", observed, f"{complete:.1%}", reason)
    return Outcome("fail", observed, f"{complete:.1%}", f"{reason} Quality cannot be told; look at the feed of labels.")


def check_skill(production: Production) -> Outcome:
    """Is the metric over the baseline's as it was at the test?"""
    allowed = production.policy.quality.skill
    limit = f"{allowed:.0%} above the test's ratio, declared"
    events = _labelled(production)
    if isinstance(events, str):
        return Outcome("cannot tell", "not measured", limit, events)
    now, then = skill(production, events), _skill_at_test(production)
    if not np.isfinite([now.estimate, now.low, then.estimate]).all():
        return Outcome("cannot tell", "not computed", limit, "The metric is not a number on these events.")
    ratio = (1 + now.estimate) / (1 + then.estimate)
    low, high = ((1 + end) / (1 + then.estimate) for end in (now.low, now.high))
    name = production.metric.compared
    observed = f"{name} {1 + now.estimate:.3f} of the baseline's, at the test {1 + then.estimate:.3f}"
    reason = f"{ratio - 1:+.1%} ({low - 1:+.1%} to {high - 1:+.1%}) on {_span(events)}."
    if low <= 1 + allowed:
        return Outcome("pass", observed, limit, reason)
    return Outcome("fail", observed, limit, f"{reason} Retrain on newer data, or roll back.")


def check_bias(production: Production) -> Outcome:
    """Is the mean error small?"""
    limit = f"{production.bias:g}, declared"
    events = _labelled(production)
    if isinstance(events, str):
        return Outcome("cannot tell", "not measured", limit, events)
    mean, low, high = mean_interval(events.predicted - events.actual, events.day, production.policy.confidence)
    observed = f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
    if not np.isfinite([low, high]).all():
        return Outcome("cannot tell", observed, limit, "There is no interval.")
    if low <= production.bias and high >= -production.bias:
        return Outcome("pass", observed, limit, f"Prediction minus truth on {_span(events)}.")
    side = "high" if mean > 0 else "low"
    return Outcome("fail", observed, limit, f"Predictions are too {side} on {_span(events)}. Retrain on newer data.")


def check_slices(production: Production) -> Outcome:
    """Is the mean error of each segment near that of all events?"""
    limit = f"{production.bias:g} from the whole, declared"
    events = _labelled(production)
    if isinstance(events, str):
        return Outcome("cannot tell", "not measured", limit, events)
    found = segments(production, events)
    if not found:
        return Outcome("pass", "no segment", limit, f"None has {production.slice_rows:,} events.")
    worst = max(found, key=lambda part: max(part.low, -part.high))
    observed = f"{worst.column} {worst.value}: {worst.bias:+.2f} ({worst.low:+.2f} to {worst.high:+.2f})"
    wrong = [part for part in found if part.low > production.bias or part.high < -production.bias]
    if not wrong:
        return Outcome("pass", observed, limit, f"{len(found)} segments on {_span(events)}.")
    named = ", ".join(f"{part.column} {part.value}" for part in wrong[:5])
    reason = f"{len(wrong)} of {len(found)} segments: {named}; on {_span(events)}. Look at what changed there."
    return Outcome("fail", observed, limit, reason)


def skill(production: Production, events: Events) -> Difference:
    """Compare predictions of labelled events with the baseline, a constant that the package states."""
    package = production.reference.package
    raw = np.full(len(events), package.manifest["model"]["baseline"])
    baseline = np.asarray(package.predictor.scoring.respond(raw, events.request), np.float64)
    return statistics.compare(
        production.metric, events.actual, events.predicted, baseline, events.day, production.policy.confidence
    )


def segments(production: Production, events: Events) -> list[Segment]:
    """Measure the segments with enough labelled events."""
    error = events.predicted - events.actual
    found = []
    for column, values in production.reference.package.predictor.scoring.slices(events.request).items():
        for value in np.unique(values):
            rows = values == value
            if rows.sum() >= production.slice_rows:
                found.append(
                    Segment(
                        column, str(value), int(rows.sum()),
                        *mean_interval(error[rows] - error.mean(), events.day[rows], production.policy.confidence),
                    )
                )  # fmt: skip
    return found


def mean_interval(values: Array, day: Array, confidence: float) -> tuple[float, float, float]:
    """Return the mean of n values with an interval clustered by day, as `model.intervals` has it; NaN with one day."""
    cluster, days = clusters(day)
    mean = float(values.mean())
    if days < 2:
        return mean, float("nan"), float("nan")
    sums = np.bincount(cluster, weights=values - mean)
    error = np.sqrt(days / (days - 1) * np.sum(sums**2)) / len(values)
    reach = float(special.stdtrit(days - 1, (1 + confidence) / 2) * error)
    return mean, mean - reach, mean + reach


def _labelled(production: Production) -> Events | str:
    """Return the events of the window that have a value, or why they allow no conclusion."""
    if check_labels(production).verdict != "pass":
        return "Labels are not complete; see the check of labels."
    events = window(production)
    assert events is not None
    found = events.choose(~np.isnan(events.actual))
    quality = production.policy.quality
    _, days = clusters(found.day)
    if len(found) < quality.min_rows or days < quality.min_days:
        needed = f"{quality.min_rows:,} events of {quality.min_days} days"
        return f"{len(found):,} labelled events of {days} days; {needed} are needed."
    return found


def _skill_at_test(production: Production) -> Difference:
    tested = production.reference.package.tested
    day = tested["prediction_time"] // 1440 if "prediction_time" in tested else np.arange(len(tested["actual"]))
    return statistics.compare(
        production.metric, tested["actual"], tested["predicted"], tested["baseline"], day, production.policy.confidence
    )


def _span(events: Events) -> str:
    return f"{len(events):,} events of {_date(events.day.min())} to {_date(events.day.max())}"


def _date(day: int) -> str:
    return str(np.datetime64(int(day), "D"))
