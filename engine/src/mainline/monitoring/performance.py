"""How good the answers of a version are: errors and skill on events with labels, and on the rows of its test."""

from dataclasses import dataclass

import numpy as np

from mainline.contract import Array
from mainline.data import predictions
from mainline.gate import statistics
from mainline.gate.statistics import Difference, mean_interval
from mainline.limits import windows
from mainline.limits.windows import Quality
from mainline.monitoring.events import Events
from mainline.monitoring.production import Production


@dataclass(frozen=True)
class Segment:
    """The mean error of a segment against that of all events, with its interval."""

    column: str
    value: str
    rows: int
    bias: float
    low: float
    high: float

    @property
    def beyond(self) -> float:
        """How far the whole interval lies on one side of zero; negative if it holds zero."""
        return max(self.low, -self.high)


def window(production: Production) -> Events | None:
    """Return the events of the last days whose labels should be there, with or without a label."""
    events = production.events
    if events is None or not len(events):
        return None
    days = np.unique(events.day)[-production.window_days :]
    return events.choose(np.isin(events.day, days))


def weigh(production: Production, events: Events) -> Array | None:
    """Return how much each labelled event counts; None where none counts more than another."""
    return production.reference.package.weigh(events.actual, events.request)


def error_of(production: Production, events: Events, weight: Array | None) -> tuple[str, Array]:
    """Return the errors of n predictions; of several classes those of the one with the largest mean, and its name."""
    names = production.reference.package.classes
    if not names:
        return "", events.predicted - events.actual
    errors = events.predicted - (events.actual[:, None] == np.arange(len(names)))
    worst = int(np.abs(np.average(errors, axis=0, weights=weight)).argmax())
    return f"{names[worst]}: ", errors[:, worst]


def skill(production: Production, events: Events) -> Difference:
    """Compare predictions of labelled events with the baseline's."""
    return _against(production, events, production.reference.package.baseline(events.request, events.features))


def skill_as_at_test(production: Production, events: Events) -> Difference:
    """Compare predictions of labelled events with the baseline by which the package's test can be measured as well."""
    if has_only_constant(production):
        return _against(production, events, production.reference.package.constant(events.request))
    return skill(production, events)


def skill_at_test(production: Production) -> Difference:
    """Compare the kept test predictions with the baseline's."""
    package = production.reference.package
    tested = package.tested
    predicted = predictions.from_columns(tested, package.classes)
    baseline = tested["baseline"] if not package.classes else package.baseline_at_test
    day = tested["prediction_time"] // 1440 if "prediction_time" in tested else np.arange(len(tested["actual"]))
    return statistics.compare(
        production.metric, tested["actual"], predicted, baseline, day, production.policy.confidence,
        weight=tested.get(predictions.WEIGHT),
    )  # fmt: skip


def unit_of(production: Production) -> str:
    """Return the unit of a mean error with a space before it; '' if there is none, as of classes."""
    unit = production.reference.package.manifest["response"].get("unit")
    return f" {unit}" if unit else ""


def segments(production: Production, events: Events) -> list[Segment]:
    """Measure the segments with enough labelled events."""
    weight = weigh(production, events)
    _, error = error_of(production, events, weight)
    apart, found = error - np.average(error, weights=weight), []
    for column, values in production.reference.package.predictor.scoring.slices(events.request).items():
        for value in np.unique(values):
            rows = values == value
            if rows.sum() >= production.slice_rows:
                found.append(
                    Segment(
                        column, str(value), int(rows.sum()),
                        *mean_interval(
                            apart[rows], events.day[rows], production.policy.confidence,
                            None if weight is None else weight[rows],
                        ),
                    )
                )  # fmt: skip
    return found


def furthest(production: Production, earned: Quality, families: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return family and member of what the last window measured, the furthest beyond its limit first."""
    shares = windows.beyond(production.measured, earned)
    ranked = [(family, member) for family, member, _ in shares if family in families]
    return [pair for pair in ranked if np.isfinite(production.measured[pair][-1])]


def allowed_of(earned: Quality, family: str, member: str) -> float | None:
    """Return how far a mean error may lie from its centre, or which ratio a family of these may have."""
    far = earned.limit(family, member)
    return far if far is None or family not in windows.ONE_SIDED else float(np.exp(earned.usual(family) + far))


def has_only_constant(production: Production) -> bool:
    """Say whether skill at the test is known against the constant alone: of classes a rule's answers are not kept."""
    package = production.reference.package
    return bool(package.classes) and package.own_baseline


def _against(production: Production, events: Events, baseline: Array) -> Difference:
    return statistics.compare(
        production.metric, events.actual, events.predicted, baseline, events.day, production.policy.confidence,
        weight=weigh(production, events),
    )  # fmt: skip
