"""How far a week may lie from what was there before, learned from the window itself: its weeks against their past.

The distance of a column is that of Kolmogorov and Smirnov for numbers, over the bins of the sketch, and total variation
for text, both of known values. How far the shares of missing values lie apart is a distance of its own, since a feature
that is lost has no value left that could move. Each run of days of the window is held to all days before it, as a week
of production will be: the days after it would make it look nearer than any week to come.

The logarithm of a distance is standardized by what the window's own runs had, so that a season which moves a column in
training does not raise an alarm in production; the largest score of a run counts, so that many columns do not raise
more alarms than few. The limit is the smallest with at most the declared number of episodes, an episode being days in
a row beyond it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mainline.contract import Array
from mainline.limits.sketches import Count, Part, Sketch

PROVEN_DAYS = 120
"""Days below which playing back proves no rate of alarms."""
RUNS = 4
"""Runs of days that a window needs; its first part of so many is the least past of a run."""
_LEAST = 1e-4  # the smallest distance whose logarithm counts
_LEAST_MISSING = 0.01  # the same of shares of missing values: below a point nothing is lost
_LEAST_SPREAD = 0.5  # of these; where hardly a value is ever missing, a deviation of nearly 0 would take any for a loss


class Usual(Part):
    """What the window's own runs had by column: mean and deviation of the logarithm of a distance."""

    centre: dict[str, float]
    spread: dict[str, float]


@dataclass(frozen=True)
class Distances:
    """How far two sketches lie apart, 0 to 1, by column: in known values, and in the share of missing ones.

    A column without a known row has no distance of values.
    """

    values: Mapping[str, float]
    missing: Mapping[str, float]


class Limits(Usual):
    """What playing `days` days back allows: the usual distances of values, those of `missing`, and the largest score.

    Packages of before have nothing of missing values.
    """

    missing: Usual | None = None
    largest: float
    episodes: Count
    days: Count

    def scores(self, distances: Distances) -> dict[str, float]:
        """Return how many deviations each column lies above what the window's runs had on average.

        Of its values and of what is missing the one that lies further counts; see `is_missing`.
        """
        scores = self._missing(distances)
        for name, score in _scores(self, distances.values, _LEAST).items():
            scores[name] = max(score, scores.get(name, score))
        return scores

    def is_missing(self, name: str, distances: Distances) -> bool:
        """Say whether it is the share of missing values by which a column lies furthest."""
        missing = self._missing(distances).get(name)
        return missing is not None and missing == self.scores(distances)[name]

    def _missing(self, distances: Distances) -> dict[str, float]:
        return _scores(self.missing, distances.missing, _LEAST_MISSING) if self.missing else {}


class Played(Protocol):
    """What playing back says of itself: the days, and how often they pass the limit."""

    @property
    def days(self) -> int:
        """The days that were played back."""
        ...

    @property
    def episodes(self) -> int:
        """How often they pass the limit."""
        ...


