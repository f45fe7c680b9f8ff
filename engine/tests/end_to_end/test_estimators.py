"""Estimators of every kind, also whose last bits move with their batch: trained, judged, released, and served."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.data.storage import read_columns
from mainline.declared.estimators import EXTRAS
from mainline.model import batches
from mainline.package.build import GOLDEN_ROWS
from tests import extras
from tests.end_to_end.whole_loop import POLICY, World, create
from tests.mainline.serving.running import Running
from tests.project import Project

pytestmark = pytest.mark.slow

REGRESSORS = {
    "sklearn.linear_model.Ridge": {},
    "sklearn.svm.SVR": {},
    "sklearn.gaussian_process.GaussianProcessRegressor": {"alpha": 0.1},
    "sklearn.kernel_ridge.KernelRidge": {},
    "xgboost.XGBRegressor": {},
    "lightgbm.LGBMRegressor": {},
}
CLASSIFIERS = {
    "sklearn.linear_model.LogisticRegression": {},
    "sklearn.svm.SVC": {"probability": True},
    "sklearn.gaussian_process.GaussianProcessClassifier": {},
    "sklearn.calibration.CalibratedClassifierCV": {},
    "xgboost.XGBClassifier": {},
    "lightgbm.LGBMClassifier": {},
}
GATE = {
    "holdout": {"min_rows": 50, "min_days": 14}, "suspicious_gain": 1.0, "max_bias": 9.0, "baseline_ratio": 9.0,
    "slices": {"relative_to_whole": 99.0, "relative_to_production": 1.0},
}  # fmt: skip
"""A month of this data is small, and not quality is asked for here but whether what is released is served."""


@pytest.fixture(scope="module")
def started(other_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small use case with a store, and memory for kernels, which keep every row that they were fitted on."""
    made = other_project.twin(tmp_path_factory.mktemp("estimators") / "project")
    made.run("python", "-m", "mainline", "remote", "../storage")
    made.declare(limits={"parity": 0.001})
    for file in (made.path / "deploy").glob("*.yaml"):
        file.write_text(file.read_text().replace("budgets: {", "budgets: {memory_mib: 1000, "))
    return made


@pytest.mark.parametrize("estimator", [*REGRESSORS, *CLASSIFIERS])
def test_what_is_released_is_taken_by_servers(started: Project, tmp_path: Any, estimator: str) -> None:
    """It is released only with a package that check-package takes, which says how far predictions may move."""
    project = started.twin(tmp_path / "project")
    _switch_on(project, estimator)
    if estimator in REGRESSORS:
        interface = project.path / "src/usecase/interface.py"
        interface.write_text(interface.read_text().replace('"classification"', '"regression"'))
    project.declare(
        model={"type": estimator, "params": (REGRESSORS | CLASSIFIERS)[estimator]},
        gate=GATE,
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


def _switch_on(project: Project, estimator: str) -> None:
    library = estimator.partition(".")[0]
    if library in EXTRAS:
        extras.switch_on(project, library)


@pytest.mark.parametrize(
    ("use_case", "estimator"),
    [
        ("flights", "sklearn.linear_model.Ridge"),
        ("samples", "sklearn.linear_model.LogisticRegression"),
        ("flights", "xgboost.XGBRegressor"),
        ("samples", "lightgbm.LGBMClassifier"),
    ],
)
def test_what_is_released_is_followed_and_served(
    request: pytest.FixtureRequest, tmp_path: Path, use_case: str, estimator: str
) -> None:
    """Behind a follower, each answers as the pipeline did, within what the package states."""
    made: Project = request.getfixturevalue({"flights": "small_project", "samples": "other_project"}[use_case])
    project = made.twin(tmp_path / "project")
    _switch_on(project, estimator)
    searched = (
        {"sklearn": {"alpha": [0.1, 1.0]}, "xgboost": {"max_depth": [3, 6]}}[estimator.partition(".")[0]]
        if (use_case == "flights")
        else {}
    )
    more = {"tune": {"space": searched}} if searched else {}
    world = create(tmp_path, project, None, POLICY)
    world.release("Train", model={"type": estimator, "params": {}}, gate=GATE, limits={"parity": 0.001}, **more)
    with world.service() as process:
        world.wait(lambda: world.stable() == "v1.0.0" and world.is_live("v1.0.0"), "the model serves")
        stated = _check_answers(world, Running(process, world.port, world.keys[0], "", tmp_path))
    assert (stated > 0) == estimator.startswith("sklearn.linear_model")


def _check_answers(world: World, server: Running) -> float:
    """Ask for the golden rows, together and one by one, and hold each to what the package states, which is returned."""
    package = world.project.path / "models/package"
    rows = json.loads((package / "golden.json").read_text())["requests"]
    kept = read_columns(world.project.path / "data/predictions/test.parquet", ["predicted"])["predicted"]
    expected = kept[np.linspace(0, len(kept) - 1, GOLDEN_ROWS).astype(int)]
    stated = json.loads((package / "manifest.json").read_text())["parity"]["batch"]
    assert stated <= 0.001
    for asked in (rows, *([row] for row in rows)):
        status, body = server.ask("/predict", asked)
        said = json.loads(body)
        assert (status, said["version"]) == (200, "v1.0.0"), body
        first = 0 if len(asked) > 1 else rows.index(asked[0])
        found = [next(iter(one.values())) for one in said["predictions"]]
        np.testing.assert_allclose(found, expected[first : first + len(asked)], rtol=0, atol=stated)
    return float(stated)
