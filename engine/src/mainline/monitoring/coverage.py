"""How much of a day a version answered: at a rollout it begins or ends in the middle of one, and today is not over.

What is missing in the morning is not what is missing in a day. A part of a day that has so many rows is held to the
whole day that it may become: to as many rows without a value as the worst whole day may have, see `support`.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from mainline.contract import Array
from mainline.monitoring.store import Rolled

HOURS = 24
BEFORE = 7
"""Days before a day that say how many rows its hours would have had."""
_FEW = 0.25
"""An hour with fewer rows than this share of the mean hour's says nothing of a version's share of the traffic."""


def of_version(rolled: Iterable[Rolled], digest: str) -> dict[str, float]:
    """Return by day the share of a whole day's rows that a version has, had it answered its largest share all day.

    A canary that answers a tenth of each hour has the whole day; a version that was replaced at noon, about half of
    one. The hours in which nobody answered count as on the days before, if there are any. A day of which a record has
    no hours counts as whole.
    """
    all_: dict[str, Array] = defaultdict(lambda: np.zeros(HOURS))
    own: dict[str, Array] = defaultdict(lambda: np.zeros(HOURS))
    unknown = set()
    for one in rolled:
        if len(one.hours) != HOURS:
            unknown.add(one.day)
            continue
        all_[one.day] += one.hours
        if one.digest == digest:
            own[one.day] += one.hours
    days = sorted(all_.keys() - unknown)
    found = {}
    for place, day in enumerate(days):
        if own[day].any():
            found[day] = _share(own[day], all_[day], [all_[one] for one in days[max(place - BEFORE, 0) : place]])
    return found


def _share(own: Array, all_: Array, before: list[Array]) -> float:
    """Return the share of a day, by the rows of each hour: a version's, everybody's, and everybody's on days before."""
    usual = np.mean(before, axis=0) if before else np.zeros(HOURS)
    whole = np.where(all_ > 0, all_, usual)
    telling = (all_ > 0) & (all_ >= _FEW * whole.mean())
    largest = (own[telling] / all_[telling]).max(initial=0.0) or 1.0
    return float(min(own.sum() / (largest * whole.sum()), 1.0))
