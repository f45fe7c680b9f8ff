"""Are rows made of what the model was fitted on? Shares of rows, without any distribution: cheap, and soon sure.

The same checks, in the same words, for each day of production and for a file that is predicted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from mainline.declared.monitoring import Severities, Support
from mainline.gate.checks.outcome import Outcome, bounded, soften
from mainline.gate.findings import Check
from mainline.limits import composition, sketches
from mainline.limits.composition import Excess
from mainline.limits.experience import Seen
from mainline.limits.sketches import PREDICTION, RARE, Numbers, Sketch

_WHOLE = 0.95
"""A day of which this share stands is called a whole one."""


@dataclass(frozen=True)
class Rows:
    """The days with enough rows to say something, oldest first, or a file by its name; and what they are held to.

    `coverage` is the share of a whole day that stands in each day; one that is not named is whole. `small` counts the
    whole days since the last of these that had rows, and too few of them; `varied` says that predictions took several
    values on each day of the test.
    """

    days: Mapping[str, Sketch]
    before: Seen
    declared: Support
    coverage: Mapping[str, float] = field(default_factory=dict)
    small: int = 0
    varied: bool = False
    unit: Literal["day", "file"] = "day"


def check_missing(rows: Rows) -> Outcome:
    """Are as many values missing as on the worst day of training, or hardly more?"""
    return _judge(rows, "missing")


def check_unseen(rows: Rows) -> Outcome:
    """Do texts have values that the model was fitted on?"""
    allowed, last = rows.declared.unseen, _last(rows)
    watched = list(last[1].texts) if last else []
    texts = [name for name in watched if rows.before.values(name) is not None]
    if last and not texts:
        lacking = "no text feature" if not watched else "too many values to tell by the profile alone"
        return Outcome("pass", lacking, f"{allowed:.1%}", "Nothing to compare.")
    outcome = _judge(rows, "unseen")
    return outcome._replace(reason=f"{outcome.reason}{_named(rows, texts)}")


def check_whole(rows: Rows) -> Outcome:
    """Are numbers whole that were whole in training? Another unit, such as hours for minutes, shows here first."""
    return _judge(rows, "not_whole")


def check_range(rows: Rows) -> Outcome:
    """Do numbers lie within what the model was fitted on? Seconds for minutes are whole numbers, but far outside."""
    return _judge(rows, "outside")


def check_constant(rows: Rows) -> Outcome:
    """Do numbers vary that varied on each day of training, and predictions? A feed that stands still shows here."""
    return _judge(rows, "constant")


CHECKS: tuple[tuple[str, Literal["support", "range"], str, Callable[[Rows], Outcome]], ...] = (
    ("missing values", "support", "missing", check_missing),
    ("unseen values", "support", "unseen", check_unseen),
    ("whole numbers", "support", "not_whole", check_whole),
    ("range of numbers", "range", "outside", check_range),
    ("constant values", "support", "constant", check_constant),
)
"""Each with the key of `monitoring.severity` that says whether it is an alarm, and the question that it asks, as
`monitoring.support` names its limit."""


def run(rows: Rows, severity: Severities) -> list[Check]:
    """Run every check of support; one that is only reported warns where an alarm would fail."""
    return [bounded(name, "data", soften(check(rows), getattr(severity, kind))) for name, kind, _, check in CHECKS]


def _last(rows: Rows) -> tuple[str, Sketch] | None:
    """Return the day that is judged, or the file; None if none has enough rows."""
    return next(reversed(list(rows.days.items())), None)


def follow(rows: Rows, check: str) -> dict[str, Excess]:
    """Return by day the share of the column that a check judges by, the last day's furthest beyond its limit.

    There is nothing if the check is not one of these, or no column is of its kind.
    """
    question, last = next((asked for name, _, asked, _ in CHECKS if name == check), ""), _last(rows)
    worst = max(_excess(rows, question, *last), default=None) if question and last else None
    if worst is None:
        return {}
    days = {day: _excess(rows, question, day, sketch) for day, sketch in rows.days.items()}
    return {day: one for day, found in days.items() for one in found if one.name == worst.name}


def _excess(rows: Rows, question: str, day: str, sketch: Sketch) -> list[Excess]:
    """Return how far each column lies beyond its limit, which is wider for a part of a day."""
    ask, _ = composition.QUESTIONS[question]
    part = rows.coverage.get(day, 1.0)
    found = [_widen(one, part) for one in ask(rows.before, sketch, getattr(rows.declared, question, 0.0))]
    if question == "constant" and rows.varied and isinstance(sketch.predicted, Numbers):
        stuck = float(sketch.predicted.low is not None and sketch.predicted.low == sketch.predicted.high)
        found.append(Excess(stuck - 0.5, PREDICTION, stuck, 0.0))
    return found


def _judge(rows: Rows, question: str) -> Outcome:
    """Judge the last day by the column that lies furthest beyond its limit; say since which day it is so."""
    what, excess = composition.QUESTIONS[question][1], partial(_excess, rows, question)
    last = _last(rows)
    if last is None:
        least, unit = rows.declared.min_rows, rows.unit
        remedy = "if fewer are usual, lower `monitoring.support.min_rows` in deploy/."
        said = f"No {unit} has {least:,} rows yet; {remedy}"
        return Outcome("cannot tell", "too few rows", f"{least:,} rows a {unit}", said)
    day, sketch = last
    worst = max(excess(day, sketch), default=None)
    if worst is None:
        return Outcome("pass", "nothing to compare", "-", "No column is of this kind, or the package does not say.")
    beyond, name, observed, allowed = worst
    found = f"{name}: {observed:.2%} of {day}"
    found += f", the last day with {rows.declared.min_rows:,} rows" if rows.small else ""
    said = f"{observed:.2%} of the rows of {name} {what}; at most {allowed:.2%} are allowed."
    said += _partly(rows.coverage.get(day, 1.0)) if allowed else ""
    if beyond <= 0:
        return Outcome("pass", found, f"{allowed:.2%}", said)
    wrong = sorted(column for over, column, _, _ in excess(day, sketch) if over > 0 and column != name)
    so = f" So are: {', '.join(wrong[:5])}." if wrong else ""
    since = f" Since {_since(rows.days, excess)}." if rows.unit == "day" else ""
    place = "the requests and at the package" if name == PREDICTION else f"what sends or joins {name}"
    next_step = f"{since}{so} Look at {place}."
    return Outcome("fail", found, f"{allowed:.2%}", f"{said}{next_step}")


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


def _since(days: Mapping[str, Sketch], excess: Callable[[str, Sketch], list[Excess]]) -> str:
    """Return the first of the days in a row, up to the last one, that are beyond."""
    since = ""
    for day, sketch in reversed(list(days.items())):
        if not any(over > 0 for over, *_ in excess(day, sketch)):
            break
        since = day
    return since


def _named(rows: Rows, texts: list[str]) -> str:
    """Name unseen values that are not rare on the last day, or on all days together since which there are too many."""
    last = _last(rows)
    if last is None:
        return ""
    since = _since(rows.days, partial(_excess, rows, "unseen")) or last[0]
    sketch = sketches.add([one for day, one in rows.days.items() if day >= since])
    said = []
    for name in texts:
        found = rows.before.unseen(sketch, name)
        values = [value for value in (found[1] if found else []) if sketch.texts[name].counts[value] >= RARE]
        if values:
            said.append(f"{name}: {', '.join(repr(value[:30]) for value in values[:5])}")
    return f" Never seen: {'; '.join(said)}." if said else ""
