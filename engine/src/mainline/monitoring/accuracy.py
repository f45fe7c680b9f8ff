"""Are predictions as good as at the test? Against the baseline on the same events, with intervals over days.

Months differ in how hard they are, and model and baseline feel it alike; so their ratio is what is measured. The last
window is held to the limits that the package earned, see `limits.windows`. If limits are declared, or the package has
too few days to prove any, a whole interval must lie beyond them.
"""

from collections.abc import Callable

import numpy as np

from mainline.contract import Array
from mainline.gate.checks.outcome import Outcome
from mainline.gate.statistics import mean_interval
from mainline.limits import playback, windows
from mainline.limits.windows import Quality
from mainline.model.intervals import clusters
from mainline.monitoring.events import Events
from mainline.monitoring.performance import (
    allowed_of,
    error_of,
    furthest,
    has_only_constant,
    segments,
    skill_as_at_test,
    skill_at_test,
    unit_of,
    weigh,
    window,
)
from mainline.monitoring.production import Production
from mainline.text import count, span

SKILL = 0.1
"""How far the ratio may rise above the test's where nothing is earned or declared."""
_RETRAIN = "Retrain on newer data"
_NOT_A_NUMBER = "The metric, or the baseline's, is not a number on these events."


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
    late = f" {count(events.late, 'event')} asked about after the label was known." if events.late else ""
    reason = (
        f"{len(events):,} events of {count(days, 'day')}; {never:,} never get a label, {events.unknown:,} labels are "
        f"of others.{late}"
    )
    if share[worst] >= complete:
        return Outcome("pass", observed, f"{complete:.1%}", reason)
    due = span(production.policy.labels.after)
    remedy = f"Look at the feed of labels; if they are later than {due} after a day, raise `monitoring.labels.after`."
    return Outcome("fail", observed, f"{complete:.1%}", f"Quality cannot be told. {remedy} {reason}")


def check_skill(production: Production) -> Outcome:
    """Is the metric over the baseline's as it was in the window, or at the test?"""
    earned = _earned(production) if production.policy.quality.skill is None else None
    if earned is not None:
        return _judge_skill(production, earned)
    allowed = production.policy.quality.skill or SKILL
    limit = f"{allowed:.0%} above the test's ratio, declared"

    def judge(events: Events) -> Outcome:
        now, then = skill_as_at_test(production, events), skill_at_test(production)
        if not np.isfinite([now.estimate, now.low, then.estimate]).all():
            return Outcome("cannot tell", "not computed", limit, _NOT_A_NUMBER)
        ratio = (1 + now.estimate) / (1 + then.estimate)
        low, high = ((1 + end) / (1 + then.estimate) for end in (now.low, now.high))
        name, rule = production.metric.compared, "constant" if has_only_constant(production) else "baseline"
        observed = f"{name} {1 + now.estimate:.3f} of the {rule}'s, at the test {1 + then.estimate:.3f}"
        reason = f"{ratio - 1:+.1%} ({low - 1:+.1%} to {high - 1:+.1%}) on {_span(events)}.{_unproven(production)}"
        if low <= 1 + allowed:
            return Outcome("pass", observed, limit, reason)
        return Outcome("fail", observed, limit, f"{reason} {_RETRAIN}, or roll back.")

    return _with_labels(production, limit, judge)


