"""Estimators whose last bits move with their batch: trained, judged, released, and taken by the server's own check."""

import json
import re
from typing import Any

import pytest

from mainline.model import batches
from tests.project import Project

pytestmark = pytest.mark.slow

REGRESSORS = {
    "sklearn.linear_model.Ridge": {},
    "sklearn.svm.SVR": {},
    "sklearn.gaussian_process.GaussianProcessRegressor": {"alpha": 0.1},
    "sklearn.kernel_ridge.KernelRidge": {},
}
CLASSIFIERS = {
    "sklearn.linear_model.LogisticRegression": {},
    "sklearn.svm.SVC": {"probability": True},
    "sklearn.gaussian_process.GaussianProcessClassifier": {},
    "sklearn.calibration.CalibratedClassifierCV": {},
}
LENIENT = {"min_rows": 50, "min_days": 14}
"""A month of this data is small."""


@pytest.fixture(scope="module")
def started(other_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small use case, committed, with a store; its label as a probability."""
    made = other_project.twin(tmp_path_factory.mktemp("estimators") / "project")
    made.run("python", "-m", "mainline", "remote", "../storage")
    made.declare(limits={"parity": 0.001})
    return made


@pytest.mark.parametrize("estimator", [*REGRESSORS, *CLASSIFIERS])
def test_what_is_released_is_taken_by_servers(started: Project, tmp_path: Any, estimator: str) -> None:
    """It is released only with a package that check-package takes, which says how far predictions may move."""
    project = started.twin(tmp_path / "project")
    if estimator in REGRESSORS:
        interface = project.path / "src/usecase/interface.py"
        interface.write_text(interface.read_text().replace('"classification"', '"regression"'))
    project.declare(
        model={"type": estimator, "params": (REGRESSORS | CLASSIFIERS)[estimator]},
        gate={"holdout": LENIENT, "suspicious_gain": 1.0, "max_bias": 1.0},
    )
    project.run("python", "-m", "mainline", "repro")
    project.commit("Train")
    assert "v1.0.0 is released." in project.run("python", "-m", "mainline", "promote").stdout
    project.run("python", "-m", "mainline", "fetch", "v1.0.0", "fetched")
    said = project.run("python", "-m", "mainline", "check-package", "fetched").stdout
    assert re.search(r"ok +golden requests +0 of 20 differ", said), said
    manifest = json.loads((project.path / "fetched/manifest.json").read_text())
    assert manifest["parity"]["batch"] <= 0.001
    assert manifest["parity"]["batch"] == batches.bound(manifest["parity"]["batch"] / 10)
