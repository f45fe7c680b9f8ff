"""`summary`: the figures of metrics and package, in a few lines."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mainline.errors import MainlineError
from mainline.pipeline import summary
from tests.project import AUTHOR, Project

METRICS: dict[str, dict[str, Any]] = {
    "data": {"accepted": 85000, "quarantined": 4},
    "train": {"rows": 26398},
    "validation": {"rows": 23611},
    "test": {"rows": 27902, "rmse": 16.5678, "bias": -0.5, "low": 15.0, "high": 18.0, "ratio": 0.875},
    "baseline": {"rows": 27902, "rmse": 18.9, "bias": -1.25},
}
MEASURED: dict[str, Any] = METRICS["validation"] | {"rmse": 17.1}
MANIFEST: dict[str, Any] = {
    "digest": "0123456789abcdef",
    "model": {"type": "sklearn.linear_model.Ridge", "format": "onnx"},
    "response": {"name": "arr_delay", "description": "Arrival delay", "unit": "minutes"},
    "window": {"train": ["2013-01", "2013-02", "2013-03"], "validation": ["2013-04"], "test": ["2013-05"]},
}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with metrics and a manifest, which is where the command runs."""
    (tmp_path / "metrics").mkdir()
    for name, content in METRICS.items():
        (tmp_path / "metrics" / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "models" / "package").mkdir(parents=True)
    (tmp_path / "models" / "package" / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "models" / "package" / "model.onnx").write_bytes(bytes(1_500_000))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines() -> list[str]:
    """Return the summary's lines, runs of spaces as one."""
    return [" ".join(line.split()) for line in summary.text("The pipeline is done.").splitlines()]


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    "line",
    [
        "The pipeline is done.",
        "Ridge predicts arr_delay: Arrival delay",
        "trained on 26,398 rows of 2013-01 to 2013-03",
        "validated on 23,611 rows of 2013-04",
        "tested on 27,902 rows of 2013-05, which come after both",
        "On the test rows, minutes model baseline",
        "rmse 16.57 18.9",
        "bias -0.5 -1.25",
        "rmse is 12% better than the baseline; 95 % interval 15 to 18",
        "Rows: 85,000 accepted, 4 quarantined",
        "Package: models/package (1.5 MB, onnx, digest 0123456789ab)",
    ],
)
def test_summary_says_what_was_measured(line: str) -> None:
    """Each figure of the metrics is in the line where a reader looks for it."""
    assert line in lines()


def test_worse_model_is_called_worse(results: Path) -> None:
    """A model that loses against the baseline is not dressed up."""
    (results / "metrics" / "test.json").write_text(json.dumps(METRICS["test"] | {"ratio": 1.1}))
    assert "rmse is 10% worse than the baseline; 95 % interval 15 to 18" in lines()


def test_a_metric_that_cannot_be_compared_is_said(results: Path) -> None:
    """A deviance of a prediction below zero is no number, and a baseline without error leaves nothing to compare."""
    unknown = {"rmse": None, "low": None, "high": None, "ratio": None}
    (results / "metrics" / "test.json").write_text(json.dumps(METRICS["test"] | unknown))
    assert "rmse - 18.9" in lines()
    assert "rmse cannot be compared with the baseline; no interval from a single day or group" in lines()


def test_long_figures_stay_apart(results: Path) -> None:
    """Figures of nine letters and more have their column to themselves, under its title."""
    (results / "metrics" / "test.json").write_text(json.dumps(METRICS["test"] | {"rmse": -0.0123456, "bias": 123456.0}))
    (results / "metrics" / "baseline.json").write_text(json.dumps(METRICS["baseline"] | {"rmse": -0.00012345}))
    found = summary.text("The pipeline is done.").splitlines()
    (title,) = [line for line in found if line.startswith("On the test rows")]
    (rmse,) = [line for line in found if line.startswith("  rmse") and "-0.0001234" in line]
    assert rmse.split() == ["rmse", "-0.01235", "-0.0001234"]
    assert next(line for line in found if line.startswith("  bias")).split()[1] == "123,500"
    assert len(title) == len(rmse)


@pytest.mark.parametrize(
    ("fields", "said"),
    [("id", "id"), ("shop, till", "shop and till"), ("a, b, c, d", "the whole request")],
)
def test_parts_of_data_without_time_are_shares(results: Path, fields: str, said: str) -> None:
    """What a part is a share of is said, and of a request with many fields not the first few of them."""
    window = {part: [f"first, 15 to 30 % by {fields}"] for part in MANIFEST["window"]}
    content = json.dumps(MANIFEST | {"window": window, "snapshot": "first"})
    (results / "models" / "package" / "manifest.json").write_text(content)
    assert f"tested on 27,902 rows, 15 to 30 % of the snapshot 'first' by a hash of {said}" in lines()


@pytest.mark.usefixtures("results")
def test_a_model_like_the_baseline_is_not_called_worse(results: Path) -> None:
    """A model that says what the baseline says is as good."""
    (results / "metrics" / "test.json").write_text(json.dumps(METRICS["test"] | {"ratio": 1.0}))
    assert "rmse is as good as the baseline; 95 % interval 15 to 18" in lines()


def test_test_of_one_day_has_no_interval(results: Path) -> None:
    """Where all test rows are of one day there are no bounds to show."""
    (results / "metrics" / "test.json").write_text(json.dumps(METRICS["test"] | {"low": None, "high": None}))
    assert "rmse is 12% better than the baseline; no interval from a single day or group" in lines()