def check_bias(production: Production) -> Outcome:
    """Is the mean error small? Of several classes, that of the class for which it is the largest."""
    earned = _earned(production) if production.policy.quality.bias is None else None
    limit = f"{production.bias:g}, declared"
    if earned is not None and (far := earned.limit(windows.BIAS, windows.BIAS)) is not None:
        limit = f"{far:.3g}, earned"

    def judge(events: Events) -> Outcome:
        weight = weigh(production, events)
        name, error = error_of(production, events, weight)
        mean, low, high = mean_interval(error, events.day, production.policy.confidence, weight)
        observed = f"{name}{mean:+.3g} ({low:+.3g} to {high:+.3g}){unit_of(production)}"
        if earned is not None:
            return _judge_apart(production, earned, (windows.BIAS,), observed)
        if not np.isfinite([low, high]).all():
            return Outcome("cannot tell", observed, limit, "There is no interval.")
        if low <= production.bias and high >= -production.bias:
            reason = f"Prediction minus truth on {_span(events)}.{_unproven(production)}"
            return Outcome("pass", observed, limit, reason)
        side = "high" if mean > 0 else "low"
        return Outcome("fail", observed, limit, f"Predictions are too {side} on {_span(events)}. {_RETRAIN}.")

    return _with_labels(production, limit, judge)


def check_slices(production: Production) -> Outcome:
    """Is the mean error of each segment near that of all events?"""
    earned = _earned(production) if production.policy.quality.bias is None else None
    limit = f"{production.bias:g} from the whole, declared" if earned is None else "earned"

    def judge(events: Events) -> Outcome:
        if earned is not None:
            return _judge_apart(production, earned, _of_segments(earned), "")
        found = segments(production, events)
        if not found:
            return Outcome("pass", "no segment", limit, f"None has {production.slice_rows:,} events.")
        worst = max(found, key=lambda part: part.beyond)
        mean = f"{worst.bias:+.3g} ({worst.low:+.3g} to {worst.high:+.3g}){unit_of(production)}"
        observed = f"{worst.column} {worst.value}: {mean}"
        wrong = [part for part in found if part.low > production.bias or part.high < -production.bias]
        if not wrong:
            return Outcome("pass", observed, limit, f"{len(found)} segments on {_span(events)}.{_unproven(production)}")
        named = ", ".join(f"{part.column} {part.value}" for part in wrong[:5])
        reason = f"{len(wrong)} of {len(found)} segments: {named}; on {_span(events)}. Look at what changed there."
        return Outcome("fail", observed, limit, reason)

    return _with_labels(production, limit, judge)


def furthest_of(production: Production, check: str) -> tuple[str, str, float | None] | None:
    """Return family, member and limit by which a check of quality judges, of a ratio its own; None if there is none."""
    quality = production.policy.quality
    earned = _earned(production) if (quality.skill if check == windows.SKILL else quality.bias) is None else None
    if earned is not None:
        families = {windows.SKILL: windows.ONE_SIDED, windows.BIAS: (windows.BIAS,)}.get(check, _of_segments(earned))
        ranked = furthest(production, earned, families)
        return (*ranked[0], allowed_of(earned, *ranked[0])) if ranked else None
    if check in windows.WHOLE:
        return None
    events = _labelled(production)
    found = [] if isinstance(events, str) else segments(production, events)
    worst = max(found, key=lambda part: part.beyond, default=None)
    return (windows.family_of(worst.column), worst.value, production.bias) if worst else None


def _of_segments(earned: Quality) -> tuple[str, ...]:
    return tuple(name for name in earned.limits if name not in windows.WHOLE)


def _earned(production: Production) -> Quality | None:
    """Return the limits that the package earned, if they are proven and there is a whole window of labels."""
    earned = production.reference.earned
    if earned is None or earned.quality is None or not earned.quality.is_proven:
        return None
    return earned.quality if production.measured else None


