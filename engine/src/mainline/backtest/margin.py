"""The margin of earned limits with which alarms of quality would have come at the declared rate.

A life has few days with limits that are earned: a version's window must be long enough, and each life sees a day by one
version. So every candidate with such limits is watched on all days after its window, whether it served then or not. The
days are the same for all of them, so it is a rate over versions, and not so many independent days.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mainline import periods
from mainline.backtest.lessons import History
from mainline.contract import Array
from mainline.limits import playback


@dataclass(frozen=True)
class Rate:
    """Days on which candidates were watched by earned limits, and how often these were passed.

    `margin` is the least one, of limits that were earned with `declared`, with which they would have been passed at
    most `allowed` times; None if too few days were watched.
    """

    candidates: int
    days: int
    episodes: int
    allowed: float
    declared: float
    margin: float | None


def pairs(history: History) -> list[tuple[str, str]]:
    """Return each candidate with each lived period after its window."""
    plan = history.plan
    return [
        (through, period) for through in plan.candidates for period in plan.lived
        if periods.count(period) > periods.count(through)
    ]  # fmt: skip


def measure(history: History) -> Rate:
    """Watch every candidate, and find the margin."""
    monitor = history.plan.params.monitor
    reach: dict[str, list[float]] = {}
    for through, period in pairs(history):
        found = [float(day["reach"]) for day in history.work.watched(through, period)]
        reach.setdefault(through, []).extend(found)
    return of_reach([np.array(one) for one in reach.values()], monitor.false_alarms_every_days, monitor.margin)


def of_reach(reach: Sequence[Array], every: int, declared: float) -> Rate:
    """Find the margin from what each candidate's days reached.

    Args:
        reach: for each candidate the largest share of its limits on each day; 0 on a day without an earned limit.
        every: days for one episode.
        declared: the margin that the limits have.
    """
    proven = [one for one in reach if one.any()]
    days = sum(int(np.count_nonzero(one)) for one in proven)
    apart = np.concatenate([part for one in proven for part in (one, np.zeros(1))] or [np.zeros(1)])
    episodes, allowed = playback.episodes(apart > 1), days / every
    if days < playback.PROVEN_DAYS:
        return Rate(len(proven), days, episodes, allowed, declared, None)
    limit, _ = playback.limit(apart, max(1, round(allowed)))
    return Rate(len(proven), days, episodes, allowed, declared, float(declared * limit))
