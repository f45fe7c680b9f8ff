"""How far quality strays on days like those of the window: each run of days of predictions that no label had shaped.

Played back are the skill, which is the logarithm of the metric over the baseline's on the same rows; the same over what
the test says of predictions of these sizes, see `sizes`, in a whole run and in its last days, which feel a fault
sooner; the mean error; and the mean error of each segment less that of all rows. Each is counted in the deviations that
its own runs had, and a family (skill, expected, bias, or the segments of one column) has the largest of its members. A
family's limit is the smallest that it passes in the allowed episodes, as `playback.limit` has it; then all limits are
raised together until all families together pass them no more often, and once more by a declared margin, since a few
months of days that hang together tell a rate only roughly.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from mainline.contract import Array, Columns
from mainline.limits import playback
from mainline.limits.sizes import Sizes
from mainline.limits.sketches import Count, Part
from mainline.model.intervals import clusters
from mainline.model.metric import Metric

SKILL, EXPECTED, RECENT, BIAS = "skill", "expected", "expected of the last days", "bias"
ONE_SIDED = (SKILL, EXPECTED, RECENT)
"""Families of logarithms of a ratio, which count where it is worse than usual."""
WHOLE = (*ONE_SIDED, BIAS)
"""Families that are not those of a column's segments."""
AT_ONCE = 256
"""Runs that are measured together, with the rows of their days: twice as many days take twice as long."""
Series = Mapping[tuple[str, str], Array]
"""Values of k runs, shape (k,), by family and member; NaN where a run has too few rows of it."""


@dataclass(frozen=True)
class Scored:
    """n labelled rows: the truth, two predictions, the day of each, and its segment by column, all of shape (n,).

    Predictions of K classes have shape (n, K). `weight`, shape (n,), is how much each row counts; None where none
    counts more than another. `sizes` is what the test says of predictions; None if nobody can say.
    """

    actual: Array
    predicted: Array
    baseline: Array
    day: Array
    segments: Mapping[str, Array]
    weight: Array | None = None
    sizes: Sizes | None = None

    def take(self, chosen: Array) -> "Scored":
        """Return the chosen rows."""
        kept = {name: getattr(self, name) for name in ("actual", "predicted", "baseline", "day", "weight")}
        rows: dict[str, Any] = {name: None if values is None else values[chosen] for name, values in kept.items()}
        return replace(self, **rows, segments={name: values[chosen] for name, values in self.segments.items()})


class Quality(Part):
    """What playing `days` days back allows: by family and member the usual deviation, and by family how many of them.

    `centre` is the mean skill, and `expected` the mean of what is over what the test says, `recent` in the last days;
    packages of before have none of it. `episodes` is how often the window passes the limits without their margin.
    """

    centre: float
    expected: float | None = None
    recent: float | None = None
    deviations: dict[str, dict[str, float]]
    limits: dict[str, float]
    episodes: Count
    days: Count

    @property
    def is_proven(self) -> bool:
        """Say whether the days are enough for the declared rate."""
        return self.days >= playback.PROVEN_DAYS

    def limit(self, family: str, member: str) -> float | None:
        """Return how far a member may lie from its centre; None if it was not played back."""
        deviation = self.deviations.get(family, {}).get(member)
        return None if deviation is None else deviation * self.limits[family]

    def usual(self, family: str) -> float:
        """Return what a family lies around: its mean in the playback, and 0 of mean errors."""
        return {SKILL: self.centre, EXPECTED: self.expected or 0.0, RECENT: self.recent or 0.0}.get(family, 0.0)


def segments(scoring: ModuleType, request: Columns, texts: Collection[str]) -> dict[str, Array]:
    """Return the segments of n requests by column: the use case's, and each text of a request that the model reads."""
    found = {name: values for name, values in request.items() if name in texts and values.dtype.kind in "OU"}
    return found | dict(scoring.slices(request))


def measure(rows: Scored, metric: Metric, length: int, least: int) -> dict[tuple[str, str], Array]:
    """Measure each run of days of n rows.

    Args:
        rows: the predictions.
        metric: the one by which models are compared.
        length: days of a run, at most as many as there are.
        least: rows below which a run says nothing of a segment.
    """
    cluster, days = clusters(rows.day)
    counted = [(column, np.unique(values, return_counts=True)) for column, values in rows.segments.items()]
    members = [(column, value) for column, (found, rows_of) in counted for value in found[rows_of >= least]]
    parts = []
    for first in range(0, days - length + 1, AT_ONCE):
        inside = (cluster >= first) & (cluster < first + AT_ONCE + length - 1)
        parts.append(_measure(rows.take(inside), metric, length, least, members))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measure(
    rows: Scored, metric: Metric, length: int, least: int, members: Sequence[tuple[str, object]]
) -> dict[tuple[str, str], Array]:
    """Measure each run of days of n rows, of segments those that are named by column and value."""
    cluster, days = clusters(rows.day)
    starts = np.arange(days - length + 1)[:, None]
    run = ((np.arange(days) >= starts) & (np.arange(days) < starts + length)).astype(np.float64)
    error, weight = _errors(rows), np.ones(len(rows.actual)) if rows.weight is None else rows.weight
    mean = _mean(error, weight, cluster, run, least=1)
    found = {(SKILL, SKILL): _skill(rows, metric, cluster, run)}
    if rows.sizes is not None:
        found[EXPECTED, EXPECTED] = _over_expected(rows, metric, cluster, run, rows.sizes)
        if length > playback.RECENT_DAYS:
            last = run * (np.arange(days) >= starts + length - playback.RECENT_DAYS)
            found[RECENT, RECENT] = _over_expected(rows, metric, cluster, last, rows.sizes)
    found |= {(BIAS, str(place) if len(mean) > 1 else BIAS): values for place, values in enumerate(mean)}
    for column, value in members:
        chosen = rows.segments[column] == value
        apart = _mean(error[:, chosen], weight[chosen], cluster[chosen], run, least) - mean
        worst = np.take_along_axis(apart, np.nan_to_num(np.abs(apart)).argmax(axis=0)[None], axis=0)[0]
        found[family_of(column), str(value)] = worst
    return found


