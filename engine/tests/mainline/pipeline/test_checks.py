"""What is checked and said before anything runs."""

import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

import usecase
from mainline.claims import example
from mainline.declared import params
from mainline.errors import MainlineError, ParamsError, UseCaseError
from mainline.pipeline import checks
from tests.project import AUTHOR, FLIGHTS
from usecase import features, interface


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FLIGHTS)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "RESPONSE",
            replace(interface.RESPONSE, kind="string"),
            "RESPONSE: 'arr_delay' is a string; the prediction of",
        ),
        ("TASK", "ranking", r"TASK is 'ranking'; known: classification, multiclass, regression"),
        ("REQUEST", (replace(interface.REQUEST[0], kind=cast("Any", "date")),), "'time_hour' is of the kind 'date'"),
    ],
)
def test_declarations_that_contradict_each_other_are_refused(
    name: str, value: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Task, response and request are held together whether or not anything has changed."""
    monkeypatch.setattr(interface, name, value)
    with pytest.raises(UseCaseError, match=said):
        checks.check()


def test_a_file_that_was_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that git has and `ingest` reads is missed before DVC is, with the command that brings it back."""
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "my rows.csv"
    table.write_text("x\n1\n")
    (tmp_path / "dvc.yaml").write_text("stages: {ingest: {deps: [my rows.csv, made later.csv]}}\n")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], check=True)
    checks.check_files()
    table.unlink()
    with pytest.raises(MainlineError, match=r"^my rows\.csv is not there, .*`git checkout HEAD -- 'my rows\.csv'`"):
        checks.check_files()


def test_only_an_edit_of_tune_has_it_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another model, declared beside a search space of the one before, is trained; an edit of the space is checked."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    Path("params.yaml").write_text("model: a\ntune: {trials: 3}\n")
    assert checks._is_edited("tune", {"trials": 3}), "nothing is committed"
    subprocess.run(["git", "add", "params.yaml"], check=True)
    subprocess.run(["git", *AUTHOR, "commit", "--quiet", "--message", "Begin"], check=True)
    Path("params.yaml").write_text("model: b\ntune: {trials: 3}\n")
    assert not checks._is_edited("tune", {"trials": 3})
    assert checks._is_edited("tune", {"trails": 3})


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("margin: 0.01", "margn: 0.01", r"gate\.margn: is not a known key; did you mean 'margin'\?"),
        ("trials: 12", "trails: 12", r"tune\.trails: is not a known key; did you mean 'trials'\?"),
    ],
)
def test_a_typo_in_any_section_is_refused_before_anything_runs(
    key: str, typed: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sections that no stage reads are held to their form too, edited since the last commit or not."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((FLIGHTS / "params.yaml").read_text().replace(key, typed))
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "add", "params.yaml"], check=True)
    subprocess.run(["git", *AUTHOR, "commit", "--quiet", "--message", "Begin"], check=True)
    with pytest.raises(ParamsError, match=said):
        checks.check()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            {"type": "sklearn.ensemble.RandomForestRegresor"},
            r"model\.type: sklearn\.ensemble has no estimator 'RandomForestRegresor'; did you mean",
        ),
        ({"type": "sklearn.ensembles.RandomForestRegressor"}, r"model\.type: there is no module sklearn\.ensembles"),
        ({"type": "sklearn.linear_model.LogisticRegression", "params": {}}, "is not a regression estimator"),
        ({"params": {"max_itr": 5}}, r"model\.params\.max_itr: is not a parameter .* did you mean 'max_iter'"),
        ({"params": {"max_iter": -5}}, r"model\.params\.max_iter: The 'max_iter' parameter of HistGradientBoosting"),
        ({"params": {"n_jobs": 2}}, r"model\.params\.n_jobs: is 2, and threads add numbers in another order"),
    ],
)
def test_a_model_that_cannot_be_fitted_is_refused_before_anything_runs(
    typed: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimator's path, its task, and the names and values of its hyperparameters need no rows."""
    shutil.copytree(FLIGHTS / "src", tmp_path / "src")
    monkeypatch.chdir(tmp_path)
    written = yaml.safe_load((FLIGHTS / "params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump(written | {"model": written["model"] | typed}, sort_keys=False))
    with pytest.raises(ParamsError, match=said):
        checks.check()


@pytest.mark.parametrize("module", ["features", "scoring"])
def test_an_import_that_no_package_has_is_refused_before_anything_runs(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that travels imports numpy alone, which its text says."""
    shutil.copytree(FLIGHTS / "src", tmp_path / "src")
    monkeypatch.chdir(tmp_path)
    shutil.copy(FLIGHTS / "params.yaml", "params.yaml")
    with Path(f"src/usecase/{module}.py").open("a") as file:
        file.write("import pandas\n")
    with pytest.raises(UseCaseError, match=rf"src/usecase/{module}\.py, line \d+, imports pandas; code that travels"):
        checks.check()


def begin(folder: Path, monkeypatch: pytest.MonkeyPatch, edited: bool) -> None:
    """Make a repository with a committed use case and go there; edit its features if asked."""
    shutil.copytree(FLIGHTS / "src", folder / "src")
    monkeypatch.chdir(folder)
    shutil.copy(FLIGHTS / "params.yaml", "params.yaml")
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", *AUTHOR, "commit", "--quiet", "--message", "Begin"], check=True)
    if edited:
        with Path("src/usecase/features.py").open("a") as file:
            file.write("# edited\n")


@pytest.mark.parametrize("edited", [True, False])
def test_example_is_computed_once(edited: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the pipeline computes the example once: before DVC if code is edited, or else before a stage."""
    begin(tmp_path, monkeypatch, edited)
    computed: list[str] = []
    monkeypatch.setattr(example, "check", lambda: computed.append("example"))
    checks.check()
    assert computed == ["example"] * edited
    checks.check_data()
    assert computed == ["example"]


@pytest.mark.parametrize("edited", [True, False])
def test_only_an_edit_of_the_use_case_has_its_example_computed(
    edited: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong feature is refused before DVC is asked; where nothing is edited, nobody waits for that check."""
    begin(tmp_path, monkeypatch, edited)
    monkeypatch.setattr(features, "compute", lambda columns, _: {"distance": columns["distnace"]})
    refused = pytest.raises(UseCaseError, match="'distnace' is not a field of the request; did you mean 'distance'")
    with refused if edited else nullcontext():
        checks.check()


def _fail(_: object) -> str:
    raise ConnectionError("the bucket does not answer")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (lambda _: "b7", ""),
        (
            lambda _: "c8",
            "  The source: params.yaml: data.version: is 'b7' and the source is at 'c8'; write version: 'c8'.\n",
        ),
        (_fail, "  The source: the bucket does not answer. Is it there, and may it be asked?\n"),
    ],
    ids=["same", "newer", "away"],
)
def test_a_source_with_another_version_is_said(
    version: Any, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is new at the source is said and taken by a declared line only; a source that is away stops nothing."""
    declared = params.load()
    monkeypatch.setattr(usecase, "source", SimpleNamespace(version=version), raising=False)
    checks._ask_source(declared.model_copy(update={"data": declared.data.model_copy(update={"version": "b7"})}))
    assert capsys.readouterr().out == said
