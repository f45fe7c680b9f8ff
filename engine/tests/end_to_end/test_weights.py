"""A use case whose rows count by a weight, from the fit to the report."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mainline.data.storage import read_columns
from mainline.gate.findings import Findings
from mainline.report import markdown, page
from tests.project import Project

NAMES = ("setosa", "versicolor", "virginica")
WEIGHT = '''

def weight(label: Array, columns: Columns) -> Array:
    """How much a flower counts: a virginica as five others."""
    return np.where(label == 2, {heavy}, 1.0)
'''


@pytest.fixture(scope="module")
def weighed(flower_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The use case of three classes with weights, its pipeline run and judged by the gate."""
    made = declare(flower_project.twin(tmp_path_factory.mktemp("weighed") / "project"), "5.0")
    made.run("python", "-m", "mainline", "repro")
    made.run("python", "-m", "mainline", "gate", succeed=None)
    return made


def declare(project: Project, heavy: str) -> Project:
    """Let the use case weigh its rows."""
    scoring = project.path / "src/usecase/scoring.py"
    scoring.write_text(scoring.read_text() + WEIGHT.format(heavy=heavy))
    return project


def read(project: Project, name: str) -> Any:
    """Read JSON out of a project."""
    return json.loads((project.path / name).read_text())


def test_metrics_are_scikit_learn_s_with_sample_weight(weighed: Project, flower_project: Project) -> None:
    """What is kept beside the predictions are the weights, and metrics/test.json is what they give."""
    kept, found = read_columns(weighed.path / "data/predictions/test.parquet"), read(weighed, "metrics/test.json")
    probability = np.stack([kept[f"probability_{name}"] for name in NAMES], axis=1)
    probability /= probability.sum(axis=1, keepdims=True)  # of float32
    weight = kept["sample_weight"]
    assert set(weight[kept["actual"] == 2]) == {5.0}
    assert found["log_loss"] == pytest.approx(sk.log_loss(kept["actual"], probability, sample_weight=weight), rel=1e-4)
    right = kept["actual"] == kept["predicted"]
    assert found["accuracy"] == pytest.approx(np.average(right, weights=weight), rel=1e-4)
    assert found["low"] < found["log_loss"] < found["high"]
    assert found["effective_rows"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum(), rel=1e-4)
    shares = read(weighed, "models/model/model.json")["baseline"]
    assert shares[2] == pytest.approx(5 / 7, abs=0.1)
    plain = read(flower_project, "metrics/test.json")
    assert "effective_rows" not in plain
    assert "sample_weight" not in read_columns(flower_project.path / "data/predictions/test.parquet")


def test_the_gate_measures_what_the_pipeline_did(weighed: Project) -> None:
    """The findings have the pipeline's weighted metrics, of all rows and of each class."""
    gate, test = read(weighed, "metrics/report/gate.json"), read(weighed, "metrics/test.json")
    for metric in gate["metrics"]:
        assert metric["candidate"] == pytest.approx(test[metric["name"]], rel=1e-4)
    for scored in gate["classes"]:
        assert scored["precision"] == pytest.approx(test[f"precision of {scored['name']}"], rel=1e-4)
    segments = {(part["column"], part["value"]): part["candidate"] for part in gate["slices"]}
    rows = (weighed.path / "metrics/slices.csv").read_text().splitlines()[1:]
    assert len(segments) == len(rows) == 2
    for line in rows:
        column, value, _, metric, *_ = line.split(",")
        assert segments[column, value] == pytest.approx(float(metric), rel=1e-4)


def test_report_and_card_say_by_what_metrics_are_weighted(weighed: Project) -> None:
    """One line has the use case's own words, and the package's card names the function."""
    content = read(weighed, "metrics/report/gate.json")
    assert content["weights"].startswith(
        "weight() in src/usecase/scoring.py, 'How much a flower counts: a virginica as five others.': from 1 to 5, so "
    )
    findings = Findings.model_validate_json((weighed.path / "metrics/report/gate.json").read_bytes())
    for text in (markdown.render(findings), page.render(findings)):
        assert "Metrics, intervals and slices are weighted by" in text
    card = (weighed.path / "models/package/model_card.md").read_text()
    assert "\nMetrics are weighted by `weight` in `code/scoring.py`: the test rows tell as much as " in card


def test_a_negative_weight_stops_the_pipeline_in_one_line(flower_project: Project, tmp_path: Path) -> None:
    """The line names the row and its label, and nothing is fitted."""
    project = declare(flower_project.twin(tmp_path / "project"), "-1.0")
    said = project.run("dvc", "repro", "--quiet", succeed=False).stderr
    assert "train failed: src/usecase/scoring.py: weight returns -1 for row " in said
    assert "Traceback" not in said
