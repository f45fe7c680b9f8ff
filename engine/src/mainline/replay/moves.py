"""How many answers moved, in which segments, and the requests that moved most: what a document says of two answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from mainline.contract import Array
from mainline.data import columns as typed
from mainline.declared.replay import Replay as Policy
from mainline.limits.sketches import RARE
from mainline.model.metrics import Scorer
from mainline.monitoring.packages import Packaged
from mainline.replay import masking
from mainline.replay.answers import Answered
from mainline.replay.finding import FIELDS, ROWS, SEGMENTS, Given, Row, Segment
from mainline.report.figures import UNKNOWN, number

_LONGEST = 60


@dataclass(frozen=True)
class Moves:
    """By how far n answers moved, shape (n,), and which moved by more than declared, crossed a decision, or are none.

    Of classes it is the total variation distance, see `package.responses`, which has no sign: `shift` is then empty.
    """

    distance: Array
    shift: Array
    moved: Array
    crossed: Array
    invalid: Array


def measure(answered: Answered, scorers: tuple[Scorer, Scorer], amount: float, threshold: float | None) -> Moves:
    """Compare the answers of candidate and other version.

    Args:
        answered: both.
        scorers: the metrics of each, which know from where on a class is said.
        amount: how far an answer may move.
        threshold: where a decision by a number changes; None for none.
    """
    new, old = answered.candidate, answered.against
    shift = new - old
    distance = np.abs(shift) if shift.ndim == 1 else np.abs(shift).sum(axis=1) / 2
    said = [own.say(answers) for own, answers in zip(scorers, (new, old), strict=True)]
    if len(said[0]):
        crossed = said[0] != said[1]
    else:
        crossed = np.zeros(len(new), bool) if threshold is None else (new >= threshold) != (old >= threshold)
    return Moves(
        distance=distance, shift=shift if shift.ndim == 1 else np.zeros(0), moved=~(distance <= amount),
        crossed=crossed, invalid=np.asarray(~np.isfinite(new.reshape(len(new), -1)).all(axis=1)),
    )  # fmt: skip


def segments(
    moves: Moves, answered: Answered, candidate: Packaged, hidden: Collection[str], least: int
) -> list[Segment]:
    """Return the segments with enough requests in which most answers moved, by share; none of a hidden field."""
    found: list[Segment] = []
    columns = masking.segments(candidate.segments(answered.request), answered.request, hidden)
    for column, values in columns.items():
        names, place, requests = np.unique(values.astype("U"), return_inverse=True, return_counts=True)
        moved, crossed = (np.bincount(place, which, len(names)).astype(int) for which in (moves.moved, moves.crossed))
        found += [
            Segment(
                column=column[:120], value=str(names[at])[:120], requests=int(requests[at]), moved=int(moved[at]),
                crossed=int(crossed[at]), shift=_mean(moves.shift[place == at]) if len(moves.shift) else None,
            )
            for at in np.flatnonzero((requests >= max(least, RARE)) & (moved + crossed > 0))
        ]  # fmt: skip
    found.sort(key=lambda one: (-one.moved / one.requests, -one.crossed / one.requests, one.column, one.value))
    return found[:SEGMENTS]


def rows(
    moves: Moves, answered: Answered, candidate: Packaged, hidden: Collection[str], actual: Array | None, policy: Policy
) -> list[Row]:
    """Return the different requests that moved most, without what is hidden; only those that moved or crossed."""
    columns = masking.shown(answered.request, [field.name for field in candidate.request], hidden)
    fields = [field for field in candidate.request if field.name in columns]
    order = np.lexsort((np.arange(len(moves.moved)), -np.nan_to_num(moves.distance, nan=np.inf), ~moves.moved))
    found: dict[tuple[str, ...], Row] = {}
    for place in order:
        if len(found) >= min(policy.rows, ROWS) or not (moves.moved[place] or moves.crossed[place]):
            break
        (request,) = typed.to_rows({name: values[[place]] for name, values in columns.items()}, fields) or ({},)
        given = [Given(field=name[:120], value=_cut(value)) for name, value in request.items()][:FIELDS]
        row = Row(
            before=_said(answered.against[place], candidate), after=_said(answered.candidate[place], candidate),
            truth=UNKNOWN if actual is None else _true(actual[place], candidate), request=given,
        )  # fmt: skip
        found.setdefault((row.before, row.after, *(one.value for one in given)), row)
    return list(found.values())


def _mean(shift: Array) -> float | None:
    known = shift[np.isfinite(shift)]
    return float(known.mean()) if len(known) else None


def _cut(value: object) -> str:
    text = number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _said(answer: Array, package: Packaged) -> str:
    """Write an answer: a number, or the class that is said with its probability."""
    if not package.classes:
        return number(float(answer)) if np.isfinite(answer) else str(answer)
    place = int(np.argmax(answer))
    return _cut(f"{package.classes[place]} {number(float(answer[place]), 2)}")


def _true(actual: float, package: Packaged) -> str:
    names: Mapping[int, object] = dict(enumerate(package.manifest.get("classes", ())))
    if np.isnan(actual):
        return UNKNOWN
    if package.manifest["task"] == "classification":  # of two classes, 0 or 1
        return f"{actual:g}"
    return _cut(names.get(int(actual), number(float(actual))) if names else number(float(actual)))
