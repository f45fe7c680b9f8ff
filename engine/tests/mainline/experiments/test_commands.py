"""`tune` and `explain` as people run them, on three real months without the file of the test month."""

import csv
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mainline.errors import MainlineError, ParamsError
from mainline.experiments.tuning import tune
from mainline.experiments.valuation import explain_model, explain_ranks
from tests.project import Project

TUNE = "from mainline.experiments.tuning import tune; print(tune())"
KILLED = """
import os, signal, sys

def kill(event, words):
    if event == "os.rename" and str(words[1]) == "params.yaml":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
from mainline.experiments.tuning import tune
tune(write=True)
"""
HGB = "sklearn.ensemble.HistGradientBoostingRegressor"
FAST = {"max_iter": 8, "learning_rate": 0.05, "min_samples_leaf": 100}
SPACE = {"learning_rate": [0.05, 0.3], "max_leaf_nodes": [4, 31]}


@pytest.fixture
def project(trained_project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a fast model and a search of four trials, as the working directory."""
    trained_project.declare(model={"params": FAST}, tune={"trials": 4, "space": SPACE})
    monkeypatch.chdir(trained_project.path)
    monkeypatch.setenv("COLUMNS", "100")
    return trained_project


def rows(path: str) -> list[dict[str, str]]:
    """Read a metric file."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_search_reads_no_test_month(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any file of the test month the search runs to its end and shows the edit that it proposes."""
    assert not list(project.path.rglob("2013-03.parquet"))
    before = Path("params.yaml").read_text()
    said = tune()
    shown = capsys.readouterr().out
    assert "judged by rmse" in shown
    assert "rows of 2013-02." in shown
    assert [row["trial"] for row in rows("metrics/tuning.csv")] == ["0", "1", "2", "3"]
    assert "significantly better than declared" in said
    assert "-    learning_rate: 0.05\n+    learning_rate: 0.3\n" in said
    assert max(map(len, (shown + said).splitlines())) <= 100
    assert Path("params.yaml").read_text() == before


@pytest.mark.usefixtures("project")
def test_again_without_a_search_is_nothing_to_do() -> None:
    """A workflow that renews the tables renews those that there are; the table that lies here stays."""
    Path("metrics").mkdir(exist_ok=True)
    Path("metrics/tuning.csv").write_text("kept")
    declared = yaml.safe_load(Path("params.yaml").read_text())
    del declared["tune"]
    Path("params.yaml").write_text(yaml.safe_dump(declared))
    assert tune(again=True) == "params.yaml declares no search under `tune`, so there is nothing to try again."
    assert Path("metrics/tuning.csv").read_text() == "kept"
    with pytest.raises(ParamsError, match="tune"):
        tune()


def test_killed_search_goes_on(project: Project) -> None:
    """Killed after its second trial and run again, the search keeps those and finishes the others."""
    running = subprocess.Popen(
        [sys.executable, "-c", TUNE], cwd=project.path, env=project.environment(), stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.split()[:1] == ["1"]:
            break
    running.kill()
    running.communicate()
    kept = rows("metrics/tuning.csv")
    assert 2 <= len(kept) <= 4
    project.run("python", "-c", TUNE)
    finished = rows("metrics/tuning.csv")
    assert finished[: len(kept)] == kept
    assert [row["trial"] for row in finished] == ["0", "1", "2", "3"]


def test_killed_while_it_writes_nothing_is_half(project: Project) -> None:
    """Killed right before params.yaml becomes the new one, it is the old one, and --write works."""
    before = Path("params.yaml").read_text()
    killed = subprocess.run([sys.executable, "-c", KILLED], env=project.environment(), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert Path("params.yaml").read_text() == before
    assert "Written to params.yaml:" in tune(write=True)
    assert not list(project.path.glob(".params.yaml*"))


@pytest.mark.usefixtures("project")
def test_write_changes_the_declared_model() -> None:
    """With --write the best trial is what params.yaml declares, and only model.params is another."""
    before = yaml.safe_load(Path("params.yaml").read_text())
    assert "Written to params.yaml:" in tune(write=True)
    after = yaml.safe_load(Path("params.yaml").read_text())
    assert after["model"]["params"]["learning_rate"] == 0.3
    assert {**after, "model": None} == {**before, "model": None}


def test_the_best_family_is_written_with_its_preprocessing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within a declared time families are compared, and --write makes another one the declared model."""
    line = {
        "model": {"type": "sklearn.linear_model.Ridge", "params": {"alpha": 1.0}},
        "preprocessing": {"numeric": "auto", "categorical": "one-hot"},
    }
    flat = {"model": {"type": HGB, "params": {"max_iter": 1, "learning_rate": 0.0001}}}
    tune_ = {"trials": 4, "minutes": 60, "early_stopping": {}, "space": {"learning_rate": [0.0001]}}
    project.declare(tune=tune_ | {"candidates": {"line": line, "flat": flat}})
    before = yaml.safe_load(Path("params.yaml").read_text())
    said = tune(write=True)
    shown = capsys.readouterr().out
    assert "line: sklearn.linear_model.Ridge" in shown
    assert "This run ends after 60 minutes." in shown
    assert "its interval is widened for 3 trials" in said
    assert {row["candidate"]: row["share"] for row in rows("metrics/tuning.csv")}["line"] == "1.0"
    after = yaml.safe_load(Path("params.yaml").read_text())
    assert {**after, **line} == {**before, **line}
    assert {name: after[name] for name in line} == line
    assert max(map(len, (shown + said).splitlines())) <= 100


def test_nothing_better_changes_nothing(project: Project) -> None:
    """Where what is declared is the best, the search says so and proposes no edit."""
    project.declare(tune={"trials": 2, "space": {"learning_rate": [0.0001]}})
    before = Path("params.yaml").read_text()
    said = tune(write=True)
    assert "Nothing tried is better than what params.yaml declares" in said
    assert "params.yaml stays as it is." in said
    assert Path("params.yaml").read_text() == before


def test_search_before_the_pipeline_names_the_remedy(project: Project) -> None:
    """Without prepared months the search asks for the pipeline."""
    (project.path / "data/features/2013-01.parquet").unlink()
    with pytest.raises(MainlineError, match=r"^there is no data/features/2013-01\.parquet\. Run `make repro` first\."):
        tune()


def test_explain_writes_worth_and_staleness(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Every feature gets its row with interval and cost, and staleness its ages, without the test month."""
    chosen = ["dep_delay", "distance", "scheduled_block", "origin"]
    project.declare(features=chosen)
    said = explain_model()
    assert [row["feature"] for row in rows("metrics/worth.csv")] == chosen
    assert float(next(row for row in rows("metrics/worth.csv") if row["feature"] == "scheduled_block")["low"]) > 0
    assert [row["age"] for row in rows("metrics/staleness.csv")] == ["0"]
    assert "Worth 1.00 % at most, so candidates for removal: " in said
    assert "The window allows no older model" in said
    assert max(map(len, (capsys.readouterr().out + said).splitlines())) <= 100


def test_explain_replays_models_without_a_feature_on_a_later_period(project: Project, small_project: Project) -> None:
    """The declared model and one without each feature, measured on two periods before the test, and if they agree."""
    later = "data/features/2013-03.parquet"  # of the validation, if the test is a month later
    shutil.copy2(small_project.path / later, project.path / later)
    project.declare(data={"through": "2013-04"}, features=["dep_delay", "distance", "scheduled_block", "origin"])
    said = explain_ranks()
    found = rows("metrics/ranks.csv")
    assert [row["without"] for row in found] == ["", "dep_delay", "distance", "scheduled_block", "origin"]
    assert {(row["offline_period"], row["later_period"]) for row in found} == {("2013-02", "2013-03")}
    assert all(float(row["offline"]) != float(row["later"]) for row in found)
    assert re.match(r"2013-03 puts \d+ of 10 pairs of 5 models in the order that 2013-02 put them by rmse: ", said[0])


def test_every_period_before_the_test_is_replayed_from_the_newest_back(
    project: Project, small_project: Project
) -> None:
    """Each is judged on the period before it, by models of those before that, three times at most."""
    for month in ("03", "04"):
        later = f"data/features/2013-{month}.parquet"
        shutil.copy2(small_project.path / "data/features/2013-03.parquet", project.path / later)
    project.declare(data={"through": "2013-05"}, features=["dep_delay", "distance", "origin", "scheduled_block"])
    said = explain_ranks()
    found = [(row["offline_period"], row["later_period"]) for row in rows("metrics/ranks.csv")]
    assert list(dict.fromkeys(found)) == [("2013-03", "2013-04"), ("2013-02", "2013-03")]
    assert len(found) == 10
    assert [line[:7] for line in said] == ["2013-04", "2013-03", "metrics"]


@pytest.mark.usefixtures("project")
def test_too_few_periods_show_no_ranks() -> None:
    """With one training period there is no later one before the test, and no table is written."""
    assert "too few periods are before the test to tell" in " ".join(explain_ranks())
    assert not Path("metrics/ranks.csv").exists()


@pytest.mark.usefixtures("project")
def test_explain_of_some_features_is_only_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """With named features only these are left out, no file is written, and staleness is not measured."""
    said = explain_model(["temp", "seats"])
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines()[3:]]
    assert shown == ["temp", "seats"]
    assert "Only shown; metrics/worth.csv is of all features." in said
    assert not Path("metrics/worth.csv").exists()
    assert not Path("metrics/staleness.csv").exists()
