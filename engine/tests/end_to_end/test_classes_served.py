"""A model of three classes that the pipeline made, at the serving end: each way in gives what was measured."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mainline.contract import Array
from mainline.data import dataset
from mainline.data.columns import to_rows
from mainline.data.storage import read_columns
from mainline.declared import params
from mainline.gate import holdout, replay
from mainline.package.predictor import Predictor
from tests.mainline.serving.running import running
from tests.project import Project

NAMES = ("setosa", "versicolor", "virginica")


@pytest.fixture
def package(flower_project: Project) -> Path:
    """The package of the flowers."""
    return flower_project.path / "models/package"


@pytest.fixture
def measured(flower_project: Project) -> Array:
    """The probabilities that the pipeline kept of its test rows, shape (n, 3)."""
    kept = read_columns(flower_project.path / "data/predictions/test.parquet")
    return np.stack([kept[f"probability_{name}"] for name in NAMES], axis=1)


def test_server_answers_what_was_measured(
    flower_project: Project, package: Path, measured: Array, tmp_path: Path
) -> None:
    """Every test row, sent to a real server in one request and alone, gets the kept class and probabilities."""
    predictor = Predictor.load(package)
    declared = params.load(flower_project.path / "params.yaml")
    names = [field.name for field in predictor.request]
    tested = dataset.read(flower_project.path / dataset.FOLDER, declared.parts.test, names, [])
    rows = to_rows(tested.request, predictor.request)
    with running(tmp_path, package) as server:
        _, body = server.ask("/predict", rows)
        found = json.loads(body)["predictions"]
        _, alone = server.ask("/predict", rows[7])
    answered = np.array([[each["probabilities"][name] for name in NAMES] for each in found])
    assert np.abs(answered - measured).max() <= predictor.tolerance
    assert [each["class"] for each in found] == [NAMES[code] for code in answered.argmax(axis=1)]
    (one,) = json.loads(alone)["predictions"]
    assert np.abs(np.array([*one["probabilities"].values()]) - measured[7]).max() <= predictor.tolerance


def test_raw_batch_is_predicted_with_its_label_beside(
    flower_project: Project, package: Path, measured: Array, tmp_path: Path
) -> None:
    """The batch as the source delivered it, label and all, has a column more for the class and for each probability."""
    (source,) = sorted((flower_project.path / "data/raw").rglob("2024-06.parquet"))
    said = flower_project.run(
        "python", "-m", "mainline", "predict", str(source), "--package", str(package), "--output", str(tmp_path / "out")
    ).stdout
    assert "kept, but not read, since a request has no such field: species" in said
    found = pq.read_table(tmp_path / "out/predictions").to_pylist()
    assert {"flower", "measured_at", "species"} <= found[0].keys()
    answered = np.array([[row[f"probability_{name}"] for name in NAMES] for row in found])
    assert np.abs(answered - measured[-len(found) :]).max() <= Predictor.load(package).tolerance
    assert np.mean([row["species"] == row["predicted_species"] for row in found]) > 0.6


def test_package_may_take_traffic(flower_project: Project) -> None:
    """The trial before traffic holds golden requests of classes to what was sealed."""
    said = flower_project.run("python", "-m", "mainline", "check-package", "--unreleased").stdout
    assert "models/package may take traffic." in said


def test_gate_finds_the_package_as_it_was_measured(flower_project: Project, package: Path) -> None:
    """What the package predicts on its own test rows is what was kept of each class."""
    predictor = Predictor.load(package)
    rows = holdout.read(predictor, flower_project.path / dataset.FOLDER)
    predicted = predictor.predict_columns(rows.request)
    assert replay.differing(predictor, package, rows, predicted) == (0, len(predicted))
    assert replay.differing(predictor, package, rows, predicted[:, ::-1])[0] == len(predicted)
