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


def test_the_contract_is_kept_and_the_model_trains(flower_project: Project) -> None:
    """The tests that the template keeps pass as they stand, for three classes and a linear model."""
    assert " passed in" in flower_project.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-q").stdout


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
    assert "train failed: params.yaml: data: no row to fit on is labelled 'rose'; take more rows to fit on, by" in said
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
    said = changeable.run("python", "-m", "mainline.stages", "validate", succeed=False, env=harness.PINNED).stderr
    assert "the label 'species' is declared as str" in said
    assert 'list them in CLASSES, with TASK "classification" for two and "multiclass" for more' in said


def test_two_classes_with_names_have_a_threshold_by_costs(changeable: Project) -> None:
    """Of two text labels the second is positive; its threshold is where mistakes on validation rows cost least."""
    interface, source = (changeable.path / f"src/usecase/{name}.py" for name in ("interface", "source"))
    interface.write_text(
        interface.read_text()
        .replace('"multiclass"', '"classification"')
        .replace('("setosa", "versicolor", "virginica")', '("other", "virginica")')
        .replace(
            '"string", "Species of the flower", "versicolor")', '"number", "Its chance", 0.5, minimum=0, maximum=1)'
        )
    )
    schema = changeable.path / "src/usecase/schema.py"
    schema.write_text(schema.read_text().replace('["setosa", "versicolor", "virginica"]', '["other", "virginica"]'))
    marked = 'np.where(loaded.target.iloc[number] == 2, "virginica", "other")'
    source.write_text(source.read_text().replace("loaded.target_names[loaded.target.iloc[number]]", marked))
    costs = {"false_positive": 1, "false_negative": 5}
    changeable.declare(evaluation={"metric": "roc_auc", "costs": costs})
    changeable.run("dvc", "repro", "--quiet")
    test, manifest = read(changeable, "metrics/test.json"), read(changeable, "models/package/manifest.json")
    kept = read_columns(changeable.path / "data/predictions/test.parquet")
    assert (list(test)[1], manifest["classes"]) == ("roc_auc", ["other", "virginica"])
    assert test["roc_auc"] == pytest.approx(sk.roc_auc_score(kept["actual"], kept["predicted"]), rel=1e-4)
    assert test["ratio"] == pytest.approx((1 - test["roc_auc"]) / 0.5, rel=1e-3)
    assert 0 < test["threshold"] < 0.5
    said = kept["predicted"] >= test["threshold"]
    assert test["recall"] == pytest.approx(sk.recall_score(kept["actual"], said), rel=1e-4)
    assert test["cost"] == pytest.approx(np.mean(np.where(kept["actual"] == 1, 5 * ~said, said)), rel=1e-4)
    card = (changeable.path / "models/package/model_card.md").read_text()
    assert f"a probability of {test['threshold']:.4g} or more counts as virginica: where mistakes on the vali" in card
    changeable.run("python", "-m", "mainline", "gate", succeed=None)
    found = read(changeable, "metrics/report/gate.json")
    assert found["comparison"]["compared"] == "1 - roc_auc"
    assert found["threshold"].startswith(f"{test['threshold']:.4g} or more counts as virginica; where mistakes")
    assert found["confusion"]["classes"] == ["other", "virginica"]


def test_three_classes_are_searched(changeable: Project) -> None:
    """`./mainline tune --write` compares trials of three classes, keeps them and declares the best."""
    changeable.declare(model={"params": {"C": 0.001}})
    with (changeable.path / "params.yaml").open("a") as file:
        file.write("tune: {trials: 3, space: {C: [0.001, 0.01, 10.0]}}\n")
    said = changeable.run("./mainline", "tune", "--write").stdout
    trials = [line.split(",") for line in (changeable.path / "metrics/tuning.csv").read_text().splitlines()]
    assert trials[0][:4] == ["model", "trial", "C", "metric"]
    losses = {float(row[2]): float(row[3]) for row in trials[1:]}
    assert min(losses, key=losses.__getitem__) == 10.0
    assert "judged by log_loss on 25 rows of 2024-04." in said
    assert "significantly better than declared" in said
    assert "C: 10.0" in (changeable.path / "params.yaml").read_text()


RESPOND = "    return raw\n"
COMPUTE = "    return {name: np.asarray(columns[name], dtype=np.float32) for name in NUMERIC}\n"


@pytest.mark.parametrize(
    ("module", "before", "after", "said"),
    [
        (
            "features",
            COMPUTE,
            "    return {name: np.float32(columns[name] - np.mean(columns[name])) for name in NUMERIC}\n",
            "training/serving skew: sepal_length differs in 50 of 50 rows. A feature must depend on its ",
        ),
        (
            "scoring",
            RESPOND,
            "    return (raw + raw.mean(axis=0)) / 2\n",
            "apart alone and in a batch; limits.parity allows 1e-05. respond() in src/usecase/scoring.py must look at",
        ),
        (
            "scoring",
            RESPOND,
            "    return raw[:, ::-1] if __name__.startswith('mainline_package') else raw\n",
            "package failed: training/serving skew: the prediction differs in 50 of 50 rows, though every feature is ",
        ),
    ],
    ids=["feature", "batch", "prediction"],
)
def test_the_part_that_is_at_fault_is_named(
    changeable: Project, module: str, before: str, after: str, said: str
) -> None:
    """A feature that looks at its batch, a respond() that does, and one that answers otherwise, are told apart."""
    file = changeable.path / f"src/usecase/{module}.py"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))
    assert said in changeable.run("dvc", "repro", "--quiet", succeed=False).stderr
