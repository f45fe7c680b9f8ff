"""A use case of three classes with text labels through the machinery: pipeline, package, gate and report."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mainline.data.columns import from_rows
from mainline.data.storage import read_columns
from mainline.package.predictor import Predictor
from mainline.stages import harness
from tests.project import Project

NAMES = ["setosa", "versicolor", "virginica"]
PROBABILITIES = [f"probability_{name}" for name in NAMES]


@pytest.fixture
def changeable(flower_project: Project, tmp_path: Path) -> Project:
    """The same, of its own."""
    return flower_project.twin(tmp_path / "project")


def read(project: Project, name: str) -> Any:
    """Read JSON out of a project."""
    return json.loads((project.path / name).read_text())


def test_labels_stay_text_outside_and_are_places_inside(flower_project: Project) -> None:
    """Test rows keep the place of the true class and of the one that is said, and the probability of each by name."""
    kept = read_columns(flower_project.path / "data/predictions/test.parquet")
    probability = np.stack([kept[name] for name in PROBABILITIES], axis=1)
    assert set(kept["actual"]) == {0, 1, 2}
    assert (kept["predicted"] == probability.argmax(axis=1)).all()
    assert probability.sum(axis=1) == pytest.approx(1)
    header = (flower_project.path / "metrics/reference.csv").read_text().splitlines()[0]
    assert header == ",".join(["measured_at", "flower", "predicted", *PROBABILITIES])


def test_metrics_are_those_of_the_kept_predictions(flower_project: Project) -> None:
    """What metrics/test.json says is what scikit-learn measures on the kept rows, of all and of one class."""
    kept = read_columns(flower_project.path / "data/predictions/test.parquet")
    probability, found = (
        np.stack([kept[name] for name in PROBABILITIES], axis=1),
        read(flower_project, "metrics/test.json"),
    )
    assert list(found)[:3] == ["rows", "log_loss", "brier"]
    probability /= probability.sum(axis=1, keepdims=True)  # of float32
    assert found["log_loss"] == pytest.approx(sk.log_loss(kept["actual"], probability), rel=1e-4)
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(kept["actual"], probability, multi_class="ovr"), rel=1e-4)
    said, true = kept["predicted"] == 1, kept["actual"] == 1
    assert found["precision of versicolor"] == pytest.approx(sk.precision_score(true, said), rel=1e-4)
    assert found["ratio"] < 0.7


def test_baseline_is_how_frequent_each_class_is(flower_project: Project) -> None:
    """The simplest model gives each class its share of the rows that were fitted on."""
    shares = read(flower_project, "models/model/model.json")["baseline"]
    assert (len(shares), sum(shares)) == (3, pytest.approx(1))
    assert read(flower_project, "metrics/baseline.json")["log_loss"] == pytest.approx(np.log(3), rel=0.05)


def test_plots_are_of_classes(flower_project: Project) -> None:
    """Calibration is by class, the confusion matrix counts every test row, and there is no error of a class."""
    plots = flower_project.path / "metrics/plots"
    calibration = (plots / "calibration.csv").read_text().splitlines()
    assert calibration[0] == "class,predicted,actual,rows"
    assert {line.split(",")[0] for line in calibration[1:]} == set(NAMES)
    header, *cells = (plots / "confusion.csv").read_text().splitlines()
    assert (header, len(cells)) == ("actual,predicted,rows,share", 9)
    assert sum(int(cell.split(",")[2]) for cell in cells) == 50
    assert (plots / "residuals.csv").read_text() == "error,rows\n"


def test_package_predicts_a_probability_of_each_class(flower_project: Project) -> None:
    """The manifest names the classes in the order of the columns, and a row alone is predicted as in a batch."""
    predictor = Predictor.load(flower_project.path / "models/package")
    assert (predictor.manifest["task"], predictor.manifest["classes"]) == ("multiclass", NAMES)
    requests = read(flower_project, "models/package/golden.json")["requests"]
    whole = predictor.predict_columns(from_rows(requests, predictor.request))
    alone = predictor.predict_columns(from_rows(requests[:1], predictor.request))
    assert (whole.shape, alone.shape) == ((20, 3), (1, 3))
    assert alone[0] == pytest.approx(whole[0], abs=1e-6)


def test_use_case_keeps_the_contract(flower_project: Project) -> None:
    """Every claim of the contract holds for labels that are text."""
    flower_project.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-q")


def test_card_names_classes_and_metrics(flower_project: Project) -> None:
    """The card says which classes there are, in the order of the probabilities."""
    card = (flower_project.path / "models/package/model_card.md").read_text()
    assert "- Classes: setosa, versicolor, virginica\n" in card
    assert "\n| roc_auc | " in card


@pytest.mark.parametrize(
    ("type_", "params", "format_"),
    [
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 20, "min_samples_leaf": 5}, "onnx"),
        pytest.param("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 9}, "", marks=pytest.mark.slow),
        pytest.param("sklearn.neighbors.KNeighborsClassifier", {"n_neighbors": 9}, "", marks=pytest.mark.slow),
    ],
)
def test_another_classifier_is_one_line(changeable: Project, type_: str, params: dict[str, Any], format_: str) -> None:
    """Another family is packaged in a form that gives the same three probabilities as scikit-learn."""
    changeable.declare(model={"type": type_, "params": params}, evaluation={"metric": "f1"})
    changeable.run("dvc", "repro", "--quiet")
    model, test = read(changeable, "models/package/manifest.json")["model"], read(changeable, "metrics/test.json")
    assert (model["format"] == format_ or not format_, list(test)[1]) == (True, "f1")
    assert test["ratio"] < 0.7


def test_a_class_that_never_occurs_is_named(changeable: Project) -> None:
    """A class without a row to fit on stops training in one line."""
    interface = changeable.path / "src/usecase/interface.py"
    interface.write_text(interface.read_text().replace('"virginica")', '"virginica", "rose")'))
    said = changeable.run("dvc", "repro", "--quiet", succeed=False).stderr
    assert "train failed: params.yaml: data: no row to fit on is labelled 'rose'; widen the window, or" in said
    assert "Traceback" not in said


def test_text_labels_without_classes_say_what_to_declare(changeable: Project) -> None:
    """A use case that names no classes is told both lines that it lacks."""
    interface = changeable.path / "src/usecase/interface.py"
    text = interface.read_text().replace('CLASSES: Classes = ("setosa", "versicolor", "virginica")\n', "")
    interface.write_text(
        text.replace('"multiclass"', '"classification"').replace(
            'Field("species", "string", "Species of the flower", "versicolor")',
            'Field("species", "number", "A species", 0.5)',
        )
    )
    said = changeable.run("python", "-m", "mainline.stages", "validate", succeed=False, **harness.PINNED).stderr
    assert "the label 'species' is declared as str" in said
    assert 'list them in CLASSES, with TASK "classification" for two and "multiclass" for more' in said
