"""`split.refit`: the served model is fitted again on all rows, and every figure stays that of the measured model."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.gate import findings, production
from mainline.package import manifest as manifests
from mainline.package.predictor import Predictor
from mainline.registry.tags import Version
from tests.project import Project

PACKAGE = "models/package"
FIT_ON_ALL = """
import json, sys
from pathlib import Path
from mainline.data import dataset
from mainline.declared.params import load
from mainline.stages import fitting
from usecase import interface
params = load()
asked = [field.name for field in interface.REQUEST]
parts = sorted(file.stem for file in Path("data/features").iterdir())
rows = dataset.read(dataset.FOLDER, (*params.parts.train, *params.parts.validation, *params.parts.test), asked,
                     params.features)
assert {*params.parts.train, *params.parts.validation, *params.parts.test} == set(parts)
test = dataset.read(dataset.FOLDER, params.parts.test, asked, params.features)
print(json.dumps([len(rows), fitting.predict(fitting.fit(params, rows), test, params).tolist()]))
"""
"""Fits the declared model on every prepared row there is: how many these are, and what it predicts of the test rows."""


@pytest.fixture(scope="module", params=["other", pytest.param("timeless", marks=pytest.mark.slow)])
def before(request: pytest.FixtureRequest) -> Project:
    """A use case with time and one without, as trained without a refit."""
    return request.getfixturevalue(f"{request.param}_project")


@pytest.fixture(scope="module")
def after(before: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same with a refit."""
    made = before.twin(tmp_path_factory.mktemp("refit") / "project")
    made.declare(split={"refit": True})
    said = made.run("python", "-m", "mainline", "repro").stdout
    assert "all of these, to serve; the figures are of the measured model" in " ".join(said.split())
    return made


def test_everything_but_the_package_stays_as_it_was(before: Project, after: Project) -> None:
    """Features, the measured model, its predictions and every figure in git have the bytes of no refit."""
    old, new = before.hashes(), after.hashes()
    assert {name for name in old if old[name] != new[name]} == {PACKAGE}


def test_package_has_the_measured_model_and_answers_with_the_served_one(after: Project) -> None:
    """The served model predicts as a fit on every prepared row does, and the measured model is kept beside it."""
    count, expected = json.loads(after.run("python", "-c", FIT_ON_ALL).stdout.splitlines()[-1])
    package, manifest = after.path / PACKAGE, _manifest(after)
    model = json.loads((after.path / "models/model/model.json").read_text())
    measured = after.path / f"models/model/model.{model['format']}"
    assert manifest["judged"] == model
    assert (package / f"judged.{model['format']}").read_bytes() == measured.read_bytes()
    assert manifest["refit"] == {"rows": count}
    assert {manifest["model"].get(name) for name in ("threshold",)} == {model.get("threshold")}
    assert manifest["model"]["baseline"] == model["baseline"]
    kept = pd.read_parquet(after.path / "data/predictions/test.parquet")
    names = manifest.get("classes", ["predicted"])
    served, unseen = _predictions(after, measured=False), _predictions(after, measured=True)
    np.testing.assert_allclose(served, expected, atol=1e-4)
    np.testing.assert_allclose(unseen, np.squeeze(kept[[*map(str, names)]].to_numpy()) if len(names) > 2
                               else kept["predicted"], atol=1e-6)  # fmt: skip
    assert np.abs(served - unseen).max() > 1e-3


def test_package_repeats_itself(after: Project, tmp_path: Path) -> None:
    """Put together again, it has the same bytes."""
    twin = after.twin(tmp_path / "project")
    twin.run("python", "-m", "mainline", "stage", "package")
    assert _manifest(twin)["digest"] == _manifest(after)["digest"]


def test_gate_judges_the_measured_model_and_says_so(before: Project, after: Project) -> None:
    """Every quality is that of no refit; a check of its own says that the served model was never measured."""
    old, new = (_judge(project) for project in (before, after))
    assert new.metrics == old.metrics
    assert new.comparison == old.comparison
    assert new.slices == old.slices
    (found,) = (check for check in new.checks if check.name == "refit")
    assert found.verdict == "pass"
    assert "nothing measured it" in found.reason
    assert f"all {_manifest(after)['refit']['rows']:,} rows" in found.reason
    assert not [check for check in old.checks if check.name == "refit"]
    verdicts = {check.name: check.verdict for check in new.checks}
    assert verdicts["package"] == "pass"
    assert "served model: all rows" in new.candidate.train
    assert "was never measured" in (after.path / PACKAGE / "model_card.md").read_text()


def test_gate_compares_with_the_measured_model_of_production(after: Project, tmp_path: Path) -> None:
    """What production was fitted on again flatters it, so its measured model is the one to beat."""
    version = Version("v1.0.0", "c" * 40)
    shutil.copytree((after.path / PACKAGE).resolve(), tmp_path / version.name)
    released = production.load(version, tmp_path).predictor
    np.testing.assert_array_equal(_test_predictions(after, released), _predictions(after, measured=True))


def _judge(project: Project) -> findings.Findings:
    project.run("python", "-m", "mainline", "gate", succeed=None)
    return findings.read((project.path / findings.FILE).read_bytes())


def _manifest(project: Project) -> dict[str, Any]:
    return manifests.verify(project.path / PACKAGE)


def _predictions(project: Project, measured: bool) -> Any:
    """Predict the test rows with one of the two models of a package."""
    return _test_predictions(project, Predictor.load(project.path / PACKAGE, measured=measured))


def _test_predictions(project: Project, loaded: Predictor) -> Any:
    from mainline.data import dataset

    parts = loaded.manifest["window"]["test"] if "snapshot" not in loaded.manifest else ("test",)
    rows = dataset.read(project.path / dataset.FOLDER, parts, [field.name for field in loaded.request], [])
    return loaded.predict_columns(rows.request)
