"""From evidence to the document: the sentence, and nothing that its schema would refuse."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.declared.params import Costs, Evaluation
from mainline.documents import Verdict
from mainline.gate import description, findings, verdict
from mainline.gate.evidence import Evidence
from mainline.gate.findings import Check
from mainline.gate.scores import Comparison, Conclusion, Coverage
from mainline.model import threshold
from mainline.model.metrics import Scorer, scorer
from mainline.report import markdown, quality
from mainline.report.blocks import Paragraph, Prose
from tests.mainline.gate import samples
from tests.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository with one commit of what the findings are read from, as the working directory."""
    created = Project(tmp_path / "project")
    created.path.mkdir()
    monkeypatch.chdir(created.path)
    Path("params.yaml").write_text("features: [temp, seats]\nmodel: {type: Ridge}\n")
    Path("dvc.yaml").write_text("stages: {train: {deps: [src/train.py]}}\n")
    for command in (
        ["init", "--quiet"], ["config", "user.name", "Test"], ["config", "user.email", "test@example.org"],
        ["add", "--all"], ["commit", "--quiet", "--message", "Start"],
    ):  # fmt: skip
        created.run("git", *command)
    return created


def _describe(evidence: Evidence) -> findings.Findings:
    policy = samples.shipped()
    return description.describe(evidence, policy, verdict.run(evidence, policy))


def _first(**changed: Any) -> Evidence:
    return replace(samples.equal(), production=None, older={}, costs=None, **changed)


@pytest.mark.usefixtures("project")
def test_the_candidate_is_named_by_its_commit(project: Project) -> None:
    """The short commit names what was committed; anything beside it is said, and then no commit holds the candidate."""
    head = project.run("git", "rev-parse", "HEAD").stdout.strip()
    candidate = _describe(_first()).candidate
    assert (candidate.version, candidate.commit) == (head[:7], head)
    Path("params.yaml").write_text("features: [temp]\n")
    changed = _describe(_first())
    assert (changed.candidate.version, changed.candidate.commit) == (f"{head[:7]} + changes", None)
    assert changed.lineage[0].after == f"{head[:12]} + changes"


@pytest.mark.usefixtures("project")
def test_timings_are_of_both_with_their_machines() -> None:
    """Each stage has its seconds before and now, and the kinds of machine stand below."""
    old = {"train": samples.run(9.0), "gone": samples.run(1.0)}
    found = _describe(_first(production_runs=old, runs={"train": samples.run(8.0, "another")})).timings
    assert [(change.key, change.before, change.after) for change in found] == [
        ("train", "10.0 s", "9.0 s"), ("gone", "2.0 s", ""), ("machine", "Linux x86_64, 2 cores", "another"),
    ]  # fmt: skip


def _weighed(weight: np.ndarray[Any, Any]) -> Evidence:
    """A first candidate whose rows count by a weight, and what says so."""
    candidate = samples.predictor()
    candidate.scoring = SimpleNamespace(weight=made_up_weight)
    evidence = samples.worse_in_one_segment(_first(candidate=candidate))
    return replace(evidence, holdout=replace(evidence.holdout, weight=weight))


def made_up_weight() -> None:
    """Flights by their seats.

    Nothing else is said.
    """


@pytest.mark.usefixtures("project")
def test_everything_that_the_gate_compares_is_weighted() -> None:
    """Metrics, difference, interval and slices are those of rows that are there as often as they weigh."""
    weight = np.random.default_rng(3).integers(1, 4, samples.ROWS).astype(float)
    weighed, again = _weighed(weight), np.repeat(np.arange(samples.ROWS), weight.astype(int))
    held = weighed.holdout
    assert weighed.other is not None
    rows = replace(
        held, request={"x": held.label[again]}, label=held.label[again], cluster=held.cluster[again], weight=None,
        slices={"carrier": held.slices["carrier"][again]},
    )  # fmt: skip
    repeated = replace(
        weighed, holdout=rows, predicted=weighed.predicted[again], kept=weighed.kept[again],
        baseline=weighed.baseline[again], other=weighed.other[again],
    )  # fmt: skip
    one, two, plain = (
        _describe(each) for each in (weighed, repeated, replace(weighed, holdout=replace(held, weight=None)))
    )
    for name in ("difference", "low", "high"):
        found = getattr(one.comparison, name)
        assert found == pytest.approx(getattr(two.comparison, name))
        assert found != pytest.approx(getattr(plain.comparison, name), rel=1e-6)
    exact = [{metric.name: metric.candidate for metric in each.metrics} | {"p90_error": 0.0} for each in (one, two)]
    assert exact[0] == pytest.approx(exact[1])
    for name in ("bias", "low", "candidate"):
        parts = [{part.value: getattr(part, name) for part in each.slices} for each in (one, two)]
        assert parts[0] == pytest.approx(parts[1])