def _judge_skill(production: Production, earned: Quality) -> Outcome:
    """Judge the ratio to the baseline and those to what the test says; the one that is nearest to its limit."""
    ratio = float(production.measured[windows.SKILL, windows.SKILL][-1])
    limit_ = allowed_of(earned, windows.SKILL, windows.SKILL)
    limit = "not played back" if limit_ is None else f"{limit_:.3f}, earned"

    def judge(_: Events) -> Outcome:
        if not np.isfinite(ratio):
            return Outcome("cannot tell", "not computed", limit, _NOT_A_NUMBER)
        ranked = [family for family, _, _ in windows.beyond(production.measured, earned) if family in windows.ONE_SIDED]
        family = ranked[0] if ranked else windows.SKILL
        now, usual = float(production.measured[family, family][-1]), earned.usual(family)
        far = allowed_of(earned, family, family)
        whose = "of the baseline's" if family == windows.SKILL else "of what the test says of such predictions"
        whose += f" in the last {playback.RECENT_DAYS} days" if family == windows.RECENT else ""
        observed = f"{production.metric.compared} {np.exp(now):.3f} {whose}, played back {np.exp(usual):.3f}"
        allowed = limit if far is None else f"{far:.3f}, earned"
        return _judge_earned(production, earned, windows.ONE_SIDED, observed, allowed)

    return _with_labels(production, limit, judge)


def _judge_apart(production: Production, earned: Quality, families: tuple[str, ...], observed: str) -> Outcome:
    """Judge a mean error, or that of segments, by what is furthest beyond its limit."""
    ranked = furthest(production, earned, families)
    if not ranked and families == (windows.BIAS,):
        return Outcome("cannot tell", "not computed", "earned", "There is no mean error of the last window.")
    if not ranked:
        return Outcome("pass", observed or "no segment", "earned", "None had enough rows in the playback.")
    family, member = ranked[0]
    value, limit = float(production.measured[family, member][-1]), earned.limit(family, member)
    observed = observed or f"{family} {member}: {value:+.3g}{unit_of(production)}"
    apart = "" if family == windows.BIAS else " from the whole"
    return _judge_earned(production, earned, families, observed, f"{limit:.3g}{apart}, earned")


def _judge_earned(
    production: Production, earned: Quality, families: tuple[str, ...], observed: str, limit: str
) -> Outcome:
    """Judge the last window by earned limits; say since when it is beyond, and how often playback and life were."""
    shares = [share for share in windows.shares(production.measured, earned) if share[0] in families]
    worst = np.max([values for _, _, values in shares], axis=0)
    wrong = sorted((share for share in shares if share[2][-1] > 1), key=lambda share: -share[2][-1])
    times = playback.episodes(worst > 1)
    life = f"in the last {len(worst)} windows of production {count(times, 'alarm')}"
    proof = f"{playback.proof(earned, production.reference.earned.every_days)[:-1]}; {life}."  # type: ignore[union-attr]
    if not wrong:
        return Outcome("pass", observed, limit, proof)
    ends = np.unique(production.labelled.day)[-len(worst) :]
    since = _date(ends[len(worst) - _run(worst > 1)])
    named = [f"{family} {member} {production.measured[family, member][-1]:+.3g}" for family, member, _ in wrong[:5]]
    what = f" Beyond: {', '.join(named)}." if families[0] not in windows.WHOLE else ""
    return Outcome("fail", observed, limit, f"Since {since}.{what} {_RETRAIN}, or look at what changed there. {proof}")


def _run(beyond: Array) -> int:
    """Return how many of n booleans at the end are true in a row."""
    return int(len(beyond) if beyond.all() else np.argmin(beyond[::-1]))


def _with_labels(production: Production, limit: str, judge: Callable[[Events], Outcome]) -> Outcome:
    """Judge the labelled events of the window, if there are enough of them."""
    events = _labelled(production)
    return Outcome("cannot tell", "not measured", limit, events) if isinstance(events, str) else judge(events)


def _unproven(production: Production) -> str:
    """Say why declared limits hold where none is declared."""
    earned = production.reference.earned
    if earned is None or earned.quality is None or earned.quality.is_proven:
        return ""
    return f" {playback.proof(earned.quality, earned.every_days)}"


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
        return f"{len(found):,} labelled events of {count(days, 'day')}; {needed} are needed."
    return found


def _span(events: Events) -> str:
    return f"{len(events):,} events of {_date(events.day.min())} to {_date(events.day.max())}"


def _date(day: int) -> str:
    return str(np.datetime64(int(day), "D"))
