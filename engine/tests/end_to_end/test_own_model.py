"""A model type of the user's own, from a file in `src/usecase/` to an answer that needs none of it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests import own_models
from tests.end_to_end.test_estimators import GATE
from tests.project import Project

FILE = "src/usecase/models.py"


@pytest.fixture
def declared(small_project: Project, tmp_path: Path) -> Project:
    """The flights with the class of the documentation, not yet among the dependencies."""
    project = small_project.twin(tmp_path / "project")
    (project.path / FILE).write_text(own_models.documented())
    params = yaml.safe_load((project.path / "params.yaml").read_text())
    model = {"type": own_models.BOUNDED, "params": {"alpha": 1.0}}
    tune = {"trials": 2, "space": {"alpha": [1.0, 10.0]}}
    (project.path / "params.yaml").write_text(yaml.safe_dump({**params, "model": model, "tune": tune}, sort_keys=False))
    return project


@pytest.mark.parametrize("command", [("dvc", "repro"), ("python", "-m", "mainline", "repro")], ids=["dvc", "make"])
def test_nothing_is_fitted_that_an_edit_would_not_fit_again(declared: Project, command: tuple[str, ...]) -> None:
    """Both ways to run the pipeline say in one line what is missing, and what adds it."""
    said = declared.run(*command, succeed=False)
    line = (
        f"{FILE}, which usecase.models.Bounded needs, is not among the deps of train in dvc.yaml, so that a "
        "change of it would not be seen. `./mainline deps --write` adds it."
    )
    assert line in said.stderr
    assert ("train failed" in said.stderr) == (command[0] == "dvc")  # the other says it before anything runs


@pytest.mark.slow
def test_a_class_of_the_use_case_is_trained_packaged_and_answers(declared: Project) -> None:
    """The guide's steps: it repeats, is searched, explained and packed without its code, and an edit fits it again."""
    declared.declare(gate=GATE)
    declared.run("python", "-m", "mainline", "deps", "--write")
    declared.run("python", "-m", "mainline", "repro")
    package = declared.path / "models/package"
    manifest = json.loads((package / "manifest.json").read_text())
    assert (manifest["model"]["type"], manifest["model"]["format"]) == (own_models.BOUNDED, "onnx")
    assert manifest["model"]["parity"] < 1e-3
    assert "- Largest difference from its class on the test rows" in (package / "model_card.md").read_text()
    requirements = (package / "requirements.txt").read_text()
    assert re.findall(r"^[\w-]+", requirements, re.MULTILINE) == ["numpy", "onnxruntime"]
    assert not [path for path in package.rglob("*") if path.is_file() and b"class Bounded" in path.read_bytes()]
    test, baseline = (json.loads((declared.path / f"metrics/{name}.json").read_text()) for name in ("test", "baseline"))
    assert test["rmse"] < 0.95 * baseline["rmse"]
    declared.commit("Fit with a class of our own")
    assert "The lock is true" in declared.run("python", "-m", "mainline", "verify").stdout
    assert declared.run("python", "-m", "mainline", "tune").stdout.startswith("2 trials, ")
    assert "dep_delay" in declared.run("python", "-m", "mainline", "explain").stdout
    (declared.path / "src/usecase").rename(declared.path / "src/gone")
    said = declared.run("python", "-m", "mainline", "check-package", "models/package").stdout
    assert re.search(r"ok +golden requests +0 of 20 differ", said), said
    (declared.path / "src/gone").rename(declared.path / "src/usecase")
    assert declared.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    file = declared.path / FILE
    file.write_text(file.read_text().replace("y.min(), y.max()", "y.min() / 2, y.max() / 2"))
    stale = json.loads(declared.run("dvc", "status", "--json").stdout)
    assert [stage for stage in ("train", "package") if f"'{FILE}': 'modified'" in str(stale.get(stage))] == [
        "train",
        "package",
    ]
    before = declared.hashes()["models/model"]
    declared.run("dvc", "repro", "--quiet")
    assert declared.hashes()["models/model"] != before
