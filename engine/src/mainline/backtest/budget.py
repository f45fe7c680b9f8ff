"""How much of the holdout is used up: what each candidate's test periods could show, and who has looked at them."""

from dataclasses import dataclass

from mainline import periods
from mainline.backtest.lessons import History
from mainline.gate import looks
from mainline.gate.checks.holdout import last_look
from mainline.gate.looks import Span
from mainline.gate.statistics import Difference, quantile


@dataclass(frozen=True)
class Budget:
    """Test periods: how many committed candidates were measured on them, and what they can show.

    `smallest` is the smallest relative difference that the next look could show; `last` is the last look at which a
    candidate as good as production could be shown to be no worse: 0 if none could, None if every one could.
    """

    through: str
    rows: int
    looks: int
    smallest: float
    last: int | None

    @property
    def is_used_up(self) -> bool:
        """Whether the next look comes after the last one that could show it."""
        return self.last is not None and self.looks >= self.last


def measure(history: History) -> list[Budget]:
    """Measure the test periods of each candidate that was judged against the version of its time, oldest first."""
    test = int(history.plan.params.split.test)
    attempts = [outcome.attempt for outcome in history.outcomes]
    spans = [_span(attempt.through, test) for attempt in attempts]
    found = []
    for attempt, number in zip(attempts, looks.over(spans), strict=True):
        judged = attempt.judged
        difference = Difference(judged["estimate"], judged["low"], judged["high"], judged["days"])
        policy = history.plan.gate
        tail, freedom = (1 - policy.confidence) / 2, max(1, difference.days - 1)
        reach = difference.high - difference.estimate
        widened = quantile(number + 1, freedom, tail) / quantile(1, freedom, tail)
        found.append(Budget(attempt.through, judged["rows"], number, reach * widened, last_look(difference, 1, policy)))
    return found


def _span(through: str, test: int) -> Span:
    return Span(periods.span(periods.shift(through, 1 - test))[0], periods.span(through)[1])
