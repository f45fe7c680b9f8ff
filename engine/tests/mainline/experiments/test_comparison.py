"""What `./mainline try` says of predictions whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from mainline.contract import Array
from mainline.declared import gate, params
from mainline.errors import MainlineError
from mainline.experiments import attempt, comparison
from mainline.experiments.comparison import Predicted
from mainline.experiments.layout import interval, number
from mainline.gate.statistics import Difference, compare
from tests import project
from tests.mainline.experiments.planted_use_case import install

PARAMS = params.load(project.FLIGHTS / "params.yaml")
POLICY = gate.load(PARAMS.gate)
ROWS, DAYS = 6000, 30


def predicted(spread: float, of_late: float | None = None) -> Predicted:
    """Predictions that miss a label by a spread, those of the slice 'late' by another one."""
    random = np.random.default_rng(7)
    label, errors = random.normal(0, 10, ROWS), random.normal(0, 1, ROWS)
    late = np.arange(ROWS) % 2 == 0
    width = np.where(late, spread if of_late is None else of_late, spread)
    part = np.where(late, "late", "early")
    return Predicted(label, label + width * errors, np.arange(ROWS) % DAYS, {"part": part}, {"model": 1.0})


def shrunk(before: Predicted, by: float) -> Predicted:
    """Predictions whose errors are other ones, of about the same size times a factor: the interval has a width."""
    errors = 0.9 * (before.predicted - before.label) + 2.18 * np.random.default_rng(0).normal(0, 1, ROWS)
    return replace(before, predicted=before.label + by * errors)


@pytest.mark.parametrize(
    ("spread", "said"), [(4.0, "Better: rmse"), (6.0, "Worse: rmse"), (5.02, "No worse: rmse"), (5.0, "No difference:")]
)
def test_verdict_is_that_of_the_gate(spread: float, said: str) -> None:
    """Better, worse and no worse are the gate's conclusions; equal predictions are no difference."""
    assert comparison.tell(PARAMS, POLICY, predicted(5.0), predicted(spread)).startswith(said)


def test_noise_cannot_be_told_from_a_difference() -> None:
    """Predictions that miss by other errors of the same size are neither better nor worse."""
    before = predicted(5.0)
    noise = before.label + 5.0 * np.random.default_rng(8).normal(0, 1, ROWS)
    tried = Predicted(before.label, noise, before.cluster, before.slices, {})
    assert comparison.tell(PARAMS, POLICY, before, tried).startswith("Cannot tell: rmse")


def test_interval_is_that_of_the_gate() -> None:
    """The interval is the gate's for the same predictions, at the declared confidence."""
    before = predicted(5.0)
    after = shrunk(before, 0.98)
    metric, _ = comparison.primaries(PARAMS.evaluation, before, after)
    found = compare(metric, after.label, after.predicted, before.predicted, after.cluster, POLICY.confidence)
    said = comparison.tell(PARAMS, POLICY, before, after)
    assert f"95 % interval {interval(found.low, found.high)}, from 30 days" in said


def test_what_is_now_and_what_was_are_not_swapped() -> None:
    """The metric of what is tried comes first, then that of the last commit."""
    before, after = predicted(5.0), predicted(4.0)
    now, was = (number(float(np.sqrt(np.mean((one.label - one.predicted) ** 2)))) for one in (after, before))
    assert now.startswith("3.99")
    assert f"rmse {now}, was {was} at the last commit" in comparison.tell(PARAMS, POLICY, before, after)


def test_interval_is_at_the_declared_confidence() -> None:
    """Another confidence than the usual one gives its own interval, of the whole and of each slice."""
    before = predicted(5.0)
    after = shrunk(before, 0.8)
    policy = POLICY.model_copy(update={"confidence": 0.8})
    metric, _ = comparison.primaries(PARAMS.evaluation, before, after)
    half = after.slices["part"] == "late"

    def written(rows: Array, confidence: float) -> str:
        sides = (after.label[rows], after.predicted[rows], before.predicted[rows], after.cluster[rows])
        found = compare(metric, *sides, confidence)
        return interval(found.low, found.high)

    said = comparison.tell(PARAMS, policy, before, after)
    assert f"80 % interval {written(np.ones(ROWS, bool), 0.8)}, from" in said
    (late,) = [line for line in comparison.tell_slices(PARAMS, policy, before, after) if "late" in line]
    assert written(half, 0.9) in late  # of two slices, each at 1 - 0.2 / 2


def test_intervals_of_slices_hold_at_once() -> None:
    """What one slice alone would prove is chance where a hundred are looked at (Bonferroni)."""
    before = predicted(5.0)
    after = shrunk(before, 0.97)
    late = {"part": np.where(np.arange(ROWS) % 2 == 0, "late", "")}
    more = {f"other {number}": np.where(np.arange(ROWS) % 100 == number, "few", "") for number in range(100)}

    def told(slices: dict[str, Array]) -> list[str]:
        sides = comparison.primaries(PARAMS.evaluation, before, after)
        former, latter = (replace(one, slices=slices) for one in (before, after))
        return [part.name for part in comparison.moved(sides, former, latter, 0.95, 50)]

    assert "part late" in told(late)
    assert "part late" not in told(late | more)


