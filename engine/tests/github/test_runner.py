"""What act would pass by in silence is an error here."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.github import runner
from tests.github.runner import FalseGreenError
from tests.project import ROOT

PULL_REQUEST = ROOT / ".github" / "workflows" / "pull-request.yml"
ENDED = "[Pull request/Code] 🏁  Job succeeded\n[Pull request/Model] 🏁  Job failed\n"


@pytest.mark.parametrize(
    ("job", "reason"),
    [({"runs-on": "ubuntu-99.04"}, "would skip"), ({"runs-on": "ubuntu-24.04", "services": {}}, "services")],
    ids=["label", "services"],
)
def test_a_job_that_act_would_not_run_as_it_is_declared_is_refused(job: dict[str, Any], reason: str) -> None:
    """A runner label that act was not told of, and services, end with success under act."""
    with pytest.raises(FalseGreenError, match=reason):
        runner.refuse_false_greens({"jobs": {"model": job}})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"{ENDED}🚧  Skipping unsupported platform -- Try running with -P", "skipped a job"),
        (ENDED.splitlines()[0], "1 of 2 jobs ended"),
        ("", "0 of 2 jobs ended"),
    ],
    ids=["skipped", "one", "none"],
)
def test_a_run_in_which_a_job_did_not_end_is_refused(said: str, reason: str) -> None:
    """Every job must have ended in so many words; that act exits with 0 does not count."""
    with pytest.raises(FalseGreenError, match=reason):
        runner.refuse_skipped(said, PULL_REQUEST, "")


def test_a_run_in_which_every_job_ended_is_taken() -> None:
    """Whether the jobs ended well or not is for the test to say."""
    runner.refuse_skipped(ENDED, PULL_REQUEST, "")
    runner.refuse_skipped(ENDED.splitlines()[0], PULL_REQUEST, "code")


def test_every_action_that_a_workflow_uses_has_a_stand_in() -> None:
    """None is fetched from the network in the middle of a test."""
    used = {line.partition("@")[0] for file in runner.workflow_files() for line in runner.uses(file)}
    assert {name for name in used if not (runner.STANDINS / Path(name).name / "action.yml").exists()} == set()


def test_act_is_installed_with_what_tests_need() -> None:
    """The program that `make -C engine ci` runs comes from the lock, so its tests are not passed by."""
    assert shutil.which("act")


def pull_request(repository: str) -> dict[str, Any]:
    """The event of a pull request whose branch is in a repository."""
    return {
        "pull_request": {"number": 1, "head": {"sha": "1", "repo": {"full_name": repository}}, "base": {"sha": "2"}}
    }


TRAINED = {
    "a pull request of a branch": ("pull-request.yml", "model", "pull_request", pull_request("team/fork"), "large"),
    "a pull request of a fork": ("pull-request.yml", "model", "pull_request", pull_request("eve/fork"), "ubuntu-24.04"),
    "a merge queue": ("pull-request.yml", "model", "merge_group", {}, "large"),
    "what is on main": ("main.yml", "promote", "push", {"ref": "refs/heads/main"}, "large"),
    "a retraining": ("retrain.yml", "retrain", "schedule", {}, "large"),
    "a measurement": ("measure.yml", "measure", "schedule", {}, "large"),
    "a rebuild": ("measure.yml", "verify", "schedule", {}, "large"),
    "the tests of a branch": ("pull-request.yml", "code", "pull_request", pull_request("team/fork"), "ubuntu-24.04"),
}


@pytest.mark.parametrize(("workflow", "job", "event", "payload", "label"), TRAINED.values(), ids=list(TRAINED))
def test_models_are_trained_where_the_repository_says(
    workflow: str, job: str, event: str, payload: dict[str, Any], label: str
) -> None:
    """`vars.MAINLINE_RUNNER` names the machine that trains; a pull request of a fork never gets there."""
    assert runner.label_of(workflow, job, event, payload, "large") == label
    assert runner.label_of(workflow, job, event, payload, "") == "ubuntu-24.04"
