"""How far a week may lie from the rest, learned from the window itself: each run of days against all other days.

The distance of a column is that of Kolmogorov and Smirnov for numbers, over the bins of the sketch, and total variation
for text. Its logarithm is standardized by what the window's own runs had, so that a season which moves a column in
training does not raise an alarm in production; the largest column of a run counts, so that many columns do not raise
more alarms than few. The limit is the smallest with at most the declared number of episodes, an episode being days in
a row beyond it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mainline.contract import Array
from mainline.limits.sketches import Count, Part, Sketch

PROVEN_DAYS = 120
"""Days below which playing back proves no rate of alarms."""
_LEAST = 1e-4  # the smallest distance whose logarithm counts


class Limits(Part):
    """What playing `days` days back allows: mean and deviation of each column's log distance, and the largest score."""

    centre: dict[str, float]
    spread: dict[str, float]
    largest: float
    episodes: Count
    days: Count

    def scores(self, distances: Mapping[str, float]) -> dict[str, float]:
        """Return how many deviations each distance lies above what the window's runs had on average."""
        logs = {name: float(np.log(max(value, _LEAST))) for name, value in distances.items() if name in self.centre}
        return {name: (value - self.centre[name]) / self.spread[name] for name, value in logs.items()}


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
    """Counts of one column by day and bin, shape (days, bins); the bins of a number are in order."""

    counts: Array
    is_number: bool

    def distance(self, rows: Array, others: Array) -> Array:
        """Return how far counts, shape (k, bins), lie from others, 0 to 1; NaN where one has no rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            first, second = (counts / counts.sum(axis=1, keepdims=True) for counts in (rows, others))
        if self.is_number:
            return np.asarray(np.abs(np.cumsum(first - second, axis=1)).max(axis=1))
        return np.asarray(np.abs(first - second).sum(axis=1) / 2)


def distances(sketch: Sketch, other: Sketch) -> dict[str, float]:
    """Return how far two sketches lie apart in each column, 0 to 1; columns without a known row are left out."""
    columns = _columns([sketch, other])
    found = {name: float(column.distance(column.counts[:1], column.counts[1:])[0]) for name, column in columns.items()}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def play(days: Sequence[Sketch], length: int, every: int, margin: float = 1.0) -> Limits | None:
    """Play a window back.

    Args:
        days: a sketch a day.
        length: days of a run.
        every: days for one episode.
        margin: what the limit is multiplied by; episodes are counted without it.

    Returns:
        None with fewer days than twice the length.
    """
    if len(days) < 2 * length:
        return None
    played = {name: _runs(column, length) for name, column in _columns(days).items()}
    logs = {name: found for name, found in played.items() if np.isfinite(found).all() and found.std() > 0}
    if not logs:
        return None
    scores = np.max([(found - found.mean()) / found.std() for found in logs.values()], axis=0)
    largest, count = limit(scores, max(1, len(days) // every))
    centre = {name: float(found.mean()) for name, found in logs.items()}
    spread = {name: float(found.std()) for name, found in logs.items()}
    return Limits(centre=centre, spread=spread, largest=largest * margin, episodes=count, days=len(days))


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


def _runs(column: _Column, length: int) -> Array:
    """Return the log distance of each run of days from all other days, shape (days - length + 1,)."""
    summed = np.cumsum(np.vstack([np.zeros((1, column.counts.shape[1])), column.counts]), axis=0)
    runs = summed[length:] - summed[:-length]
    return np.log(np.maximum(column.distance(runs, column.counts.sum(axis=0) - runs), _LEAST))


def _columns(days: Sequence[Sketch]) -> dict[str, _Column]:
    """Return the counts of known rows by column that all days have; texts beyond the named ones are one bin."""
    numbers = {
        name: _Column(np.array([day.numbers[name].counts for day in days], np.float64), True)
        for name in days[0].numbers
        if all(name in day.numbers for day in days)
    }
    texts = {}
    for name in (name for name in days[0].texts if all(name in day.texts for day in days)):
        values = sorted({value for day in days for value in day.texts[name].counts})
        counts = [[*(day.texts[name].counts.get(value, 0) for value in values), day.texts[name].others] for day in days]
        texts[name] = _Column(np.array(counts, np.float64), False)
    return numbers | texts
