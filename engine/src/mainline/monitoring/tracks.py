"""How what a check looks at moved over the last weeks, a point for each day: the picture beside an alarm."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from mainline.gate import tables
from mainline.gate.experiments import read_staleness
from mainline.gate.findings import Check, Plot, Point, Series
from mainline.limits import playback, windows
from mainline.monitoring import accuracy, estimate, promise, support
from mainline.monitoring.production import Production
from mainline.monitoring.result import Day, Mark, Placed, Track

DAYS = 35
"""Days that are shown, at most."""
_UP_TO = "days up to "
_OVER = {
    windows.SKILL: " over the baseline's",
    windows.EXPECTED: " over the test's",
    windows.RECENT: f" of {playback.RECENT_DAYS} days over the test's",
}
"""What a ratio of skill is over, as short as an axis of GitHub's pictures needs it."""
Lines = Mapping[str, Sequence[tuple[str, float | None]]]
"""A value by day for each line of a picture."""


def of_version(
    checks: Sequence[Check], production: Production, days: Sequence[Day], marks: Sequence[Mark] = ()
) -> list[Track]:
    """Return the picture of each check that does not pass and has one, and those of what is only reported."""
    found = []
    for check in checks:
        if check.name in _ALWAYS:
            found += [_track(check, plot, marks) for plot in _ALWAYS[check.name](production)]
        if check.verdict not in ("fail", "warn"):
            continue
        unit, lines = _of_quality(check, production, days) or _of_support(check, production)
        plot = _plot(unit, lines)
        if plot is not None:
            found.append(_track(check, plot, marks))
    return found


def _track(check: Check, plot: Plot, marks: Sequence[Mark]) -> Track:
    """Set marks into a picture of days, those that lie between its ends."""
    last = plot.x.removeprefix(_UP_TO)
    first = min(point.x for series in plot.series for point in series.points)
    places = [(_before(mark.day, last), mark.version) for mark in marks] if plot.x.startswith(_UP_TO) else []
    within = [Placed(x=x, version=version) for x, version in places if first <= x <= 0]
    return Track(check=check.name, plot=plot, marks=within)


def _of_quality(check: Check, production: Production, days: Sequence[Day]) -> tuple[str, Lines] | None:
    metric = production.metric.name
    if check.name in (windows.SKILL, windows.BIAS, "bias by segment"):
        judged = _of_windows(production, check.name)
        if judged is not None:
            return judged
    match check.name:
        case "skill":
            model, baseline = ([(day.day, getattr(day, name)) for day in days] for name in ("metric", "baseline"))
            return metric, {"model": model, "baseline": baseline}
        case "bias" | "bias by segment":
            return "bias", {"bias": [(day.day, day.bias) for day in days]}
        case "labels":
            return "share with a label", {"labels": [(day.day, day.labelled / max(day.events, 1)) for day in days]}
    return None


def _of_windows(production: Production, check: str) -> tuple[str, Lines] | None:
    """Follow what is judged from window to window, beside its limit; None if no window measured it."""
    *pair, limit = accuracy.furthest_of(production, check) or ("", "", None)
    values = production.measured.get((pair[0], pair[1]), np.empty(0))[-DAYS:]
    if not len(values):
        return None
    unit, name = f"bias of {production.window_days} days", "production"
    if pair[0] in windows.ONE_SIDED:
        values, unit = np.exp(values), f"{production.metric.compared}{_OVER[pair[0]]}"
    elif check != windows.BIAS:
        unit, name = f"{unit} against all", " ".join(pair)
    ends = [str(np.datetime64(int(day), "D")) for day in np.unique(production.labelled.day)[-len(values) :]]
    known = [(day, float(value)) for day, value in zip(ends, values, strict=True) if np.isfinite(value)]
    lines = {name: known}
    if limit is not None:
        lines["limit"] = [(day, float(np.copysign(limit, values[-1]))) for day in ends]
    return unit, lines


def _of_support(check: Check, production: Production) -> tuple[str, Lines]:
    """Follow the share of the column that a check judges by, beside its limit; a number that stands still has none."""
    followed = list(support.follow(production.counted, check.name).items())[-DAYS:]
    name = followed[-1][1].name if followed else ""
    limit = [(day, one.allowed) for day, one in followed if one.allowed]
    return "share of rows", {name: [(day, one.observed) for day, one in followed], "at most": limit}


def _estimated(production: Production) -> Iterator[Plot]:
    """Draw the estimates of the last days of events beside what labels said."""
    estimator = estimate.of(production)
    known = estimate.by_day(production, estimator) if estimator else {}
    days = [(str(np.datetime64(day, "D")), *pair) for day, pair in list(known.items())[-DAYS:]]
    lines = {"estimated": [(day, one) for day, one, _ in days], "by labels": [(day, two) for day, _, two in days]}
    plot = _plot(production.metric.name, lines)
    if plot is not None:
        yield plot


def _aged(production: Production) -> Iterator[Plot]:
    """Draw by age how much worse than promised the weeks were, beside what `./mainline explain` measured of ageing."""
    weeks = promise.by_age(production)
    if weeks:
        life = Series(name="production", points=[Point(x=age, y=worse) for age, worse in weeks])
        yield Plot(name="staleness", x="age in days", y="worse than promised", series=[life])
        manifest = production.reference.package.manifest
        lines = ("./mainline explain", "./mainline explain, another model or metric")
        yield from read_staleness(manifest["name"], production.metric.name, tables.packaged_hash(manifest), *lines)


_ALWAYS: dict[str, Callable[[Production], Iterator[Plot]]] = {estimate.CHECK: _estimated, promise.CHECK: _aged}


def _plot(unit: str, lines: Lines) -> Plot | None:
    """Draw lines over the days before the last one; None with fewer than two days."""
    known = {name: [(day, value) for day, value in line if value is not None] for name, line in lines.items() if line}
    last = max((day for line in known.values() for day, _ in line), default="")
    series = [
        Series(name=name[:120], points=[Point(x=_before(day, last), y=float(value)) for day, value in line])
        for name, line in known.items()
    ]
    if max((len(one.points) for one in series), default=0) < 2:
        return None
    return Plot(name="history", x=f"{_UP_TO}{last}", y=unit, series=series)


def _before(day: str, last: str) -> float:
    return float((np.datetime64(day, "D") - np.datetime64(last, "D")).astype(int))
