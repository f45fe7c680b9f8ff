"""A version in a period as monitoring would have seen it: its own checks, day by day, on the rows of the day.

A whole window of days is looked at, as a package's limits were earned with; a day's verdict on quality is known when
the labels of the day should be there, which `policies` counts. Every event has a label here, so that the check of
labels has nothing to say; and no event was logged, so that there is no skew to measure.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mainline import periods
from mainline.backtest import day_numbers
from mainline.backtest.life import Answers
from mainline.contract import Array
from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.gate.checks.outcome import Outcome
from mainline.limits import document, sketches
from mainline.model import metrics
from mainline.monitoring import accuracy, drift, reference, support
from mainline.monitoring.events import Events
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production

QUALITY: tuple[tuple[str, Callable[[Production], Outcome]], ...] = (
    ("skill", accuracy.check_skill),
    ("bias", accuracy.check_bias),
    ("bias by segment", accuracy.check_slices),
)
DRIFT: tuple[tuple[str, Callable[[Production], Outcome]], ...] = (
    ("drift of features", drift.check_features),
    ("drift of predictions", drift.check_predictions),
)


class Day(NamedTuple):
    """A day, counted from 1970, with what each check that failed observed, by its name; and the checks that ran."""

    day: int
    support: dict[str, str]
    quality: dict[str, str]
    drift: dict[str, str]
    reach: float


def days(
    package: Packaged, answers: Sequence[Answers], period: str, policy: Monitoring, evaluation: Evaluation,
    bias: float, slice_rows: int,
) -> list[Day]:  # fmt: skip
    """Look at each day of a period.

    Args:
        package: what answered.
        answers: of the period, and of the one before it if the version could serve then.
        period: the period.
        policy: the declared monitoring.
        evaluation: the declared metrics.
        bias: the limit of the mean error in the label's unit, where none is earned.
        slice_rows: the least rows of a segment.
    """
    known = reference.load(package)
    scorer = metrics.of_package(package.manifest, evaluation)
    sketched: dict[int, sketches.Sketch] = {}
    for one in answers:
        for day, sketch in document.by_day(one.features, one.predicted, one.day, package.bins).items():
            sketched[day] = sketches.add([sketched[day], sketch]) if day in sketched else sketch
    events = _events(answers, package)
    first, after = map(day_numbers.of, periods.span(period))
    found = []
    length = policy.window_days if known.earned is None else known.earned.window_days
    for day in (day for day in sorted(sketched) if first <= day < after):
        window = [other for other in sorted(sketched) if other <= day][-length:]
        production = Production(
            version="", reference=known, days={day_numbers.day(other).isoformat(): sketched[other] for other in window},
            events=events.choose(np.isin(events.day, window)), reason="", policy=policy, scorer=scorer, bias=bias,
            slice_rows=slice_rows,
        )  # fmt: skip
        is_whole = len(window) == length
        quality = _failed(production, QUALITY) if is_whole else {}
        drifted = _failed(production, DRIFT) if is_whole else {}
        unlike = {name: outcome.observed for name, kind, _, check in support.CHECKS
                  if getattr(policy.severity, kind) == "alarm"
                  and (outcome := check(production.counted)).verdict == "fail"}  # fmt: skip
        found.append(Day(int(day), unlike, quality, drifted, _reach(production) if is_whole else 0.0))
    return found


def _failed(production: Production, checks: Sequence[tuple[str, Callable[[Production], Outcome]]]) -> dict[str, str]:
    outcomes = {name: check(production) for name, check in checks}
    return {name: outcome.observed for name, outcome in outcomes.items() if outcome.verdict == "fail"}


def _reach(production: Production) -> float:
    """Return the largest share of its earned limit that anything of quality has in the window; 0 if none is proven."""
    earned = production.reference.earned
    if earned is None or earned.quality is None or not earned.quality.is_proven or not production.measured:
        return 0.0
    from mainline.limits import windows

    return max((share for _, _, share in windows.beyond(production.measured, earned.quality)), default=0.0)


def _events(answers: Sequence[Answers], package: Packaged) -> Events:
    """Put answers in the form in which monitoring has events with their labels."""
    actual = _joined([one.actual for one in answers])
    names = package.watched if package.own_baseline else ()
    return Events(
        request={name: _joined([one.request[name] for one in answers]) for name in answers[0].request},
        moment=_joined([one.moment for one in answers]),
        predicted=_joined([one.predicted for one in answers]),
        actual=actual,
        answered=np.ones(len(actual), bool),
        unknown=0,
        features={name: _joined([one.features[name] for one in answers]) for name in names},
    )


def _joined(parts: Sequence[Array]) -> Array:
    return np.concatenate(parts)
