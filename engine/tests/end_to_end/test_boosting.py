"""XGBoost and LightGBM on the flights, from a declared line to a model that is verified, searched and explained."""

import json
import re
from typing import Any

import pytest

from tests import extras
from tests.end_to_end.test_estimators import GATE
from tests.project import Project

pytestmark = pytest.mark.slow

MODELS: dict[str, dict[str, Any]] = {
    "XGBoost": {"type": "xgboost.XGBRegressor", "params": {"n_estimators": 40, "max_depth": 5, "subsample": 0.8}},
    "LightGBM": {"type": "lightgbm.LGBMRegressor", "params": {"n_estimators": 40, "min_child_samples": 100}},
}
SPACE: dict[str, dict[str, list[float]]] = {
    "XGBoost": {"max_depth": [5, 7]},
    "LightGBM": {"num_leaves": [15, 31], "max_bin": [255]},
}


@pytest.mark.parametrize("library", MODELS)
def test_the_flights_are_fitted_packaged_and_verified(small_project: Project, tmp_path: Any, library: str) -> None:
    """The model is ONNX, repeats to the last byte from nothing, is searched and explained, and answers alone."""
    project = small_project.twin(tmp_path / "project")
    extras.switch_on(project, library.lower())
    tune = {"trials": 2, "space": SPACE[library]}
    project.declare(model=MODELS[library], gate=GATE, limits={"parity": 0.001}, tune=tune)
    project.run("python", "-m", "mainline", "repro")
    manifest = json.loads((project.path / "models/package/manifest.json").read_text())
    assert (manifest["model"]["format"], manifest["model"]["reason"]) == ("onnx", "")
    assert manifest["model"]["parity"] < 1e-4
    assert manifest["parity"]["batch"] == 0
    requirements = (project.path / "models/package/requirements.txt").read_text()
    assert re.findall(r"^[\w-]+", requirements, re.MULTILINE) == ["numpy", "onnxruntime"]
    assert (
        f"- Largest difference from {library} on the test rows"
        in (project.path / "models/package/model_card.md").read_text()
    )
    test, baseline = (json.loads((project.path / f"metrics/{name}.json").read_text()) for name in ("test", "baseline"))
    assert test["rmse"] < 0.95 * baseline["rmse"]
    curve = (project.path / "metrics/plots/learning.csv").read_text().splitlines()
    assert len(curve) == 1 + 2 * 40
    project.commit(f"Fit with {library}")
    assert "The lock is true" in project.run("python", "-m", "mainline", "verify").stdout
    tuned = project.run("python", "-m", "mainline", "tune").stdout
    assert tuned.startswith("2 trials, ")
    assert "dep_delay" in project.run("python", "-m", "mainline", "explain").stdout
    said = project.run("python", "-m", "mainline", "check-package", "models/package").stdout
    assert re.search(r"ok +golden requests +0 of 20 differ", said), said
