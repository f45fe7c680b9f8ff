"""One version in production, as its checks look at it: the days that it answered, and the events with labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mainline.data.columns import DAY
from mainline.declared.monitoring import Monitoring
from mainline.limits import playback, sketches, windows
from mainline.limits.sketches import Sketch
from mainline.model.intervals import clusters
from mainline.model.metric import Metric
from mainline.model.metrics import Scorer
from mainline.monitoring.events import Events
from mainline.monitoring.reference import Reference
from mainline.monitoring.support import Rows


@dataclass(frozen=True)
class Skew:
    """How many events were compared with the pipeline's, in how many some feature differs, and by feature."""

    events: int
    differing: int
    features: Mapping[str, int]


@dataclass(frozen=True)
class Production:
    """A version: its name, its sketches by day (UTC), and its events whose labels should be there.

    `events` is None where there are no labels, `reason` then says why. `bias` is the limit of the mean error in the
    label's unit; segments have at least `slice_rows` rows.
    """

    version: str
    reference: Reference
    days: Mapping[str, Sketch]
    events: Events | None
    reason: str
    policy: Monitoring
    scorer: Scorer
    bias: float
    slice_rows: int
    coverage: Mapping[str, float] = field(default_factory=dict)
    """The share of a whole day that stands in each of its days, see `coverage`; one that is not named is whole."""
    skew: Skew | str = "Nobody compared them."
    """What differs from the pipeline's features, or why nobody compared them."""

    @property
    def digest(self) -> str:
        """The package's digest."""
        return self.reference.package.digest

    @property
    def metric(self) -> Metric:
        """What versions are compared by."""
        return self.scorer.primary

    @property
    def window_days(self) -> int:
        """The days of a window, as the package's limits were earned with; else as declared."""
        earned = self.reference.earned
        return self.policy.window_days if earned is None else earned.window_days

    @property
    def rows(self) -> int:
        """All predictions that are rolled up."""
        return sum(sketch.rows for sketch in self.days.values())

    @cached_property
    def full_days(self) -> dict[str, Sketch]:
        """The days with enough rows to say something, oldest first."""
        return {day: self.days[day] for day in sorted(self.days) if self.days[day].rows >= self.policy.support.min_rows}

    @property
    def counted(self) -> Rows:
        """What the checks of support look at."""
        last = max(self.full_days, default="")
        small = len([day for day in self.days if last < day < max(self.days)]) if last else 0
        return Rows(self.full_days, self.reference.seen, self.policy.support, self.coverage, small, self._varied)

    @property
    def _varied(self) -> bool:
        """Say whether predictions that are numbers took several values on each day of the test."""
        tested = self.reference.package.tested
        if self.reference.package.classes or "prediction_time" not in tested:
            return False
        cluster, days = clusters(tested["prediction_time"] // DAY)
        ends = [(values.min(), values.max()) for values in (tested["predicted"][cluster == one] for one in range(days))]
        return all(low < high for low, high in ends)

    @cached_property
    def window(self) -> dict[str, Sketch]:
        """The last of these days, as many as a window has."""
        last = list(self.full_days)[-self.window_days :]
        return {day: self.full_days[day] for day in last}

    @cached_property
    def stretch(self) -> tuple[int, int]:
        """The days from the first to the last of the window, and the most that so many days of the test stretch over.

        Of a test that is shorter, or has no time, nobody can say: then the window may stretch as it does.
        """
        first, last = (np.datetime64(day, "D") for day in (min(self.window), max(self.window)))
        own = int((last - first).astype(int)) + 1
        moment = self.reference.package.tested.get("prediction_time", np.empty(0))
        tested, rows = np.unique(moment // DAY, return_counts=True)
        tested = tested[rows >= self.policy.support.min_rows]
        ends = tested[self.window_days - 1 :]
        stretches = ends - tested[: len(ends)] + 1
        return own, int(stretches.max()) if len(stretches) else own

    @cached_property
    def week(self) -> Sketch | None:
        """The sketch of the window; None if it lacks a day: other days would be held to what such a week may do."""
        if len(self.window) < self.window_days or self.stretch[0] > self.stretch[1]:
            return None
        return sketches.add(list(self.window.values()))

    @cached_property
    def last_days(self) -> Sketch | None:
        """The sketch of the last days of a whole window, which feel a change sooner."""
        return None if self.week is None else sketches.add(list(self.window.values())[-playback.RECENT_DAYS :])

    @cached_property
    def labelled(self) -> Events:
        """The events that have a label with a value.

        Raises:
            ValueError: when there are no labels at all.
        """
        if self.events is None:
            raise ValueError(self.reason)
        return self.events.choose(~np.isnan(self.events.actual))

    @cached_property
    def measured(self) -> windows.Series:
        """Quality in each window of labelled events, oldest first; empty where there is no whole window."""
        package, earned = self.reference.package, self.reference.earned
        if self.events is None or earned is None or clusters(self.labelled.day)[1] < earned.window_days:
            return {}
        events = self.labelled
        scored = windows.Scored(
            events.actual, events.predicted, package.baseline(events.request, events.features), events.day,
            package.segments(events.request), package.weigh(events.actual, events.request), package.sizes(self.metric),
        )  # fmt: skip
        return windows.measure(scored, self.metric, earned.window_days, earned.segment_rows)
