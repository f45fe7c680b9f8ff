"""How far a week may lie from what was there before, learned from the window itself: its weeks against their past.

The distances of a column are those of `distances`, of its known values and of how many are missing, since a feature
that is lost has no value left that could move. Each run of days of the window is held to all days before it, as a week
of production will be: the days after it would make it look nearer than any week to come. So are the last days of each
run, which feel a change sooner.

The logarithm of a distance is standardized by what the window's own runs had, so that a season which moves a column in
training does not raise an alarm in production; the largest score of a run counts, so that many columns do not raise
more alarms than few. The limit is the smallest with at most the declared number of episodes, an episode being days in
a row beyond it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from mainline.contract import Array
from mainline.limits import distances
from mainline.limits.distances import Column, Distances, Kind
from mainline.limits.sketches import Count, Part, Sketch

PROVEN_DAYS = 120
"""Days below which playing back proves no rate of alarms."""
RUNS = 4
"""Runs of days that a window needs; its first part of so many is the least past of a run."""
RECENT_DAYS = 3
"""The last days of a longer run that are also measured alone."""
_LEAST = 1e-4  # the smallest distance whose logarithm counts
_LEAST_MISSING = 0.01  # the same of shares of missing values: below a point nothing is lost
_LEAST_SPREAD = 0.4  # of these: a dozen weeks that happen to be alike would take the next one for a change


class Score(NamedTuple):
    """How many deviations a column lies above what the window's runs had on average, and by which distance.

    That is the distance of its known values, or of missing ones, in a whole run or in its last days.
    """

    score: float
    distance: float
    is_missing: bool
    is_recent: bool


class Usual(Part):
    """What the window's own runs had by column: mean and deviation of the logarithm of a distance."""

    centre: dict[str, float]
    spread: dict[str, float]


class Played(Usual):
    """The same of known values, and of missing ones; packages of before have nothing of these."""

    missing: Usual | None = None

    def pieces(self, far: Distances, is_recent: bool) -> Iterator[tuple[str, Score]]:
        """Yield the scores of each column that was played back."""
        yield from _scores(self, far.values, _LEAST, False, is_recent)
        if self.missing is not None:
            yield from _scores(self.missing, far.missing, _LEAST_MISSING, True, is_recent)


class Limits(Played):
    """What playing `days` days back allows: the usual distances of a run and of its last days, and the largest score.

    `distance` says how they were measured; packages of before do not, and have nothing of the last days.
    """

    distance: Kind = "kolmogorov"
    recent: Played | None = None
    largest: float
    episodes: Count
    days: Count

    def scores(self, run: Distances, recent: Distances | None = None) -> dict[str, Score]:
        """Return by column the distance that is the furthest, of a run of days and of its last ones."""
        pieces = list(self.pieces(run, is_recent=False))
        if self.recent is not None and recent is not None:
            pieces += self.recent.pieces(recent, is_recent=True)
        found: dict[str, Score] = {}
        for name, score in pieces:
            found[name] = max(score, found.get(name, score))
        return found


class Proof(Protocol):
    """What playing back says of itself: the days, and how often they pass the limit."""

    @property
    def days(self) -> int:
        """The days that were played back."""
        ...

    @property
    def episodes(self) -> int:
        """How often they pass the limit."""
        ...


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
    columns = distances.by_name(days)
    run, scores = _play(columns, length, length, past)
    if not run.centre:
        return None
    recent = None
    if length > RECENT_DAYS:
        recent, more = _play(columns, length, RECENT_DAYS, past)
        scores = np.maximum(scores, more)
    played = len(days) - past
    largest, count = limit(scores, max(1, round(played / every)))
    return Limits(
        centre=run.centre, spread=run.spread, missing=run.missing, distance="kuiper", recent=recent,
        largest=largest * margin, episodes=count, days=played,
    )  # fmt: skip


def proof(played: Proof, every: int) -> str:
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


def _play(columns: Mapping[str, Column], length: int, last: int, past: int) -> tuple[Played, Array]:
    """Play the last days of each run back; return what is usual, and the largest score of each run."""
    values = {name: _runs(column, length, last, past, _LEAST) for name, column in columns.items()}
    values = {name: logs for name, logs in values.items() if np.isfinite(logs).all() and np.ptp(logs) > 0}
    missing = {name: _runs(column.known, length, last, past, _LEAST_MISSING) for name, column in columns.items()}
    usual, of_missing = _usual(values), _usual(missing)
    scores = np.max([*_standardized(values, usual), *_standardized(missing, of_missing)], axis=0)
    return Played(centre=usual.centre, spread=usual.spread, missing=of_missing), scores


def _scores(
    usual: Usual, found: Mapping[str, float], least: float, is_missing: bool, is_recent: bool
) -> Iterator[tuple[str, Score]]:
    for name, distance in found.items():
        if name in usual.centre:
            score = (float(np.log(max(distance, least))) - usual.centre[name]) / usual.spread[name]
            yield name, Score(score, distance, is_missing, is_recent)


def _usual(logs: Mapping[str, Array]) -> Usual:
    """Return mean and deviation of the log distances of the runs."""
    return Usual(
        centre={name: float(found.mean()) for name, found in logs.items()},
        spread={name: max(float(found.std()), _LEAST_SPREAD) for name, found in logs.items()},
    )


def _standardized(logs: Mapping[str, Array], usual: Usual) -> Iterable[Array]:
    return ((found - usual.centre[name]) / usual.spread[name] for name, found in logs.items())


def _runs(column: Column, length: int, last: int, past: int, least: float) -> Array:
    """Return the log distance of the last days of each run of days from all days before the run, oldest run first.

    Before the oldest run there are `past` days.
    """
    summed = np.cumsum(np.vstack([np.zeros((1, column.counts.shape[1])), column.counts]), axis=0)
    before = summed[past:-length]
    ends = summed[past + length :]
    runs = ends - summed[past + length - last : len(summed) - last]
    return np.log(np.maximum(column.distance(runs, before, "kuiper"), least))
