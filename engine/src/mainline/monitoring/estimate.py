"""How good predictions are before their labels come, from how large they are; shown with the error that this had.

Direct loss estimation: the kept test predictions say what the metric is among predictions of each size, and production
says how many there are of each. It follows how hard the events are, and cannot see a world that changes: labels do.
"""

import numpy as np

from mainline.contract import Array
from mainline.gate.checks.outcome import Outcome
from mainline.limits.sizes import Sizes
from mainline.limits.sketches import Numbers, Texts
from mainline.model.metric import Metric
from mainline.monitoring import performance
from mainline.monitoring.production import Production
from mainline.text import count

CHECK = "estimate before labels"


def of(production: Production) -> Sizes | None:
    """Return what estimates a version's metric; None if the metric is not made of sums over rows."""
    return production.reference.package.sizes(production.metric)


def by_bin(production: Production, estimator: Sizes, sketched: Numbers | Texts) -> Array:
    """Return the predictions of a sketch by bin, shape (bins,)."""
    if isinstance(sketched, Texts):
        return np.array([float(sketched.counts.get(name, 0)) for name in production.reference.package.classes])
    return np.bincount(estimator.join(np.arange(len(sketched.counts))), sketched.counts, estimator.bins)


def by_day(production: Production, estimator: Sizes) -> dict[int, tuple[float, float]]:
    """Return the estimate and the metric of each day of events that has enough labels, in order."""
    if production.events is None:
        return {}
    events, found = production.labelled, {}
    for day in np.unique(events.day):
        rows = events.choose(events.day == day)
        if len(rows) >= production.policy.support.min_rows:
            counts = np.bincount(estimator.place(rows.predicted), minlength=estimator.bins)
            guess = float(estimator.estimate(counts[None])[0])
            true = production.metric.value(rows.actual, rows.predicted, performance.weigh(production, rows))
            if np.isfinite([guess, true]).all():
                found[int(day)] = guess, true
    return found


def newest(production: Production, estimator: Sizes) -> tuple[str, float] | None:
    """Return the last day of traffic, and the estimate of its predictions; None without a day that has enough rows."""
    days = list(production.full_days.items())
    if not days or days[-1][1].predicted is None:
        return None
    day, sketch = days[-1]
    return day, float(estimator.estimate(by_bin(production, estimator, sketch.predicted)[None])[0])  # type: ignore[arg-type]


def check_estimate(production: Production) -> Outcome:
    """What will labels say of the newest day? Reported with how far such estimates were off where labels are there."""
    estimator, needed = of(production), production.policy.quality.min_days
    if estimator is None:
        return Outcome("cannot tell", "not estimated", "-", f"{production.metric.name} is not a sum over rows.")
    last = newest(production, estimator)
    if last is None or not np.isfinite(last[1]):
        return Outcome("cannot tell", "not estimated", "-", "No day has enough predictions.")
    observed = f"{production.metric.name} about {last[1]:.3g} on {last[0]}"
    known = by_day(production, estimator)
    if len(known) < needed:
        reason = f"How far it is off is not known: {count(len(known), 'labelled day')}, {needed} are needed."
        return Outcome("cannot tell", observed, "-", reason)
    off = np.array([_off(production.metric, *pair) for pair in known.values()])
    far = np.abs(off)
    reason = (
        f"From how large predictions are. On {len(off)} labelled days such estimates were {np.median(far):.0%} off in "
        f"the middle, {far.max():.0%} at most, {off.mean():+.0%} on average. They cannot see a world that changes."
    )
    return Outcome("pass", observed, "-", reason)


def _off(metric: Metric, guess: float, true: float) -> float:
    """Return how much an estimate is above what labels said, as a share; 0 where a model lacks nothing."""
    lack = metric.lack(true)
    return float(metric.lack(guess) / lack - 1) if lack else 0.0
