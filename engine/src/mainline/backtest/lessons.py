"""What a lived history shows: losses by policy, what the gate's verdicts were worth, offline against online."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from mainline import periods
from mainline.backtest import correlation, day_numbers
from mainline.backtest.correlation import Rank
from mainline.backtest.policies import Attempt, Lived, newest
from mainline.backtest.work import Work
from mainline.contract import Array
from mainline.gate.statistics import Difference, compare, conclude
from mainline.model import metrics
from mainline.model.metric import Metric
from mainline.package import manifest

Columns = Mapping[str, Array]
NEVER, EACH, UNGATED = "never", "each period", "each period, no gate"


@dataclass(frozen=True)
class Loss:
    """A policy's loss over all lived rows, relative to never retraining, with an interval over days."""

    policy: Lived
    metric: float
    against_never: Difference


@dataclass(frozen=True)
class Comparison:
    """A candidate against an older version: on its test periods, and in the period after them, which it could serve."""

    candidate: str
    version: str
    offline: Difference
    online: Difference


@dataclass(frozen=True)
class Outcome:
    """A retraining as the gate saw it, and the same two versions in the period after it."""

    attempt: Attempt
    online: Difference


class History:
    """A plan as it was lived."""

    def __init__(self, work: Work, answers: Mapping[str, Mapping[str, Path]], lived: Sequence[Lived]) -> None:
        """Take the steps, the files of answers by candidate and period, and the policies as they were lived."""
        self.work, self.plan, self.lived = work, work.plan, {one.name: one for one in lived}
        self._answers = answers

    @cached_property
    def metric(self) -> Metric:
        """What versions are compared by."""
        described, _ = manifest.read(self.work.package(self.plan.candidates[0]))
        return metrics.of_package(described, self.plan.params.evaluation).primary

    @property
    def confidence(self) -> float:
        """Of every interval."""
        return self.plan.gate.confidence

    @cached_property
    def losses(self) -> list[Loss]:
        """The loss of each policy."""
        never, found = self.of_policy(NEVER), []
        for name, lived in self.lived.items():
            columns = self.of_policy(name)
            value = self.metric.value(columns["actual"], columns["predicted"], columns.get("weight"))
            found.append(Loss(lived, value, self.compare(columns, never)))
        return found

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Every candidate against every older version that was fitted on none of its test periods."""
        test = int(self.plan.params.split.test)
        found = []
        for candidate in self.plan.candidates[1:]:
            tested = periods.between(periods.shift(candidate, 1 - test), candidate)
            for version in self.plan.candidates:
                if periods.count(version) < periods.count(tested[0]):
                    offline = self.difference(candidate, version, tested)
                    online = self.difference(candidate, version, [periods.shift(candidate, 1)])
                    found.append(Comparison(candidate, version, offline, online))
        return found

    @cached_property
    def rank(self) -> Rank:
        """Do offline and online differences rank alike?"""
        pairs = [(one.offline.estimate, one.online.estimate) for one in self.comparisons]
        columns = np.array(pairs, np.float64).reshape(-1, 2)
        group = np.array([one.candidate for one in self.comparisons])
        return correlation.rank(columns[:, 0], columns[:, 1], group, self.confidence)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """Each retraining of the policy that retrains most, and what its verdict was worth in the next period."""
        return [
            Outcome(one, self.difference(one.through, one.against, [periods.shift(one.through, 1)]))
            for one in self.lived[EACH].attempts
        ]

    def conclusion(self, difference: Difference) -> str:
        """Say what an interval shows, with the gate's margin."""
        return conclude(difference, self.plan.gate.margin)

    def difference(self, candidate: str, version: str, where: Sequence[str]) -> Difference:
        """Compare two candidates in some periods that both have answered."""
        ours = [self.answers(candidate, period) for period in where]
        others = [self.answers(version, period) for period in where]
        return self.compare(_join(ours), _join(others))

    def newest(self, today: date) -> str:
        """Return the newest candidate that could serve on a day."""
        return newest(self.plan.candidates, today)

    def span(self, version: str, first: date, last: date) -> Columns:
        """Return what a candidate answers from one day through another, as far as it is lived; {} if nothing is."""
        begins, ends = day_numbers.of(first), day_numbers.of(last)
        parts = []
        for period in self.plan.lived:
            if periods.count(period) > periods.count(version) and not (
                periods.span(period)[1] <= first or last < periods.span(period)[0]
            ):
                columns = self.answers(version, period)
                rows = (columns["day"] >= begins) & (columns["day"] <= ends)
                parts.append({name: values[rows] for name, values in columns.items()})
        return _join(parts) if sum(len(part["day"]) for part in parts) else {}

    def compare(self, ours: Columns, other: Columns) -> Difference:
        """Compare two predictions of the same rows."""
        return self._compare(ours, ours["predicted"], other["predicted"])

    @cache  # noqa: B019 - a history lives as long as its command
    def answers(self, candidate: str, period: str) -> Columns:
        """Read the answers of a candidate in a period, by column, shape (n,)."""
        with np.load(self._answers[candidate][period], allow_pickle=False) as kept:
            return dict(kept)

    @cache  # noqa: B019 - as above
    def of_policy(self, name: str) -> Columns:
        """Put together what a policy answered: each row by the version that served on its day."""
        numbers = {day_numbers.of(day): through for day, through in self.lived[name].serving.items()}
        parts = []
        for period in self.plan.lived:
            first, after = map(day_numbers.of, periods.span(period))
            present = sorted({numbers[day] for day in range(first, after)})
            base = dict(self.answers(present[0], period))
            day = np.clip(base["day"], first, after - 1)  # a local day may end on the next one in UTC
            for through in present[1:]:
                serves = np.array([numbers[one] == through for one in day.tolist()])
                rows = serves if base["predicted"].ndim == 1 else serves[:, None]
                base["predicted"] = np.where(rows, self.answers(through, period)["predicted"], base["predicted"])
            parts.append(base)
        return _join(parts)

    def _compare(self, columns: Columns, ours: Array, other: Array) -> Difference:
        return compare(
            self.metric, columns["actual"], ours, other, columns["day"], self.confidence, weight=columns.get("weight")
        )


def _join(parts: Sequence[Columns]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
