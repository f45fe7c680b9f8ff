"""Is each day made of what the model was fitted on? Shares of rows, without any distribution: cheap, and soon sure."""

from collections.abc import Callable, Iterable

from mainline.gate.checks.outcome import Outcome
from mainline.limits.sketches import RARE, SLACK, Sketch
from mainline.monitoring.production import Production

Excess = tuple[float, str, float, float]
"""How far a column lies beyond its limit, its name, what was observed and the limit, all as shares."""
_WHOLE = 0.01
"""A number of which fewer rows are not whole on each day of training is one of whole numbers."""


def check_missing(production: Production) -> Outcome:
    """Are as many values missing as on the worst day of training, or hardly more?"""
    reference, more = production.reference, production.policy.support.missing
    package = reference.package
    names = [name for name in (*package.numbers, *package.texts) if name in package.profile]

    def excess(day: Sketch) -> Iterable[Excess]:
        for name in names:
            column = day.numbers[name] if name in day.numbers else day.texts.get(name)
            if column is not None:
                allowed = reference.seen.missing(name) + more
                yield column.missing / day.rows - allowed, name, column.missing / day.rows, allowed

    return _judge(production, excess, "have no value")


def check_unseen(production: Production) -> Outcome:
    """Do texts have values that the model was fitted on?"""
    reference, allowed = production.reference, production.policy.support.unseen
    texts = [name for name in reference.package.texts if reference.seen.values(name) is not None]
    if not texts:
        lacking = "no text feature" if not reference.package.texts else "too many values to tell by the profile alone"
        return Outcome("pass", lacking, f"{allowed:.1%}", "Nothing to compare.")

    def excess(day: Sketch) -> Iterable[Excess]:
        for name in texts:
            found = reference.unseen(day, name)
            if found is not None:
                yield found[0] - allowed, name, found[0], allowed

    outcome = _judge(production, excess, "have a value that was never seen")
    return outcome._replace(reason=f"{outcome.reason}{_named(production, texts)}")


def check_whole(production: Production) -> Outcome:
    """Are numbers whole that were whole in training? Another unit, such as hours for minutes, shows here first."""
    reference, more = production.reference, production.policy.support.not_whole
    if reference.earned is None:
        return Outcome("pass", "not compared", "-", "The package does not say what its days were like.")

    def excess(day: Sketch) -> Iterable[Excess]:
        for name, column in day.numbers.items():
            worst = reference.seen.fractional(name)
            if worst is not None and worst <= _WHOLE:
                allowed = worst + more
                yield column.fractional / day.rows - allowed, name, column.fractional / day.rows, allowed

    return _judge(production, excess, "are not whole numbers")


def check_range(production: Production) -> Outcome:
    """Do numbers lie within what the model was fitted on? Seconds for minutes are whole numbers, but far outside."""
    reference, more = production.reference, production.policy.support.outside

    def excess(day: Sketch) -> Iterable[Excess]:
        for name, column in day.numbers.items():
            worst = reference.seen.outside(name)
            if worst is not None:
                yield column.outside / day.rows - worst - more, name, column.outside / day.rows, worst + more

    return _judge(production, excess, f"lie more than {SLACK:.0%} of the range outside of training")


def check_constant(production: Production) -> Outcome:
    """Does every number vary that varied on each day of training? A feed that stands still shows here."""
    reference = production.reference
    if reference.earned is None:
        return Outcome("pass", "not compared", "-", "The package does not say what its days were like.")

    def excess(day: Sketch) -> Iterable[Excess]:
        for name, column in day.numbers.items():
            if reference.seen.varies(name) and sum(column.counts) >= day.rows / 2:
                stuck = float(column.low == column.high)
                yield stuck - 0.5, name, stuck, 0.0

    return _judge(production, excess, "have one and the same value")


def _judge(production: Production, excess: Callable[[Sketch], Iterable[Excess]], what: str) -> Outcome:
    """Judge the last day by the column that lies furthest beyond its limit; say since which day it is so."""
    days = production.full_days
    if not days:
        least = production.policy.support.min_rows
        return Outcome("cannot tell", "too few rows", f"{least:,} rows a day", f"No day has {least:,} rows yet.")
    last, sketch = list(days.items())[-1]
    worst = max(excess(sketch), default=None)
    if worst is None:
        return Outcome("pass", "nothing to compare", "-", "There is no column of this kind.")
    beyond, name, observed, allowed = worst
    found = f"{name}: {observed:.2%} of {last}"
    said = f"{observed:.2%} of the rows of {name} {what}; at most {allowed:.2%} are allowed."
    if beyond <= 0:
        return Outcome("pass", found, f"{allowed:.2%}", said)
    wrong = sorted(column for over, column, _, _ in excess(sketch) if over > 0 and column != name)
    more = f" So are: {', '.join(wrong[:5])}." if wrong else ""
    next_step = f"Since {_since(list(days.items()), excess)}.{more} Look at what sends or joins {name}."
    return Outcome("fail", found, f"{allowed:.2%}", f"{said} {next_step}")


def _since(days: list[tuple[str, Sketch]], excess: Callable[[Sketch], Iterable[Excess]]) -> str:
    """Return the first of the days in a row, up to the last one, that are beyond."""
    since = days[-1][0]
    for day, sketch in reversed(days):
        if not any(over > 0 for over, *_ in excess(sketch)):
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
