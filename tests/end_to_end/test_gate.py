"""The gate as a whole: real git tags, real DVC storage, real packages."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project


@pytest.fixture
def released_project(finished_project: Project) -> Project:
    """The small project with its commit released as v0.1.0 and in production."""
    finished_project.run("git", "tag", "model@v0.1.0")
    finished_project.run("git", "tag", "model#production#1")
    return finished_project


def _gate(project: Project) -> dict[str, Any]:
    """Run the gate; return its findings with its exit status as `status` and its words as `said`."""
    finished = project.run("python", "-m", "mainline", "gate", succeed=None)
    assert "Traceback" not in finished.stderr
    findings = json.loads((project.path / "metrics/report/gate.json").read_text())
    return findings | {"status": finished.returncode, "said": finished.stdout + finished.stderr}


def _verdicts(findings: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in findings["checks"]}


def test_before_the_first_release_the_baseline_is_the_measure(finished_project: Project) -> None:
    """Without production a candidate that beats the baseline by enough may be released, and the sentence says so."""
    found = _gate(finished_project)
    assert (found["production"], found["status"]) == (None, 0)
    assert found["comparison"]["other"] == "the baseline"
    assert found["comparison"]["conclusion"] == "better"
    assert found["headline"] in found["said"]


def test_the_same_commit_again_is_identical(released_project: Project) -> None:
    """Production against itself differs by exactly nothing and may be released."""
    found = _gate(released_project)
    assert found["comparison"]["identical"]
    assert (found["comparison"]["difference"], found["comparison"]["conclusion"]) == (0, "no worse")
    assert found["candidate"]["digest"] == found["production"]["digest"]
    assert found["status"] == 0


def test_a_degraded_model_fails_although_it_beats_the_baseline(released_project: Project) -> None:
    """A model that fits single flights is called worse than production, with exit 1 and what changed."""
    released_project.declare(model={"params": {"max_iter": 5, "learning_rate": 0.1, "early_stopping": False}})
    released_project.run("dvc", "repro", "--quiet")
    found = _gate(released_project)
    assert found["comparison"]["conclusion"] == "worse"
    assert _verdicts(found)["against production"] == "fail"
    assert found["status"] == 1
    assert {"key": "model.params.max_iter", "before": "150", "after": "5"} in found["parameters"]


def test_other_features_are_computed_by_each_package_itself(released_project: Project) -> None:
    """Production predicts the candidate's holdout with its own features when the candidate dropped some."""
    params = released_project.path / "params.yaml"
    params.write_text(params.read_text().replace("- origin_gain\n", "").replace("- dest_gain\n", ""))
    released_project.run("dvc", "repro", "--quiet")
    found = _gate(released_project)
    assert found["features_removed"] == ["dest_gain", "origin_gain"]
    assert found["comparison"]["difference"] > 0


def test_a_later_holdout_is_predicted_with_the_candidates_tables(released_project: Project) -> None:
    """With a month more, production sees recent operations of that month, and is compared on the new test month."""
    released_project.declare(data={"through": "2013-04"})
    released_project.run("dvc", "repro", "--quiet")
    found = _gate(released_project)
    assert found["candidate"]["test"] == "2013-04"
    assert abs(found["comparison"]["difference"]) < 0.05
    assert _verdicts(found)["against production"] != "cannot tell" or found["comparison"]["low"] is not None


def test_a_lock_that_is_not_true_fails(released_project: Project) -> None:
    """Parameters edited without running the pipeline are no candidate."""
    released_project.declare(seed=7)
    found = _gate(released_project)
    assert _verdicts(found)["lock"] == "fail"
    assert "train is stale" in found["said"]


def test_production_that_storage_lost_cannot_be_told(released_project: Project) -> None:
    """A candidate is not released because production could not be looked at."""
    released_project.declare(seed=7)
    released_project.run("dvc", "repro", "--quiet")
    shutil.rmtree(released_project.path / ".dvc/cache")
    found = _gate(released_project)
    assert found["status"] == 1
    assert found["verdict"] in ("cannot tell", "fail")
    assert _verdicts(found)["against production"] == "cannot tell"
    assert "cannot be had" in found["said"]


def test_without_a_candidate_there_is_one_clear_error(fresh_project: Project) -> None:
    """Before the pipeline ran the gate says what is missing."""
    failed = fresh_project.run("python", "-m", "mainline", "gate", succeed=False)
    assert "there is no manifest.json" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_the_gate_leaves_git_clean(released_project: Project) -> None:
    """What the gate writes is not for git."""
    _gate(released_project)
    assert released_project.run("git", "status", "--porcelain").stdout == ""
    assert Path(released_project.path / "metrics/report/gate.json").is_file()