@pytest.mark.usefixtures("project")
def test_by_what_metrics_are_weighted_is_said_once() -> None:
    """One line names the function, its own words, the weights and how many equal rows they are worth."""
    found = _describe(_weighed(np.tile([1.0, 3.0], samples.ROWS // 2)))
    assert found.weights == (
        "weight() in src/usecase/scoring.py, 'Flights by their seats.': from 1 to 3, so that 3,000 rows tell as much "
        "as 2,400 that weigh the same. Counts of rows are not weighted."
    )
    line = Paragraph(("Metrics, intervals and slices are weighted by ", Prose(found.weights)))
    assert line in quality.describe_metrics(found).blocks
    assert _describe(_first()).weights == ""


@pytest.mark.usefixtures("project")
def test_what_an_interval_holds_is_in_the_report_by_slice() -> None:
    """The report has the share of all rows, and of each slice in a column of its own; without an interval neither."""
    candidate = samples.predictor()
    candidate.manifest["interval"] = {"level": 0.9, "ends": [-35.0, 35.0]}
    evidence = samples.worse_in_one_segment(_first(candidate=candidate))
    inside = np.abs(evidence.predicted - evidence.holdout.label) <= 35
    found = _describe(evidence)
    assert found.coverage == Coverage(level=0.9, share=inside.mean())
    parts = {part.value: part.coverage for part in found.slices}
    assert parts == {
        value: pytest.approx(inside[evidence.holdout.slices["carrier"] == value].mean()) for value in ("AA", "UA")
    }
    text = markdown.render(found).replace("\u00a0", " ")
    assert (
        f"The interval of 90 % around a prediction holds the truth of {inside.mean() * 100:.4g} % of the rows." in text
    )
    assert "| slice | rows | difference | 95 % interval | bias | coverage |" in text
    plain = markdown.render(_describe(samples.worse_in_one_segment(_first())))
    assert "coverage" not in plain
    assert "holds the truth" not in plain


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("found", "units"),
    [
        (
            scorer("regression", "gamma_deviance"),
            {"gamma_deviance": "", "rmse": "minutes", "bias": "minutes", "r2": ""},
        ),
        (scorer("regression", "poisson_deviance"), {"poisson_deviance": "", "mae": "minutes", "p90_error": "minutes"}),
        (scorer("regression", "pinball_0.9"), {"pinball_0.9": "minutes"}),
    ],
    ids=lambda value: value.primary.name if isinstance(value, Scorer) else "",
)
def test_a_metric_has_its_own_unit(found: Scorer, units: dict[str, str]) -> None:
    """Errors are in the label's unit, deviances and R squared in none, in the findings and in the report."""
    evidence = _first(scorer=found)
    shift = 1 - evidence.holdout.label.min()
    held = replace(evidence.holdout, label=evidence.holdout.label + shift)
    far = replace(
        evidence, holdout=held, predicted=held.label * 1.1, kept=held.label * 1.1, baseline=held.label * 2,
        other=held.label * 2,
    )  # fmt: skip
    described = _describe(far)
    measured = {metric.name: metric.unit for metric in described.metrics}
    assert {name: measured[name] for name in units} == units
    assert described.comparison.unit == units[found.primary.name]
    unit = " minutes" if units[found.primary.name] else ""
    assert f"**`{found.primary.name}`**{unit} (primary)" in markdown.render(described).replace("\u00a0", " ")


def test_a_cost_is_in_the_declared_unit() -> None:
    """Mistakes cost in the declared currency, and a probability's losses have no unit whatever the answer's is."""
    costs = Costs(false_positive=1, false_negative=5, unit="EUR")
    found = scorer("classification", "cost", costs=costs)
    units = {metric.name: metric.unit_for("%") for metric in found.metrics}
    assert (units["cost"], units["log_loss"], units["brier"], units["f1"], units["bias"]) == ("EUR", "", "", "", "%")
    chosen = Evaluation(slice_min_rows=1, costs=costs)
    _, said = threshold.choose(chosen, np.array([0.0, 1.0]), np.array([0.2, 0.8]))
    assert said.endswith("a false positive 1 EUR, a false negative 5 EUR")


@pytest.mark.usefixtures("project")
def test_what_cannot_be_measured_is_left_out() -> None:
    """A candidate that predicts NaN, or production that cannot be compared, gives a document all the same."""
    found = _describe(replace(samples.nan(samples.equal()), production=None, costs=None))
    assert (found.verdict, found.metrics, found.slices) == ("fail", [], [])
    gone = _describe(_first(unfetched=samples.RELEASED, other=None, obstacle="gone"))
    assert [metric.other for metric in gone.metrics] == [None] * 5
    assert (gone.first_release, gone.comparison.conclusion, gone.slices) == (False, "cannot tell", [])


@pytest.mark.usefixtures("project")
def test_more_slices_than_fit_are_the_largest() -> None:
    """A use case with 600 segments keeps the 500 with the most rows."""
    evidence = _first()
    sizes = np.minimum(np.arange(samples.ROWS) // 4, 599)  # four rows each, and the rest in the last
    named = np.array([f"{number:03}" for number in sizes])
    found = _describe(replace(evidence, holdout=replace(evidence.holdout, slices={"route": named})))
    assert len(found.slices) == 500
    assert found.slices[0].value == "599"


@pytest.mark.usefixtures("project")
def test_segments_without_any_error_do_not_differ() -> None:
    """Where both models are exactly right there is no difference, rather than one of -100 %."""
    label = samples.equal().holdout.label
    found = _describe(_first(predicted=label, baseline=label * 1.1))
    assert {part.difference for part in found.slices} == {-1.0}
    same = _describe(_first(predicted=label, baseline=label * 1.1, other=label))
    assert {part.difference for part in same.slices} == {0.0}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("metric", ["r2", "poisson_deviance"])
def test_a_segment_in_which_the_metric_is_not_defined_is_left_out(metric: str) -> None:
    """Labels that are all the same have no R squared, a prediction below zero no deviance; the rest is reported."""
    evidence, carrier = _first(scorer=scorer("regression", metric)), samples.equal().holdout.slices["carrier"]
    label = np.where(carrier == "AA", 3.3, np.abs(evidence.holdout.label) + 1)
    predicted = np.where(carrier == "AA", -1.0, label * 1.1)
    holdout = replace(evidence.holdout, label=label)
    found = _describe(replace(evidence, holdout=holdout, predicted=predicted, other=label * 1.2, baseline=label * 1.2))
    assert [part.value for part in found.slices] == ["UA"]


COMPARED: list[tuple[Conclusion, tuple[float | None, float | None, float | None], bool, str]] = [
    ("better", (-0.025, -0.04, -0.01), False, "The model is 2.5% better than production v1 in rmse"),
    ("worse", (0.062, 0.04, 0.08), False, "The model is 6.2% worse than production v1 in rmse"),
    ("no worse", (-0.003, -0.011, 0.005), False,
     "The model is no worse than production v1 in rmse (0.3% better, which may be chance)"),
    ("no worse", (0.005, 0.002, 0.009), False,
     "The model is no worse than production v1 in rmse (0.5% worse, which is within what is allowed)"),
    ("no worse", (0.0, 0.0, 0.0), True, "The model predicts exactly what production v1 does"),
    ("cannot tell", (-0.01, -0.05, 0.03), False,
     "The model looks 1.0% better than production v1 in rmse, which may be chance"),
    ("cannot tell", (None, None, None), False, "The model could not be compared with production v1"),
]  # fmt: skip


@pytest.mark.parametrize(("conclusion", "numbers", "identical", "said"), COMPARED)
def test_the_sentence_says_no_more_than_the_interval(
    conclusion: Conclusion, numbers: tuple[float | None, ...], identical: bool, said: str
) -> None:
    """A difference that may be chance is never said to be one."""
    difference, low, high = numbers
    compared = Comparison(
        metric="rmse", unit="minutes", other="production v1", conclusion=conclusion, difference=difference, low=low,
        high=high, margin=0.01, confidence=0.95, rows=1, days=1, identical=identical,
    )  # fmt: skip
    assert description.headline("pass", compared, []) == f"{said}; it may be released."


@pytest.mark.parametrize(
    ("whole", "end"),
    [
        ("warn", "a person should look at: bias."),
        ("fail", "it must not be released: bias."),
        ("cannot tell", "it cannot be released before this is known: bias."),
    ],
)
def test_the_sentence_names_what_is_in_the_way(whole: Verdict, end: str) -> None:
    """A manager reads which check it was."""
    check = Check(name="bias", group="quality", verdict=whole, observed="", limit="", reason="")
    compared = description._comparison(samples.equal(), samples.shipped())
    assert description.headline(whole, compared, [check]).endswith(f"; {end}")
