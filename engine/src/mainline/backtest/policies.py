"""Policies of retraining, each lived day by day: what starts a retraining, what the gate says of it, and who serves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

from mainline import periods
from mainline.backtest import day_numbers
from mainline.backtest.work import Work
from mainline.declared.monitoring import Retrain

DAY = 86_400.0


@dataclass(frozen=True)
class Attempt:
    """A retraining: on which day, why, through which period, against which version, and what the gate said."""

    day: date
    reason: str
    through: str
    against: str
    judged: dict[str, Any]
    released: bool


@dataclass(frozen=True)
class Lived:
    """A policy as it was lived: who served on each day, by the last period of its window, and every retraining."""

    name: str
    serving: dict[date, str]
    attempts: tuple[Attempt, ...]

    @property
    def released(self) -> int:
        """How many retrainings were released."""
        return sum(attempt.released for attempt in self.attempts)


Reason = Callable[["Life"], str]
"""Says why a retraining is due at the beginning of a day; '' if it is not."""


@dataclass
class Life:
    """Where a life stands at the beginning of a day: the version that serves, since when, and what monitoring knows."""

    work: Work
    today: date
    serving: str
    since: date

    @property
    def retrain(self) -> Retrain:
        """What is declared of retraining."""
        return self.work.plan.environment.monitoring.retrain

    @property
    def age(self) -> int:
        """Days since the newest period of the window ended."""
        return (self.today - periods.span(self.serving)[1]).days

    def seen(self, kind: str, delay: float) -> dict[str, str]:
        """Return what failed on the newest day whose verdict is known, given the seconds until labels are there."""
        day = self.today - timedelta(ceil(delay / DAY) + 1)
        length = self.work.plan.params.monitor.window_days
        begun = day - timedelta(length - 1) if kind != "support" else day
        if begun < self.since:
            return {}
        period = period_of(self.work.plan.lived, day)
        if period is None or periods.count(period) <= periods.count(self.serving):
            return {}
        number = day_numbers.of(day)
        looked = self.work.watched(self.serving, period)
        return next((dict(one[kind]) for one in looked if one["day"] == number), {})


def each_period(life: Life) -> str:
    """Retrain whenever a period is over."""
    return f"{newest(life.work.plan.candidates, life.today)} is over"


def on_age(life: Life) -> str:
    """Retrain once the newest data are as old as is declared."""
    return f"the newest data are {life.age} days old" if life.age >= life.retrain.age_days else ""


def on_quality(life: Life) -> str:
    """Retrain on an alarm of quality."""
    failed = life.seen("quality", life.work.plan.environment.monitoring.labels.after)
    return ", ".join(failed)


def on_drift(life: Life) -> str:
    """Retrain when features or predictions drift."""
    return ", ".join(life.seen("drift", 0))


def never(_: Life) -> str:
    """Keep the first version."""
    return ""


POLICIES: dict[str, Reason] = {
    "never": never,
    "each period": each_period,
    "on age": on_age,
    "on quality": on_quality,
    "on drift": on_drift,
}


def live(work: Work, name: str, is_gated: bool = True) -> Lived:
    """Live the plan by one policy; without the gate, every candidate is released."""
    plan, due = work.plan, POLICIES[name]
    first = plan.candidates[0]
    begins, ends = periods.span(plan.lived[0])[0], periods.span(plan.lived[-1])[1]
    life = Life(work, begins, first, begins)
    serving: dict[date, str] = {}
    released, attempts = [first], list[Attempt]()
    while life.today < ends:
        candidate = newest(plan.candidates, life.today)
        tried = attempts[-1].through if attempts else first
        is_new = periods.count(candidate) > max(periods.count(tried), periods.count(life.serving))
        days = (periods.span(candidate)[1] - periods.span(life.serving)[1]).days
        cooled = not attempts or (life.today - attempts[-1].day).days >= life.retrain.cool_down_days
        if is_new and cooled and days >= life.retrain.min_new_days and (reason := due(life)):
            judged = work.judged(candidate, released)
            passed = not is_gated or judged["verdict"] in ("pass", "warn")
            attempts.append(Attempt(life.today, reason, candidate, life.serving, judged, passed))
            if passed:
                life.serving, life.since = candidate, life.today
                released.append(candidate)
        serving[life.today] = life.serving
        life.today += timedelta(1)
    return Lived(name if is_gated else f"{name}, no gate", serving, tuple(attempts))


def newest(candidates: Sequence[str], today: date) -> str:
    """Return the newest candidate whose window was over at the beginning of a day."""
    return [one for one in candidates if periods.span(one)[1] <= today][-1]


def period_of(among: Sequence[str], day: date) -> str | None:
    """Return the period that holds a day; None if none does."""
    return next((one for one in among if periods.span(one)[0] <= day < periods.span(one)[1]), None)
