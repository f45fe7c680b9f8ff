"""What rows are made of, held to what was there before: shares of rows, without any distribution; cheap and soon sure.

The same questions are asked of a day in production, of a file that is predicted, and of each period of a window.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from mainline.contract import Array, Columns
from mainline.limits import sketches
from mainline.limits.sketches import SLACK, Bins, Numbers, Sketch, Texts

WHOLE = 0.01
"""A number of which fewer rows are not whole on each day of training is one of whole numbers."""
NOTED = 0.001
"""A share that is larger than any before by less is not noted of a period."""
LEAST = 200
"""Rows below which a period says nothing."""
VARIED = 3
"""Periods in which a number varied before it is missed that it does: a week may have two months, and the next one."""
Noted = Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]]
"""By period, question and column: the share that was observed, and the largest one before."""


class Before(Protocol):
    """What was there before: the worst of any day, or period; None if nobody can say."""

    def missing(self, name: str) -> float | None:
        """Return the largest share of rows without a value."""
        ...

    def values(self, name: str) -> frozenset[str] | None:
        """Return the values of a text."""
        ...

    def fractional(self, name: str) -> float | None:
        """Return the largest share of rows whose number is not whole."""
        ...

    def outside(self, name: str) -> float | None:
        """Return the largest share of rows out of the range."""
        ...

    def varies(self, name: str) -> bool:
        """Say whether a number always took several values."""
        ...


class Excess(NamedTuple):
    """How far a column lies beyond its limit, its name, what was observed and the limit, all as shares of rows."""

    beyond: float
    name: str
    observed: float
    allowed: float


def missing(before: Before, now: Sketch, more: float) -> Iterator[Excess]:
    """Are as many values missing as ever, or hardly more?"""
    columns: dict[str, Numbers | Texts] = {**now.numbers, **now.texts}
    for name, column in columns.items():
        yield from _beyond(name, column.missing / now.rows, before.missing(name), more)


def unseen(before: Before, now: Sketch, more: float) -> Iterator[Excess]:
    """Do texts have values that were never there?"""
    for name, column in now.texts.items():
        known = before.values(name)
        if known is not None:
            strange = sum(rows for value, rows in column.counts.items() if value not in known) + column.others
            yield from _beyond(name, strange / now.rows, 0.0, more)


def not_whole(before: Before, now: Sketch, more: float) -> Iterator[Excess]:
    """Are numbers whole that always were? Another unit, such as hours for minutes, shows here first."""
    for name, column in now.numbers.items():
        worst = before.fractional(name)
        if worst is not None and worst <= WHOLE:
            yield from _beyond(name, column.fractional / now.rows, worst, more)


def outside(before: Before, now: Sketch, more: float) -> Iterator[Excess]:
    """Do numbers lie where they always did? Seconds for minutes are whole numbers, but far outside."""
    for name, column in now.numbers.items():
        yield from _beyond(name, column.outside / now.rows, before.outside(name), more)


def constant(before: Before, now: Sketch, _: float) -> Iterator[Excess]:
    """Does every number vary that always did? A feed that stands still shows here."""
    for name, column in now.numbers.items():
        if before.varies(name) and sum(column.counts) >= now.rows / 2:
            stuck = float(column.low == column.high)
            yield Excess(stuck - 0.5, name, stuck, 0.0)


def _beyond(name: str, observed: float, worst: float | None, more: float) -> Iterator[Excess]:
    if worst is not None:
        yield Excess(observed - worst - more, name, observed, worst + more)


Question = Callable[[Before, Sketch, float], Iterator[Excess]]
QUESTIONS: dict[str, tuple[Question, str]] = {
    "missing": (missing, "have no value"),
    "unseen": (unseen, "have a value that was never seen"),
    "not_whole": (not_whole, "are not whole numbers"),
    "outside": (outside, f"lie more than {SLACK:.0%} of the range outside of what was seen"),
    "constant": (constant, "have one and the same value"),
}
"""Each question by the key that declares its limit, with what is said of the rows that are too many."""


@dataclass(frozen=True)
class Periods:
    """The periods before another one, at least one; none of their numbers is out of their own range."""

    parts: Sequence[Sketch]

    def missing(self, name: str) -> float:
        """Return the largest share of rows without a value."""
        return max(_column(part, name).missing / part.rows for part in self.parts)

    def values(self, name: str) -> frozenset[str] | None:
        """Return the values of a text; None if there are more than a sketch names."""
        columns = [part.texts[name] for part in self.parts]
        named = frozenset(value for column in columns for value in column.counts)
        return None if any(column.others for column in columns) else named

    def fractional(self, name: str) -> float:
        """Return the largest share of rows whose number is not whole."""
        return max(part.numbers[name].fractional / part.rows for part in self.parts)

    def outside(self, _: str) -> float:
        """Return 0."""
        return 0.0

    def varies(self, name: str) -> bool:
        """Say whether a number took several values in each of them, and there are enough of them to say so."""
        several = [part.numbers[name].low != part.numbers[name].high for part in self.parts]
        return len(several) >= VARIED and all(several)

    def ends(self, name: str) -> tuple[float, ...]:
        """Return the smallest and the largest number; none if there is no number."""
        known = [end for part in self.parts for end in (part.numbers[name].low, part.numbers[name].high)]
        numbers = [end for end in known if end is not None]
        return (min(numbers), max(numbers)) if numbers else ()


def sketch(columns: Columns) -> Sketch:
    """Sketch n rows of a period by themselves: only what lies outside of other periods is not counted."""
    texts = [name for name, values in columns.items() if values.dtype.kind in "OUS"]
    return sketches.of_columns(columns, None, Bins({name: () for name in columns if name not in texts}, texts, ()))


def note(
    periods: Mapping[str, Sketch], column: Callable[[str, str], Array]
) -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    """Hold each period to those before it; return the shares that are larger than any before, in order of time.

    Args:
        periods: each period's own sketch.
        column: reads a number of a period, shape (n,); asked only if some of them are smaller or larger than before.
    """
    noted: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
    parts: list[Sketch] = []
    for period, alone in periods.items():
        before = Periods(parts)
        if alone.rows < LEAST:
            continue
        now = _beside(alone, before, partial(column, period)) if parts else alone
        for question, (ask, _) in QUESTIONS.items() if parts else ():
            found = {one.name: (one.observed, one.allowed) for one in ask(before, now, 0.0) if one.beyond > NOTED}
            if found:
                noted.setdefault(period, {})[question] = found
        parts.append(now)
    return noted


def _beside(now: Sketch, before: Periods, column: Callable[[str], Array]) -> Sketch:
    """Count what lies outside of the periods before."""
    numbers = {}
    for name, found in now.numbers.items():
        ends = before.ends(name)
        inside = not ends or found.low is None or found.high is None or ends[0] <= found.low <= found.high <= ends[1]
        outside = 0 if inside else sketches.count_outside(column(name).astype(np.float64), ends)
        numbers[name] = found.model_copy(update={"outside": outside})
    return now.model_copy(update={"numbers": numbers})


def _column(sketch: Sketch, name: str) -> Numbers | Texts:
    return sketch.numbers[name] if name in sketch.numbers else sketch.texts[name]