@pytest.mark.parametrize("name", ["metrics/data.json", "metrics/baseline.json", "models/package/manifest.json"])
def test_missing_result_is_one_clear_error(results: Path, name: str) -> None:
    """Before the first run, or in a clone without the model, the command says what to run."""
    (results / name).unlink()
    with pytest.raises(MainlineError, match=rf"^there is no {re.escape(name)}\. Run `make repro` first\.$"):
        summary.text("The model:")


def commit_metrics(results: Path, **changed: dict[str, Any]) -> str:
    """Commit metrics of which some are others, put those of the fixture back, and return the commit."""
    (results / "metrics" / "validation.json").write_text(json.dumps(MEASURED))
    for name, content in changed.items():
        (results / "metrics" / f"{name}.json").write_text(json.dumps(content))
    for words in (["init"], ["add", "metrics"], [*AUTHOR, "commit", "--message", "Begin"]):
        subprocess.run(["git", *words], check=True, capture_output=True)
    for name, content in (("validation", MEASURED), ("test", METRICS["test"])):
        (results / "metrics" / f"{name}.json").write_text(json.dumps(content))
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_change_since_the_last_commit_is_said_validation_first(results: Path) -> None:
    """The primary metric stands beside the committed one, for the validation rows and then for the test rows."""
    before = METRICS["test"] | {"rmse": 16.5, "rows": 100}
    commit = commit_metrics(results, validation=MEASURED | {"rmse": 17.25}, test=before)
    said = lines()
    place = said.index(f"Against the last commit ({commit})")
    assert said[place + 1] == "validation rmse 17.1, was 17.25"
    assert said[place + 2] == "test rmse 16.57, was 16.5 on other rows (100)"


def test_results_of_another_model_are_not_compared(results: Path) -> None:
    """After a new use case the last commit has results of another model, and no number of it is shown."""
    commit = commit_metrics(results, test=METRICS["test"] | {"rmse": 99.5})
    (results / "dvc.yaml").write_text("artifacts:\n  flats:\n    path: models/package\n")
    said = lines()
    assert f"The last commit ({commit}) has results of another model: model." in said
    assert not any("99.5" in line for line in said)


@pytest.mark.parametrize("is_edited", [True, False])
def test_results_of_another_use_case_are_not_compared(results: Path, is_edited: bool) -> None:
    """Who commits a new use case before its first run has the old one's metrics there, as the lock tells."""
    interface = results / "src" / "usecase" / "interface.py"
    interface.parent.mkdir(parents=True, exist_ok=True)
    interface.write_text("LABEL = 'delay'\n")
    md5 = hashlib.md5(interface.read_bytes(), usedforsecurity=False).hexdigest()
    deps = [{"path": "src/usecase/interface.py", "hash": "md5", "md5": md5, "size": 16}]
    stages = {"evaluate": {"cmd": "engine/stage evaluate", "deps": deps}}
    (results / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": stages}))
    if is_edited:
        interface.write_text("LABEL = 'price'\n")
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "add", "src", "dvc.lock"], check=True)
    commit = commit_metrics(results, test=METRICS["test"] | {"rmse": 99.5})
    said = f"The last commit ({commit}) has results of another use case, or of one that was edited since."
    assert (said in lines(), any("99.5" in line for line in lines())) == (is_edited, not is_edited)


def test_metrics_of_the_last_commit_are_said_to_be_those(results: Path) -> None:
    """Where nothing moved, one line says so; before the first commit, that there is none."""
    assert "No commit has results yet." in lines()
    commit = commit_metrics(results)
    assert f"Metrics are those of the last commit ({commit})." in lines()


def test_real_run_is_summarised(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a run of the pipeline the summary shows that run's metrics."""
    monkeypatch.chdir(small_project.path)
    test, baseline = (json.loads(Path(f"metrics/{name}.json").read_text()) for name in ("test", "baseline"))
    expected = {f"{name} {test[name]:.4g} {value:.4g}" for name, value in baseline.items() if name in test}
    expected.discard(f"rows {test['rows']:.4g} {baseline['rows']:.4g}")
    assert expected <= set(lines())


def test_command_prints_it(small_project: Project) -> None:
    """`./mainline summary` prints the summary."""
    assert "The model in models/package:" in small_project.run("python", "-m", "mainline", "summary").stdout


def test_command_fails_in_one_line_where_nothing_was_run(fresh_project: Project) -> None:
    """In a fresh clone, which has metrics but no model, the command exits with one line."""
    failed = fresh_project.run("python", "-m", "mainline", "summary", succeed=False)
    assert failed.returncode == 1
    assert failed.stderr == "mainline: there is no models/package/manifest.json. Run `make repro` first.\n"


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_next_steps_stand_in_two_columns_on_any_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason that does not fit goes on below its own beginning."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = "\n".join(summary.next_lines(summary.NEXT)).splitlines()
    assert max(map(len, lines)) <= columns
    place = lines[1].index("another")
    assert all(line[place - 2 : place] == "  " and line[place] != " " for line in lines[1:])


@pytest.mark.parametrize("edited", [True, False])
def test_a_commit_is_next_only_if_something_is_not_committed(results: Path, edited: bool) -> None:
    """The last hint names a commit, which applies if git knows of something to commit."""
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", *AUTHOR, "commit", "--quiet", "--message", "Begin"], check=True)
    if edited:
        (results / "params.yaml").write_text("seed: 7\n")
    assert any("git add --all && git commit" in line for line in lines()) == edited
