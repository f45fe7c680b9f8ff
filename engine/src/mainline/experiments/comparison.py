"""The last commit and what is tried on the same validation rows: by the gate's statistics, as a whole and by slice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainline.contract import Array
from mainline.declared.gate import Policy
from mainline.declared.params import Evaluation, Params
from mainline.errors import MainlineError
from mainline.experiments.judgement import scorer
from mainline.experiments.layout import Layout, interval, number, percent
from mainline.experiments.side import SECONDS, SLICE
from mainline.gate.statistics import Difference, compare, conclude
from mainline.model.metric import Metric

OTHER_ROWS = (
    "the change gives the validation rows other labels, or is of other rows, so the two cannot be compared row by row. "
    "`make repro`, then `make gate` compares them as far as that is possible."
)
MOST_SLICES = 5
SMALLEST = 5e-5
"""A relative difference that is still shown."""

Metrics = tuple[Metric, Metric]
"""The primary one for each of two models."""


@dataclass(frozen=True)
class Predicted:
    """Predictions of n validation rows: label, prediction and cluster of each, and by slice its value, shape (n,).

    `weight`, shape (n,), is how much each row counts; None where none counts more than another.
    """

    label: Array
    predicted: Array
    cluster: Array
    slices: Mapping[str, Array]
    seconds: Mapping[str, float]
    weight: Array | None = None

    @property
    def counting(self) -> Array:
        """The weights, or a 1 for each row."""
        return np.ones(len(self.label)) if self.weight is None else self.weight


@dataclass(frozen=True)
class Slice:
    """A slice that surely moved."""

    name: str
    rows: int
    difference: Difference


def read(file: Path) -> Predicted:
    """Read what `side` wrote."""
    with np.load(file, allow_pickle=False) as found:
        named = dict(found)
    slices, seconds = (
        {name.removeprefix(prefix): values for name, values in named.items() if name.startswith(prefix)}
        for prefix in (SLICE, SECONDS)
    )
    spent = {name: float(value) for name, value in seconds.items()}
    return Predicted(named["label"], named["predicted"], named["cluster"], slices, spent, named.get("weight"))


def check(committed: Predicted, tried: Predicted) -> None:
    """Refuse to compare predictions of different rows, or with what is not a number.

    Raises:
        MainlineError: saying what is different.
    """
    if not are_paired(committed, tried):
        raise MainlineError(OTHER_ROWS)
    wrong = int((~np.isfinite(tried.predicted)).sum())
    if wrong:
        raise MainlineError(
            f"{wrong:,} of {len(tried.predicted):,} predictions are not a number, so they cannot be compared. Look at "
            "respond() in src/usecase/scoring.py, and at model.params: a fit that diverges ends so."
        )


def are_paired(committed: Predicted, tried: Predicted) -> bool:
    """Whether both predict the same rows."""
    return np.array_equal(committed.label, tried.label) and committed.predicted.shape == tried.predicted.shape


def whole(params: Params, policy: Policy, committed: Predicted, tried: Predicted) -> tuple[Difference, str]:
    """Return the relative difference on all rows, and what the gate would conclude from it."""
    sides = primaries(params.evaluation, committed, tried)
    found = _difference(sides, committed, tried, np.ones(len(tried.label), bool), policy.confidence)
    return found, conclude(found, policy.margin)


def primaries(evaluation: Evaluation, committed: Predicted, tried: Predicted) -> Metrics:
    """Return the primary metric for what is tried and for the last commit, of two classes at a threshold for each."""
    first, second = (
        scorer(evaluation, tried.label, side.predicted, tried.weight).primary for side in (tried, committed)
    )
    return first, second


def moved(sides: Metrics, committed: Predicted, tried: Predicted, confidence: float, least: int) -> list[Slice]:
    """Return the slices with enough rows whose interval excludes no difference, the largest difference first.

    Many are looked at, so each interval is widened until all of them hold at once (Bonferroni).
    """
    masks = {
        f"{column} {value}": values == value
        for column, values in tried.slices.items()
        for value in np.unique(values)
        if (counted := (values == value) & (tried.counting > 0)).sum() >= least
        and sides[0].is_defined(tried.label[counted])
    }
    wide = 1 - (1 - confidence) / max(len(masks), 1)
    found = [
        Slice(name, int(rows.sum()), _difference(sides, committed, tried, rows, wide)) for name, rows in masks.items()
    ]
    return sorted(
        (part for part in found if _is_sure(part.difference)),
        key=lambda part: -abs(part.difference.estimate),
    )


def tell(params: Params, policy: Policy, committed: Predicted, tried: Predicted) -> str:
    """Say in a sentence which is better, by how much and how sure that is, and below it which slices moved."""
    metric, other = primaries(params.evaluation, committed, tried)
    before, after = (
        each.value(tried.label, side.predicted, tried.weight) for each, side in ((other, committed), (metric, tried))
    )
    now = f"{metric.name} {number(after)}, was {number(before)} at the last commit."
    moves = np.max(np.abs(committed.predicted - tried.predicted), initial=0.0)
    if moves <= params.limits.parity:
        return f"No difference: the change moves no prediction by more than {params.limits.parity:g}. {now}"
    found, verdict = whole(params, policy, committed, tried)
    counted = f"{policy.margin:.0%} worse still counts as no worse." if verdict == "no worse" else ""
    clusters = "groups of rows" if params.data.snapshot else "days"
    return (
        f"{verdict.capitalize()}: {now} That is {percent(found.estimate)} in {metric.compared}, "
        f"{policy.confidence * 100:g} % interval {interval(found.low, found.high)}, from {found.days} {clusters}; less "
        f"is better. {counted}"
    )


def tell_slices(params: Params, policy: Policy, committed: Predicted, tried: Predicted) -> Iterator[str]:
    """Yield a line for each slice that surely moved, or one that says that none did."""
    sides = primaries(params.evaluation, committed, tried)
    found = moved(sides, committed, tried, policy.confidence, params.evaluation.slice_min_rows)
    if not found:
        yield "No slice moved for sure."
    rows = [_row(part) for part in found[:MOST_SLICES]]
    layout = Layout([""] * 5, rows, left=(0, 1), spare=(4, 3))
    yield from map(layout.line, rows)
    if len(found) > MOST_SLICES:
        yield f"  and {len(found) - MOST_SLICES} more"


def _row(part: Slice) -> list[str]:
    found = part.difference
    moved = "better" if found.high < 0 else "worse"
    return [part.name, moved, percent(found.estimate), interval(found.low, found.high), f"{part.rows:,} rows"]


def _difference(sides: Metrics, committed: Predicted, tried: Predicted, rows: Array, confidence: float) -> Difference:
    return compare(
        sides[0], tried.label[rows], tried.predicted[rows], committed.predicted[rows], tried.cluster[rows], confidence,
        sides[1], None if tried.weight is None else tried.weight[rows],
    )  # fmt: skip


def _is_sure(found: Difference) -> bool:
    """Whether an interval excludes no difference, and the difference is not one that is written as 0.00 %."""
    return (found.low > 0 or found.high < 0) and abs(found.estimate) >= SMALLEST
