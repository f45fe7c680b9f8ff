"""Episodes of alarms in a life, and whether they told anything of the days to come.

An alarm is a statement about a window of days. It was true if the next window, of which it has no day, is beyond the
limit as well, be it without the limit's margin; what is gone in the next window was chance. Days in a row are one
episode, and so are days with less than `monitoring.quiet_days` between them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import ceil
from typing import Any, Literal

import numpy as np

from mainline.backtest import day_numbers
from mainline.backtest.lessons import History
from mainline.backtest.policies import Lived, period_of
from mainline.contract import Array

Truth = Literal["true", "false", "too late to tell"]
BEFORE, AFTER = 28, 28
"""Days in which the begin of a change is looked for, and in which a newer model would have served."""


@dataclass(frozen=True)
class Episode:
    """Days of a version on which checks failed: when it was known and until when, what failed, and if it was true.

    `delay` is how many days after the change it was known, the change being where a step fits the daily mean error
    best; None if it was not true or has no mean error. `newer` says what a newer model would have done in its place.
    `is_earned` tells limits that a package earned from declared ones, which `monitor.margin` does not move.
    """

    version: str
    known: date
    last: date
    checks: tuple[str, ...]
    observed: str
    truth: Truth
    delay: int | None
    newer: str
    is_earned: bool


class Alarms:
    """The alarms of quality and of support in one life."""

    def __init__(self, history: History, lived: Lived) -> None:
        """Take the history, and the policy as it was lived."""
        self._history, self._work, self._lived = history, history.work, lived
        self._policy = history.plan.environment.monitoring
        self._length = history.plan.params.monitor.window_days

    @property
    def days(self) -> int:
        """The days that were lived."""
        return len(self._lived.serving)

    @property
    def allowed(self) -> float:
        """False alarms of quality that are declared for so many days."""
        return self.days / self._history.plan.params.monitor.false_alarms_every_days

    @cached_property
    def quality(self) -> list[Episode]:
        """Episodes of quality, known once labels are there."""
        wait = ceil(self._policy.labels.after / 86_400)
        return [self._episode(days, wait) for days in self._runs("quality")]

    @cached_property
    def support(self) -> list[tuple[date, date, dict[str, str]]]:
        """Episodes in which rows were unlike training: first and last day, and what was observed."""
        return [(run[0][0], run[-1][0], {name: said for _, failed in run for name, said in failed.items()})
                for run in self._runs("support")]  # fmt: skip

    def _runs(self, kind: str) -> Iterator[list[tuple[date, dict[str, str]]]]:
        """Yield the days of each episode with what failed."""
        run: list[tuple[date, dict[str, str]]] = []
        for day, version in self._lived.serving.items():
            found = self._whole(day) if kind == "quality" else self._of(version, day)
            failed = dict(found[kind]) if found else {}
            if run and (
                (day - run[-1][0]).days > self._policy.quiet_days or version != self._lived.serving[run[-1][0]]
            ):
                yield run
                run = []
            if failed:
                run.append((day, failed))
        if run:
            yield run

    def _whole(self, day: date) -> dict[str, Any] | None:
        """Return what was seen on a day whose window is of the version that serves; None without."""
        version, begun = self._lived.serving[day], day - timedelta(self._length - 1)
        return self._of(version, day) if self._lived.serving.get(begun) == version else None

    def _of(self, version: str, day: date) -> dict[str, Any] | None:
        period = period_of(self._history.plan.lived, day)
        if period is None:
            return None
        number = day_numbers.of(day)
        return next((one for one in self._work.watched(version, period) if one["day"] == number), None)

    def _episode(self, days: list[tuple[date, dict[str, str]]], wait: int) -> Episode:
        first, failed = days[0]
        version, known = self._lived.serving[first], first + timedelta(wait + 1)
        names = tuple(dict.fromkeys(name for _, found in days for name in found))
        truth = self._truth(version, first + timedelta(self._length))
        changed = self._change(version, first) if truth == "true" else None
        return Episode(
            version, known, days[-1][0] + timedelta(wait + 1), names, next(iter(failed.values())), truth,
            None if changed is None else (known - changed).days, self._newer(version, known),
            self._reach(version, first) > 0,
        )  # fmt: skip

    def _reach(self, version: str, day: date) -> float:
        """Return the share of earned limits that was reached on a day; 0 if none were earned."""
        found = self._of(version, day)
        return float(found["reach"]) if found else 0.0

    def _truth(self, version: str, day: date) -> Truth:
        found = self._of(version, day)
        if found is None:
            return "too late to tell"
        beyond = found["reach"] * self._history.plan.params.monitor.margin > 1
        return "true" if beyond or found["quality"] else "false"

    def _change(self, version: str, day: date) -> date | None:
        """Return the day from which the mean error of the days before an alarm fits a step best, by least squares."""
        columns = self._history.span(version, day - timedelta(BEFORE - 1), day)
        if not columns or columns["predicted"].ndim > 1:
            return None
        days, place = np.unique(columns["day"], return_inverse=True)
        mean = np.bincount(place, columns["predicted"] - columns["actual"]) / np.bincount(place)
        return date(1970, 1, 1) + timedelta(int(days[step(mean)]))

    def _newer(self, version: str, known: date) -> str:
        """Say what the newest model of then would have done in the weeks after, in the place of the one that served."""
        newest = self._history.newest(known)
        if newest == version:
            return "nothing newer"
        last = known + timedelta(AFTER - 1)
        ours, other = (self._history.span(name, known, last) for name in (newest, version))
        if not ours or not other:
            return "too late to tell"
        return self._history.conclusion(self._history.compare(ours, other))


def step(values: Array) -> int:
    """Return where n values are best cut into two parts with a mean each: the place of the second part's first."""
    if len(values) < 2:
        return 0
    errors = [values[:cut].var() * cut + values[cut:].var() * (len(values) - cut) for cut in range(1, len(values))]
    return int(np.argmin(errors)) + 1
