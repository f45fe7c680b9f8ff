"""Another use case through the same machinery: classification, other columns, no text features, nothing that moves."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mainline.errors import RequestError
from mainline.model.metrics import scorer
from mainline.package.predictor import Predictor
from mainline.stages import harness
from tests import project
from tests.project import ENGINE, OTHER, ROOT, Project

RULE = """

def baseline(columns: Columns, features: Columns) -> Array:
    return np.where(columns["mean_radius"] > 15, 0.9, 0.2)
"""

ANSWER_GOLDEN_REQUESTS = """
import json, sys
sys.modules["sklearn"] = sys.modules["pandas"] = None  # importing either fails
from mainline.model.metrics import scorer
from mainline.package.predictor import Predictor
golden = json.load(open("models/package/golden.json"))
print(json.dumps(Predictor.load("models/package").predict(golden["requests"])))
"""


@pytest.fixture
def changeable_project(other_project: Project, tmp_path: Path) -> Project:
    """The same, of its own: only what a change touches runs again."""
    return other_project.twin(tmp_path / "project")


@pytest.fixture(scope="module")
def predictor(other_project: Project) -> Predictor:
    """The package that the other use case ends in."""
    return Predictor.load(other_project.path / "models" / "package")


def test_only_the_use_case_and_params_are_replaced(other_project: Project) -> None:
    """Another use case needs its folder, its tests and params.yaml, and no change to another file of a person."""
    changed = other_project.run("git", "diff", "--name-only", "HEAD").stdout.split()
    added = other_project.run("git", "ls-files", "--others", "--exclude-standard").stdout.split()
    written = {name for name in [*changed, *added] if name != "dvc.lock" and name not in other_project.hashes()}
    assert "src/usecase/features.py" in written
    assert {name for name in written if not name.startswith(("src/usecase/", "tests/"))} == {"params.yaml"}


def test_stages_depend_on_the_code_of_another_use_case(other_project: Project) -> None:
    """The dependencies in dvc.yaml hold for another use case as they stand."""
    assert "exactly the code they run" in other_project.run("python", "-m", "mainline", "deps").stdout


def test_another_use_case_keeps_the_contract(other_project: Project) -> None:
    """The tests that the template keeps pass as they stand, on what the pipeline made of other data."""
    said = other_project.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-q").stdout
    assert re.search(r"^\d+ passed in", said, re.MULTILINE)


def test_pipeline_makes_every_declared_output(other_project: Project) -> None:
    """Every output that the lock names is there, although no table moves and no feature is text."""
    outputs = other_project.hashes()
    assert "models/package" in outputs
    assert all((other_project.path / name).exists() for name in outputs)


def test_package_answers_without_training_libraries(other_project: Project) -> None:
    """Golden requests get the golden predictions, to the last bit, where scikit-learn and pandas are absent."""
    answered = other_project.run("python", "-c", ANSWER_GOLDEN_REQUESTS).stdout
    assert json.loads(answered) == _read(other_project, "models/package/golden.json")["predictions"]


def test_model_beats_the_baseline(other_project: Project) -> None:
    """The classifier's log loss on the test months is less than half of the constant prediction's."""
    test, baseline = (_read(other_project, f"metrics/{name}.json") for name in ("test", "baseline"))
    assert test["ratio"] < 0.5
    assert test["log_loss"] == pytest.approx(test["ratio"] * baseline["log_loss"], rel=1e-4)


def test_a_rule_of_the_use_case_is_the_bar(changeable_project: Project) -> None:
    """A rule that is better than the constant is the bar, in the pipeline and in the gate."""
    with (changeable_project.path / "src/usecase/scoring.py").open("a") as file:
        file.write(RULE)
    said = changeable_project.run("dvc", "repro").stdout
    test, baseline = (_read(changeable_project, f"metrics/{name}.json") for name in ("test", "baseline"))
    assert baseline["rule"] == baseline["log_loss"] < baseline["constant"]
    assert test["log_loss"] == pytest.approx(test["ratio"] * baseline["rule"], rel=1e-4)
    assert f"of the baseline (the rule; constant {baseline['constant']:.4g}, rule {baseline['rule']:.4g})" in said
    changeable_project.run("python", "-m", "mainline", "gate", succeed=None)
    checks = {check["name"]: check for check in _read(changeable_project, "metrics/report/gate.json")["checks"]}
    assert checks["against the baseline"]["observed"] == f"{test['ratio']:.3f}"
    assert checks["against the baseline"]["reason"] == "log_loss over the baseline's, of the use case's own rule."


def test_metrics_are_those_of_classification(other_project: Project) -> None:
    """A classification reports every metric of two classes, the primary one first, and nothing of a regression."""
    measured = [metric.name for metric in scorer("classification").metrics]
    assert measured[:2] == ["log_loss", "brier"]
    assert list(_read(other_project, "metrics/baseline.json")) == ["rows", *measured]


def test_every_slice_is_measured(other_project: Project) -> None:
    """The segments in slices.csv are those of the use case, each with its own interval."""
    header, *rows = (other_project.path / "metrics" / "slices.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows] == [["size", value] for value in ("large", "medium", "small")]
    assert all(all(row.split(",")) for row in rows), header


def test_summary_reads_for_classification(other_project: Project) -> None:
    """The summary names the estimator, what a prediction means, and the gain in log loss."""
    said = other_project.run("python", "-m", "mainline", "summary").stdout
    assert "LogisticRegression predicts malignant: Probability that the sample is malignant\n" in said
    assert re.search(r"tested on +94 rows of 2024-06", said)
    assert re.search(r"log_loss is \d\d% better than the baseline; 95 % interval 0\.\d+ to 0\.\d+", said)


def test_result_repeats_from_scratch(other_project: Project, tmp_path: Path) -> None:
    """The same use case run in another place gives the same hash for every output."""
    assert project.other(tmp_path / "project").hashes() == other_project.hashes()


def test_unknown_field_is_named(predictor: Predictor, other_project: Project) -> None:
    """A request with a field that the use case does not declare is refused in one line."""
    request = _read(other_project, "models/package/golden.json")["requests"][0]
    with pytest.raises(RequestError, match=r"^row 0: carrier: is unknown; the fields are .*\bsample\b.*\.$"):
        predictor.predict([request | {"carrier": "UA"}])


def test_archive_is_looked_up_by_sample(predictor: Predictor, other_project: Project) -> None:
    """What the archive knows of a sample changes its prediction, and without a number it is predicted all the same."""
    request = _read(other_project, "models/package/golden.json")["requests"][0]
    known, unknown = predictor.predict([request, {name: request[name] for name in request if name != "sample"}])
    assert known != unknown
    assert 0 < unknown < 1


@pytest.mark.parametrize(
    ("estimator", "params", "format_"),
    [
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 20}, "onnx"),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 5}, "onnx"),
    ],
)
def test_another_classifier_is_one_line(
    changeable_project: Project, estimator: str, params: dict[str, int], format_: str
) -> None:
    """Another model.type in params.yaml trains, beats the baseline and is packaged in a form that is faithful."""
    changeable_project.declare(model={"type": estimator, "params": params})
    changeable_project.run("dvc", "repro", "--quiet")
    model = _read(changeable_project, "models/package/manifest.json")["model"]
    assert (model["type"], model["format"]) == (estimator, format_)
    assert _read(changeable_project, "metrics/test.json")["ratio"] < 1


@pytest.mark.parametrize(
    ("estimator", "found"),
    [
        ("sklearn.linear_model.Ridge", "is not a classification estimator; the use case's TASK is classification"),
        (
            "sklearn.svm.LinearSVC",
            (
                "gives no probabilities; declare a classifier with predict_proba, or a hyperparameter that gives it, "
                "such as voting: soft"
            ),
        ),
    ],
)
def test_estimator_of_another_kind_is_refused(changeable_project: Project, estimator: str, found: str) -> None:
    """An estimator that can't give probabilities stops training with one line that says why."""
    changeable_project.declare(model={"type": estimator, "params": {}})
    said = changeable_project.run("python", "-m", "mainline.stages", "train", succeed=False, env=harness.PINNED).stderr
    assert f"train failed: params.yaml: model.type: {estimator} {found}.\n" in said
    assert "Traceback" not in said


def test_guide_states_the_true_cost() -> None:
    """The line counts in docs/use-case.md are those of this example."""
    guide = (ENGINE / "docs" / "use-case.md").read_text(encoding="utf-8")
    stated = {name: int(lines) for lines, name in re.findall(r"^ +(\d+) (engine/tests/other_\S+)$", guide, re.M)}
    files = [*OTHER.glob("usecase/*.py"), OTHER / "params.yaml"]
    assert stated == {file.relative_to(ROOT).as_posix(): len(file.read_bytes().splitlines()) for file in files}


def _read(made: Project, name: str) -> dict[str, Any]:
    return dict(json.loads((made.path / name).read_text(encoding="utf-8")))
