"""Is each day made of what the model was fitted on? Shares of rows, without any distribution: cheap, and soon sure."""

from collections.abc import Callable

from mainline.gate.checks.outcome import Outcome
from mainline.limits import composition
from mainline.limits.composition import Excess
from mainline.limits.sketches import RARE, Sketch
from mainline.monitoring.production import Production

_WHOLE = 0.95
"""A day of which this share stands is called a whole one."""


def check_missing(production: Production) -> Outcome:
    """Are as many values missing as on the worst day of training, or hardly more?"""
    return _judge(production, "missing", production.policy.support.missing)


def check_unseen(production: Production) -> Outcome:
    """Do texts have values that the model was fitted on?"""
    reference, allowed = production.reference, production.policy.support.unseen
    watched = reference.package.bins.texts
    texts = [name for name in watched if reference.seen.values(name) is not None]
    if not texts:
        lacking = "no text feature" if not watched else "too many values to tell by the profile alone"
        return Outcome("pass", lacking, f"{allowed:.1%}", "Nothing to compare.")
    outcome = _judge(production, "unseen", allowed)
    return outcome._replace(reason=f"{outcome.reason}{_named(production, texts)}")


def check_whole(production: Production) -> Outcome:
    """Are numbers whole that were whole in training? Another unit, such as hours for minutes, shows here first."""
    return _judge(production, "not_whole", production.policy.support.not_whole)


def check_range(production: Production) -> Outcome:
    """Do numbers lie within what the model was fitted on? Seconds for minutes are whole numbers, but far outside."""
    return _judge(production, "outside", production.policy.support.outside)


def check_constant(production: Production) -> Outcome:
    """Does every number vary that varied on each day of training? A feed that stands still shows here."""
    return _judge(production, "constant", 0.0)


def _judge(production: Production, question: str, more: float) -> Outcome:
    """Judge the last day by the column that lies furthest beyond its limit; say since which day it is so."""
    days, seen = production.full_days, production.reference.seen
    ask, what = composition.QUESTIONS[question]

    def excess(day: str, sketch: Sketch) -> list[Excess]:
        part = production.coverage.get(day, 1.0)
        return [_widen(one, part) for one in ask(seen, sketch, more)]

    if not days:
        least = production.policy.support.min_rows
        return Outcome("cannot tell", "too few rows", f"{least:,} rows a day", f"No day has {least:,} rows yet.")
    last, sketch = list(days.items())[-1]
    worst = max(excess(last, sketch), default=None)
    if worst is None:
        return Outcome("pass", "nothing to compare", "-", "No column is of this kind, or the package does not say.")
    beyond, name, observed, allowed = worst
    found = f"{name}: {observed:.2%} of {last}"
    said = f"{observed:.2%} of the rows of {name} {what}; at most {allowed:.2%} are allowed."
    said += _partly(production.coverage.get(last, 1.0)) if allowed else ""
    if beyond <= 0:
        return Outcome("pass", found, f"{allowed:.2%}", said)
    wrong = sorted(column for over, column, _, _ in excess(last, sketch) if over > 0 and column != name)
    so = f" So are: {', '.join(wrong[:5])}." if wrong else ""
    next_step = f"Since {_since(list(days.items()), excess)}.{so} Look at what sends or joins {name}."
    return Outcome("fail", found, f"{allowed:.2%}", f"{said} {next_step}")


def _widen(one: Excess, part: float) -> Excess:
    """Allow a part of a day as many rows as the whole day may have; a number that stands still stands still."""
    allowed = one.allowed / part
    return one._replace(beyond=one.observed - allowed, allowed=allowed) if allowed else one


def _partly(part: float) -> str:
    """Say that a limit is that of a part of a day."""
    return (
        ""
        if part > _WHOLE
        else f" The version has {part:.0%} of a day's rows, so the limit is a whole day's over that share."
    )


def _since(days: list[tuple[str, Sketch]], excess: Callable[[str, Sketch], list[Excess]]) -> str:
    """Return the first of the days in a row, up to the last one, that are beyond."""
    since = days[-1][0]
    for day, sketch in reversed(days):
        if not any(over > 0 for over, *_ in excess(day, sketch)):
            break
        since = day
    return since


def _named(production: Production, texts: list[str]) -> str:
    """Name unseen values of the last day that are not rare."""
    if not production.full_days:
        return ""
    sketch = list(production.full_days.values())[-1]
    said = []
    for name in texts:
        found = production.reference.unseen(sketch, name)
        values = [value for value in (found[1] if found else []) if sketch.texts[name].counts[value] >= RARE]
        if values:
            said.append(f"{name}: {', '.join(repr(value[:30]) for value in values[:5])}")
    return f" Never seen: {'; '.join(said)}." if said else ""
