"""The gate as a whole: real git tags, real DVC storage, real packages."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mainline.data.storage import tidy
from tests.end_to_end.conftest import finish
from tests.project import Project

Findings = dict[str, Any]


def _release(small_project: Project, path: Path) -> Project:
    """Copy the small project with its commit released as v0.1.0 and in production, and the record of its run."""
    project = finish(small_project, path)
    project.run("python", "-m", "mainline", "repro")
    project.run("git", "commit", "--quiet", "--allow-empty", "--all", "--message", "Keep the record of the run")
    project.run("git", "tag", "model@v0.1.0")
    project.run("git", "tag", "model#production#1")
    return project


def _gate(project: Project) -> Findings:
    """Run the gate; return its findings with its exit status as `status`, its words as `said` and git's as `git`."""
    finished = project.run("python", "-m", "mainline", "gate", succeed=None)
    assert "Traceback" not in finished.stderr
    findings = json.loads((project.path / "metrics/report/gate.json").read_text())
    said = {"status": finished.returncode, "said": finished.stdout, "error": finished.stderr}
    return findings | said | {"git": project.run("git", "status", "--porcelain").stdout}


def _verdicts(findings: Findings) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in findings["checks"]}


@pytest.fixture(scope="module")
def same(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """The gate's findings on the released commit itself."""
    return _gate(_release(small_project, tmp_path_factory.mktemp("same") / "project"))


@pytest.fixture(scope="module")
def degraded(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Its findings on a model of five trees without two of production's features."""
    project = _release(small_project, tmp_path_factory.mktemp("degraded") / "project")
    params = project.path / "params.yaml"
    params.write_text(params.read_text().replace("- origin_gain\n", "").replace("- dest_gain\n", ""))
    project.declare(model={"params": {"max_iter": 5, "learning_rate": 0.1, "early_stopping": False}})
    project.run("python", "-m", "mainline", "repro")
    return _gate(project)


def test_before_the_first_release_the_baseline_is_the_measure(finished_project: Project) -> None:
    """Without production a candidate that beats the baseline by enough may be released, and the sentence says so."""
    found = _gate(finished_project)
    assert (found["production"], found["first_release"], found["status"]) == (None, True, 0)
    assert found["comparison"]["other"] == "the baseline"
    assert found["comparison"]["conclusion"] == "better"
    assert found["said"].splitlines()[-1] == found["headline"]


def test_the_same_commit_again_is_identical(same: Findings) -> None:
    """Production against itself differs by exactly nothing and may be released."""
    assert same["comparison"]["identical"]
    assert (same["comparison"]["difference"], same["comparison"]["conclusion"]) == (0, "no worse")
    assert same["candidate"]["digest"] == same["production"]["digest"]
    assert same["status"] == 0


def test_the_gate_leaves_git_clean(same: Findings) -> None:
    """What the gate writes is not for git, and the candidate is named by the commit that holds it."""
    assert same["git"] == ""
    assert same["candidate"]["version"] == same["production"]["commit"][:7]


def test_timings_come_from_the_record_of_each_commit(degraded: Findings) -> None:
    """Both records are read, production's out of git, and compared, since one machine made both."""
    timings = {change["key"]: change for change in degraded["timings"]}
    assert all(timings["train"][side].endswith(" s") for side in ("before", "after"))
    assert _verdicts(degraded)["training time"] != "warn"


def test_a_degraded_model_fails_although_it_beats_the_baseline(degraded: Findings) -> None:
    """A model that learned too little is called worse than production, with exit 1, one line why and what changed."""
    assert degraded["comparison"]["conclusion"] == "worse"
    verdicts = _verdicts(degraded)
    assert (verdicts["against production"], degraded["status"]) == ("fail", 1)
    (line,) = degraded["error"].splitlines()
    assert line.startswith(f"mainline: {degraded['headline']} If it is right all the same, a person may accept it: ")
    assert {"key": "model.params.max_iter", "before": "150", "after": "5"} in degraded["parameters"]


def test_other_features_are_computed_by_each_package_itself(degraded: Findings) -> None:
    """Production predicts the candidate's holdout with its own features when the candidate dropped some."""
    assert degraded["features_removed"] == ["dest_gain", "origin_gain"]
    assert degraded["comparison"]["difference"] > 0


@pytest.mark.slow
def test_a_later_holdout_is_predicted_with_the_candidates_tables(small_project: Project, tmp_path: Path) -> None:
    """With a month more, production sees recent operations of that month, and is compared on the new test month."""
    project = _release(small_project, tmp_path / "project")
    project.declare(data={"through": "2013-04"})
    project.run("dvc", "repro", "--quiet")
    found = _gate(project)
    assert found["candidate"]["test"] == "2013-04"
    assert abs(found["comparison"]["difference"]) < 0.05
    assert _verdicts(found)["against production"] != "cannot tell" or found["comparison"]["low"] is not None


def test_a_lock_that_is_not_true_fails(small_project: Project, tmp_path: Path) -> None:
    """Parameters edited without running the pipeline are not a candidate."""
    project = _release(small_project, tmp_path / "project")
    project.declare(seed=7)
    found = _gate(project)
    assert (_verdicts(found)["lock"], found["status"]) == ("fail", 1)
    assert "train is stale" in found["said"]


def test_production_that_storage_lost_cannot_be_told(small_project: Project, tmp_path: Path) -> None:
    """A candidate is not released because production could not be looked at, and it is not a first release either."""
    project = _release(small_project, tmp_path / "project")
    shutil.rmtree(project.path / ".dvc/cache")
    found = _gate(project)
    assert (_verdicts(found)["against production"], found["status"]) == ("cannot tell", 1)
    assert (found["production"], found["first_release"]) == (None, False)
    assert "cannot be had" in " ".join(found["said"].split())


def test_without_a_candidate_there_is_one_clear_error(fresh_project: Project) -> None:
    """Before the pipeline ran the gate says what is missing."""
    failed = fresh_project.run("python", "-m", "mainline", "gate", succeed=False)
    assert "there is no manifest.json" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.slow
def test_three_test_months_are_judged_as_they_were_measured(small_project: Project, tmp_path: Path) -> None:
    """Over three months with tables that move, the gate's metrics are the pipeline's, on all of their rows."""
    project = small_project.twin(tmp_path / "project")
    project.declare(data={"through": "2013-05"}, split={"test": 3})
    project.run("python", "-m", "mainline", "repro")
    project.commit("Train on one month, test on three")
    found = _gate(project)
    measured, simple = (
        json.loads((project.path / f"metrics/{name}.json").read_text()) for name in ("test", "baseline")
    )
    assert found["candidate"]["test"] == "2013-03, 2013-04, 2013-05"
    assert found["comparison"]["rows"] == measured["rows"] == simple["rows"]
    assert {one["name"]: (tidy(one["candidate"]), tidy(one["baseline"])) for one in found["metrics"]} == {
        one["name"]: (measured[one["name"]], simple[one["name"]]) for one in found["metrics"]
    }
    checked = {check["name"]: (check["verdict"], check["observed"]) for check in found["checks"]}
    assert checked["package"] == ("pass", f"0 of {measured['rows']:,} rows differ")
