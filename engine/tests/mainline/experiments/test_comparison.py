"""What `./mainline try` says of predictions whose truth is known."""

import numpy as np
import pytest

from mainline.declared import gate, params
from mainline.errors import MainlineError
from mainline.experiments import comparison
from mainline.experiments.comparison import Predicted
from mainline.experiments.layout import interval
from mainline.gate.statistics import compare
from tests import project
from tests.mainline.experiments.planted import install

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
    before, after = predicted(5.0), predicted(4.9)
    metric, _ = comparison.primaries(PARAMS.evaluation, before, after)
    found = compare(metric, after.label, after.predicted, before.predicted, after.cluster, POLICY.confidence)
    said = comparison.tell(PARAMS, POLICY, before, after)
    assert f"95 % interval {interval(found.low, found.high)}, from 30 days" in said


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
    with pytest.raises(MainlineError, match="other labels" if damage == "label" else "1 of the predictions are not"):
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