@dataclass(frozen=True)
class _Column:
    """Counts of one column by day and bin, shape (days, bins), and of its missing values, shape (days, 1).

    The bins of a number are in order.
    """

    counts: Array
    missing: Array
    is_number: bool

    @property
    def known(self) -> "_Column":
        """The column whose bins say whether a value is missing."""
        known = self.counts.sum(axis=1, keepdims=True)
        return _Column(np.hstack([self.missing, known]), np.zeros_like(self.missing), is_number=False)

    def distance(self, rows: Array, others: Array) -> Array:
        """Return how far counts, shape (k, bins), lie from others, 0 to 1; NaN where one has no rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            first, second = (counts / counts.sum(axis=1, keepdims=True) for counts in (rows, others))
        if self.is_number:
            return np.asarray(np.abs(np.cumsum(first - second, axis=1)).max(axis=1))
        return np.asarray(np.abs(first - second).sum(axis=1) / 2)


def distances(sketch: Sketch, other: Sketch) -> Distances:
    """Return how far two sketches lie apart."""
    columns = _columns([sketch, other])
    values = {name: _apart(column) for name, column in columns.items()}
    return Distances(
        {name: value for name, value in values.items() if np.isfinite(value)},
        {name: _apart(column.known) for name, column in columns.items()},
    )


def play(days: Sequence[Sketch], length: int, every: int, margin: float = 1.0) -> Limits | None:
    """Play a window back: its first quarter is only the past of the days that follow.

    Args:
        days: a sketch a day.
        length: days of a run.
        every: days for one episode.
        margin: what the limit is multiplied by; episodes are counted without it.

    Returns:
        None with fewer days than those of `RUNS` runs, or if no column ever moves.
    """
    if len(days) < RUNS * length:
        return None
    past = len(days) // RUNS
    columns = _columns(days)
    values = {name: _runs(column, length, past, _LEAST) for name, column in columns.items()}
    values = {name: logs for name, logs in values.items() if np.isfinite(logs).all() and logs.std() > 0}
    if not values:
        return None
    missing = {name: _runs(column.known, length, past, _LEAST_MISSING) for name, column in columns.items()}
    usual, usual_missing = _usual(values, 0), _usual(missing, _LEAST_SPREAD)
    scores = np.max([*_standardized(values, usual), *_standardized(missing, usual_missing)], axis=0)
    played = len(days) - past
    largest, count = limit(scores, max(1, round(played / every)))
    return Limits(
        centre=usual.centre, spread=usual.spread, missing=usual_missing, largest=largest * margin, episodes=count,
        days=played,
    )  # fmt: skip


def proof(played: Played, every: int) -> str:
    """Say how a limit was earned, and how often the window itself passes it."""
    times = "once" if played.episodes == 1 else f"{played.episodes} times"
    said = f"Played back, {played.days} days pass it {times}"
    if played.days >= PROVEN_DAYS:
        return f"{said}; declared is once in {every} days."
    return f"{said}: too few days to prove once in {every} days, {PROVEN_DAYS} are needed."


def limit(scores: Array, allowed: int) -> tuple[float, int]:
    """Return the smallest limit that n scores in a row pass in at most so many episodes, and how many those are.

    Limits are tried from the largest score downwards, and the first one that is passed too often ends the search: far
    below, an alarm that never ends would be one episode again.
    """
    best = float(scores.max())
    for candidate in sorted(set(scores.tolist()), reverse=True):
        if episodes(scores > candidate) > allowed:
            break
        best = candidate
    return best, episodes(scores > best)


def episodes(beyond: Array) -> int:
    """Count the runs of true among n booleans."""
    return int(np.count_nonzero(np.diff(np.concatenate([[0], beyond.astype(np.int8)])) == 1))


def _scores(usual: Usual, distances: Mapping[str, float], least: float) -> dict[str, float]:
    logs = {name: float(np.log(max(value, least))) for name, value in distances.items() if name in usual.centre}
    return {name: (value - usual.centre[name]) / usual.spread[name] for name, value in logs.items()}


def _usual(logs: Mapping[str, Array], least: float) -> Usual:
    """Return mean and deviation of the log distances of the runs; a deviation is at least so large."""
    return Usual(
        centre={name: float(found.mean()) for name, found in logs.items()},
        spread={name: max(float(found.std()), least) for name, found in logs.items()},
    )


def _standardized(logs: Mapping[str, Array], usual: Usual) -> Iterable[Array]:
    return ((found - usual.centre[name]) / usual.spread[name] for name, found in logs.items())


def _apart(column: _Column) -> float:
    """Return how far the first day of two lies from the second."""
    return float(column.distance(column.counts[:1], column.counts[1:])[0])


def _runs(column: _Column, length: int, past: int, least: float) -> Array:
    """Return the log distance of each run of days from all days before it, at least `past`, oldest run first."""
    summed = np.cumsum(np.vstack([np.zeros((1, column.counts.shape[1])), column.counts]), axis=0)
    before = summed[past:-length]
    runs = summed[past + length :] - before
    return np.log(np.maximum(column.distance(runs, before), least))


def _columns(days: Sequence[Sketch]) -> dict[str, _Column]:
    """Return the counts by column that all days have; texts beyond the named ones are one bin."""
    numbers = {
        name: _column([day.numbers[name].counts for day in days], [day.numbers[name].missing for day in days], True)
        for name in days[0].numbers
        if all(name in day.numbers for day in days)
    }
    texts = {}
    for name in (name for name in days[0].texts if all(name in day.texts for day in days)):
        values = sorted({value for day in days for value in day.texts[name].counts})
        counts = [[*(day.texts[name].counts.get(value, 0) for value in values), day.texts[name].others] for day in days]
        texts[name] = _column(counts, [day.texts[name].missing for day in days], False)
    return numbers | texts


def _column(counts: Sequence[Sequence[int]], missing: Sequence[int], is_number: bool) -> _Column:
    return _Column(np.array(counts, np.float64), np.array(missing, np.float64)[:, None], is_number)
