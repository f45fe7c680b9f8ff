"""The pipeline as a whole, run by real DVC on real data."""

import io
import json
from typing import Any

import pandas as pd
import pytest

from tests.project import Project


def test_pipeline_makes_every_declared_output(small_project: Project) -> None:
    """Every output that the lock names is there after one run."""
    hashes = small_project.hashes()
    assert len(hashes) == 22
    assert all((small_project.path / name).exists() for name in hashes)


def test_every_row_is_accounted_for(small_project: Project) -> None:
    """Rows from the source are accepted or quarantined, and accepted flights are labelled, cancelled or diverted."""
    source = _json(small_project, "data/raw/source.json")["rows"]
    counts = _json(small_project, "metrics/data.json")
    assert counts["accepted"] + counts["quarantined"] == sum(source.values())
    assert counts["labelled"] + counts["cancelled"] + counts["diverted"] == source["flights"]
    features = [pd.read_parquet(file) for file in sorted((small_project.path / "data/features").iterdir())]
    assert sum(map(len, features)) == counts["labelled"]


def test_quarantined_rows_say_why(small_project: Project) -> None:
    """The impossible wind of February lies in quarantine with its reason, which the metrics count."""
    (file,) = (small_project.path / "data/quarantine").rglob("*.parquet")
    assert list(pd.read_parquet(file)["reasons"]) == ["wind_speed fails in_range(0, 200)"]
    assert _json(small_project, "metrics/quarantine.json") == {
        "weather 2013-02": {"wind_speed fails in_range(0, 200)": 1}
    }


def test_test_rows_come_after_all_others(small_project: Project) -> None:
    """The earliest test prediction is later than the newest month that the model was fitted or chosen on."""
    predictions = pd.read_parquet(small_project.path / "data/predictions/test.parquet")
    assert pd.to_datetime(predictions["time_hour"].min() * 60, unit="s") >= pd.Timestamp("2013-03-01")


def test_metrics_follow_from_the_kept_predictions(small_project: Project) -> None:
    """The RMSE in git is that of the test predictions in storage, for the model and for the baseline."""
    kept = pd.read_parquet(small_project.path / "data/predictions/test.parquet")
    for name, column in (("test", "predicted"), ("baseline", "baseline")):
        rmse = ((kept[column] - kept["actual"]) ** 2).mean() ** 0.5
        assert _json(small_project, f"metrics/{name}.json")["rmse"] == pytest.approx(rmse, rel=1e-5)


def test_unchanged_pipeline_runs_nothing(finished_project: Project) -> None:
    """A second `repro` says that all is up to date and leaves no change behind."""
    said = finished_project.run("python", "-m", "mainline", "repro").stdout
    assert "Everything is up to date." in said
    assert "Running " not in said
    assert finished_project.run("git", "status", "--porcelain").stdout == ""


def test_what_was_made_before_is_not_made_again(finished_project: Project) -> None:
    """If the files of every stage are gone, those for git among them, DVC takes all of them from its cache."""
    before = finished_project.hashes()
    for name in before:
        finished_project.run("rm", "-r", name)
    said = finished_project.run("dvc", "repro").stdout
    assert "Running stage" not in said
    assert said.count("is cached - skipping run") == 6
    assert finished_project.hashes() == before
    assert finished_project.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("engine/src/mainline/pipeline/summary.py", set()),
        ("engine/src/mainline/package/card.py", {"package"}),
        ("engine/src/mainline/model/metrics.py", {"train", "evaluate", "package"}),
        ("src/usecase/features.py", {"prepare", "evaluate", "package"}),
        ("requirements/pipeline.txt", {"ingest", "validate", "prepare", "train", "evaluate", "package"}),
    ],
)
def test_a_change_of_code_makes_stale_what_runs_it(finished_project: Project, changed: str, stale: set[str]) -> None:
    """Only stages that run a changed file are run again."""
    with (finished_project.path / changed).open("a") as file:
        file.write("\n# changed\n")
    assert set(json.loads(finished_project.run("dvc", "status", "--json").stdout)) == stale


def test_another_model_is_an_edit_of_params_alone(finished_project: Project) -> None:
    """Ridge takes no missing values, yet declaring it is enough; the data is not prepared again."""
    finished_project.declare(model={"type": "sklearn.linear_model.Ridge", "params": {"alpha": 1.0}})
    said = finished_project.run("python", "-m", "mainline", "repro").stdout
    assert "Ridge predicts arr_delay" in said
    assert "unchanged: ingest, validate, prepare." in said
    assert _json(finished_project, "models/model/model.json")["format"] == "onnx"
    assert _json(finished_project, "metrics/test.json")["ratio"] < 1


def test_a_remark_in_a_feature_file_fits_nothing_again(finished_project: Project) -> None:
    """An edit that moves no feature computes them, finds the same bytes, and leaves the model as it is."""
    before = finished_project.hashes()
    with (finished_project.path / "src/usecase/features.py").open("a") as file:
        file.write("# A remark.\n")
    said = finished_project.run("python", "-m", "mainline", "repro").stdout
    assert "unchanged: ingest, validate, train." in said
    after = finished_project.hashes()
    assert {name for name in before if before[name] != after[name]} == {"models/package"}


def test_another_window_keeps_the_months_it_shares(finished_project: Project) -> None:
    """One month more leaves the bytes of the months before as they were, so storage grows by one month."""
    before = _files(finished_project)
    finished_project.declare(data={"from": "2013-01", "through": "2013-04"})
    finished_project.run("dvc", "repro", "--quiet")
    after = _files(finished_project)
    assert {name for name in before if before[name] != after.get(name)} == {"data/raw/source.json"}
    assert {name for name in after.keys() - before.keys() if "2013-04" not in name} == set()


def test_a_declared_interval_is_measured_and_answered(finished_project: Project) -> None:
    """One line of params.yaml: what it covers is a metric of the test rows, and the package answers with both ends."""
    finished_project.declare(evaluation={"interval": 0.8})
    finished_project.run("dvc", "repro", "--quiet")
    test = _json(finished_project, "metrics/test.json")
    kept = pd.read_parquet(finished_project.path / "data/predictions/test.parquet")
    error = kept["actual"] - kept["predicted"]
    inside = error.between(test["interval_low"], test["interval_high"])
    assert test["coverage"] == pytest.approx(inside.mean(), abs=1e-4)
    assert 0.7 < test["coverage"] < 0.9
    response = _json(finished_project, "models/package/response.schema.json")
    assert response["required"] == ["arr_delay", "arr_delay_low", "arr_delay_high"]


def test_an_experiment_changes_one_parameter(finished_project: Project) -> None:
    """`dvc exp run -S` trains with another learning rate and `dvc exp show` lists it with its metrics."""
    finished_project.run("dvc", "exp", "run", "--quiet", "-S", "model.params.learning_rate=0.05")
    shown = pd.read_csv(io.StringIO(finished_project.run("dvc", "exp", "show", "--csv").stdout), dtype=str)
    assert "0.05" in set(shown["model.params.learning_rate"])
    assert shown["metrics/test.json:rmse"].nunique() == 2


def _json(project: Project, name: str) -> dict[str, Any]:
    return json.loads((project.path / name).read_text())


def _files(project: Project) -> dict[str, bytes]:
    """The content of each file of data by name, save the predictions, which belong to a model."""
    data = project.path / "data"
    return {
        file.relative_to(project.path).as_posix(): file.read_bytes()
        for folder in ("raw", "validated", "tables", "features")
        for file in (data / folder).rglob("*")
        if file.is_file()
    }