@pytest.mark.parametrize(("least", "told"), [(3000, 1), (3001, 0)])
def test_small_slices_are_not_looked_at(least: int, told: int) -> None:
    """A slice of fewer rows than `evaluation.slice_min_rows` is not told, however much it moved."""
    evaluation = PARAMS.evaluation.model_copy(update={"slice_min_rows": least})
    declared = PARAMS.model_copy(update={"evaluation": evaluation})
    said = comparison.tell_slices(declared, POLICY, predicted(5.0), predicted(5.0, of_late=4.0))
    assert sum("late" in line for line in said) == told


@pytest.mark.parametrize(
    ("estimate", "low", "high", "sure"),
    [
        (0.02, 0.01, 0.03, True),
        (-0.02, -0.03, -0.01, True),
        (0.01, -0.01, 0.03, False),
        (-0.01, -0.03, 0.01, False),
        (0.01, 0.0, 0.02, False),
        (-0.01, -0.02, 0.0, False),
        (0.00005, 0.00004, 0.00006, True),
        (0.00004, 0.00003, 0.00005, False),
        (-0.00004, -0.00005, -0.00003, False),
    ],
)
def test_sure_is_an_interval_without_zero(estimate: float, low: float, high: float, sure: bool) -> None:
    """A slice surely moved if its interval is on one side of zero and the difference is not written as 0.00 %."""
    assert comparison._is_sure(Difference(estimate, low, high, DAYS)) == sure


def test_only_slices_that_surely_moved_are_told() -> None:
    """A slice whose errors shrank is told with its rows; one that stayed is not."""
    said = list(comparison.tell_slices(PARAMS, POLICY, predicted(5.0), predicted(5.0, of_late=4.0)))
    assert len(said) == 1
    assert said[0].split()[:3] == ["part", "late", "better"]
    assert said[0].endswith("3,000 rows")


def test_no_slice_that_moved_is_told() -> None:
    """Without a slice that surely moved, that is said."""
    assert list(comparison.tell_slices(PARAMS, POLICY, predicted(5.0), predicted(5.0))) == ["No slice moved for sure."]


@pytest.mark.parametrize("damage", ["label", "nan"])
def test_rows_that_cannot_be_paired_are_refused(damage: str) -> None:
    """Other labels, or a prediction that is not a number, are refused in one line."""
    before, after = predicted(5.0), predicted(4.0)
    if damage == "label":
        after.label[0] += 1
    else:
        after.predicted[0] = np.nan
    said = "other labels" if damage == "label" else f"1 of {ROWS:,} predictions are not a number.*respond"
    with pytest.raises(MainlineError, match=said):
        comparison.check(before, after)


def test_each_side_is_judged_at_a_threshold_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mistakes have costs, a change that only moves every probability costs what the last commit costs."""
    install(monkeypatch, "classification", ("low", "high"))
    costs = params.Costs(false_positive=1, false_negative=9)
    evaluation = params.Evaluation(slice_min_rows=500, metric="cost", costs=costs)
    random = np.random.default_rng(7)
    probability = random.uniform(0, 1, ROWS)
    label = (random.uniform(0, 1, ROWS) < probability).astype(float)
    before, after = (
        Predicted(label, moved, np.arange(ROWS) % DAYS, {}, {}) for moved in (probability, probability / 2)
    )
    said = comparison.tell(PARAMS.model_copy(update={"evaluation": evaluation}), POLICY, before, after)
    assert said.startswith("No worse: cost")
    assert "That is +0.00 % in cost" in said


@pytest.mark.parametrize(("columns", "last"), [("80", "3,000 rows"), ("50", " %")])
def test_slices_fit_a_narrow_terminal(columns: str, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of rows is the first thing that a narrow terminal does without; no line is broken."""
    monkeypatch.setenv("COLUMNS", columns)
    (said,) = comparison.tell_slices(PARAMS, POLICY, predicted(5.0), predicted(5.0, of_late=4.0))
    assert len(said) <= int(columns)
    assert said.endswith(last)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Worse: rmse 18, was 16.", "\033[1;31mWorse\033[0m: rmse 18, was 16."),
        ("No worse: rmse 16, was 16.", "\033[32mNo worse\033[0m: rmse 16, was 16."),
        ("No difference: the change moves nothing.", "No difference: the change moves nothing."),
    ],
)
def test_the_verdict_of_a_try_is_coloured(text: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal with colours the verdict has one, and no other word."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert attempt._coloured(text) == shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert attempt._coloured(text) == text