def family_of(column: str) -> str:
    """Name the family of a column's segments; a column may be called as one of the other families is."""
    return f"segment {column}" if column in WHOLE else column


def play(rows: Scored, metric: Metric, length: int, least: int, every: int, margin: float) -> Quality | None:
    """Play a window back; None with fewer days than twice a run, or if no run has a skill.

    Args:
        rows: predictions of models that were fitted on older rows.
        metric: the one by which models are compared.
        length: days of a run.
        least: rows below which a run says nothing of a segment.
        every: days for one episode of all checks together.
        margin: what limits are multiplied by.
    """
    _, days = clusters(rows.day)
    if days < 2 * length:
        return None
    series = {
        name: values for name, values in measure(rows, metric, length, least).items()
        if np.isfinite(values).sum() >= len(values) / 2
    }  # fmt: skip
    if (SKILL, SKILL) not in series:
        return None
    centres = {family: float(np.nanmean(values)) for (family, _), values in series.items() if family in ONE_SIDED}
    spread = {
        name: float(np.sqrt(np.nanmean((values - centres.get(name[0], 0.0)) ** 2))) for name, values in series.items()
    }
    scores = _scores(series, centres, spread)
    allowed = max(1, days // every)
    own = {family: max(playback.limit(values, allowed)[0], 0.0) for family, values in scores.items()}
    own = {family: limit for family, limit in own.items() if limit > 0}
    together = np.max([scores[family] / limit for family, limit in own.items()], axis=0)
    raised, episodes = playback.limit(together, allowed)
    deviations: dict[str, dict[str, float]] = {}
    for (family, member), deviation in spread.items():
        if family in own and deviation > 0:
            deviations.setdefault(family, {})[member] = deviation
    limits = {family: limit * raised * margin for family, limit in own.items()}
    return Quality(
        centre=centres[SKILL], expected=centres.get(EXPECTED), recent=centres.get(RECENT), deviations=deviations,
        limits=limits, episodes=episodes, days=days,
    )  # fmt: skip


def shares(found: Series, earned: Quality) -> list[tuple[str, str, Array]]:
    """Return family, member and the share of its limit, in each of k runs, of what was played back; 0 for no rows."""
    listed = []
    for (family, member), values in found.items():
        limit = earned.limit(family, member)
        if limit:
            reach = values - earned.usual(family) if family in ONE_SIDED else np.abs(values)
            listed.append((family, member, np.nan_to_num(reach / limit)))
    return listed


def beyond(found: Series, earned: Quality) -> list[tuple[str, str, float]]:
    """Return family, member and share of its limit of the last run, the furthest first."""
    last = [(family, member, float(values[-1])) for family, member, values in shares(found, earned)]
    return sorted(last, key=lambda share: -share[2])


def _scores(series: Series, centres: Mapping[str, float], spread: Mapping[tuple[str, str], float]) -> dict[str, Array]:
    """Return the largest score of each family by run; ratios count where they are worse, the others on both sides."""
    found: dict[str, Array] = {}
    for (family, member), values in series.items():
        deviation = spread[family, member]
        if deviation > 0:
            score = (values - centres[family] if family in ONE_SIDED else np.abs(values)) / deviation
            score = np.nan_to_num(score, nan=-np.inf)
            found[family] = np.maximum(found[family], score) if family in found else score
    return found


def _errors(rows: Scored) -> Array:
    """Return the error of n predictions, shape (1, n), or of the probability of each of K classes, (K, n)."""
    if rows.predicted.ndim == 1:
        return np.asarray(rows.predicted - rows.actual)[None]
    return np.asarray(rows.predicted.T - (rows.actual == np.arange(rows.predicted.shape[1])[:, None]))


def _mean(error: Array, weight: Array, cluster: Array, run: Array, least: int) -> Array:
    """Return the mean of errors of shape (K, n) in each of k runs, shape (K, k); NaN for runs of fewer rows."""
    days = run.shape[1]
    rows, total = (run @ np.bincount(cluster, each, days) for each in ((weight > 0) * 1.0, weight))
    sums = np.stack([run @ np.bincount(cluster, one * weight, days) for one in error])
    return np.where(rows >= least, sums / np.where(total > 0, total, 1), np.nan)


def _skill(rows: Scored, metric: Metric, cluster: Array, run: Array) -> Array:
    days = run.shape[1]
    lacks = [
        metric.lack(metric.combine(metric.statistics(rows.actual, predicted, cluster, days, rows.weight), run))
        for predicted in (rows.predicted, rows.baseline)
    ]
    return _log_ratio(*lacks)


def _over_expected(rows: Scored, metric: Metric, cluster: Array, run: Array, sizes: Sizes) -> Array:
    """Return the logarithm of the metric over what the test says of so many predictions of each size, shape (k,)."""
    days = run.shape[1]
    counts = np.bincount(cluster * sizes.bins + sizes.place(rows.predicted), minlength=days * sizes.bins)
    expected = sizes.estimate(run @ counts.reshape(days, sizes.bins))
    found = metric.combine(metric.statistics(rows.actual, rows.predicted, cluster, days, rows.weight), run)
    return _log_ratio(metric.lack(found), metric.lack(expected))


def _log_ratio(first: Array, second: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(first / second)
    return np.where(np.isfinite(ratio), ratio, np.nan)
