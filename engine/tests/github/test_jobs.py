"""What the pods of the rendered CronJobs run, run by bash: a real clone, the door, the pipeline, GitHub's stand-in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainline.cluster import jobs
from mainline.cluster.jobs import Jobs
from tests import project
from tests.github import standin
from tests.github.repository import FULL
from tests.github.standin import GitHub
from tests.github.world import GATE

pytestmark = pytest.mark.slow
PERMISSIONS = dict.fromkeys(("actions", "contents", "issues", "pull-requests"), "write")


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    """A GitHub that has the small use case on main, whose next period is complete."""
    folder = tmp_path_factory.mktemp("pods")
    (folder / "github").mkdir()
    with standin.serve(folder / "github") as served:
        copied = project.other(folder / "clone")
        copied.declare(gate=GATE, data={"through": "2024-05"})
        copied.run("python", "-m", "mainline", "repro")
        copied.commit("Train")
        address = f"file://{served.repository.bare}"
        copied.run("git", "push", "--quiet", address, "HEAD:refs/heads/main")
        yield served
        assert served.nonconform == []


def run(github: GitHub, file: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a pod's script in a home of its own, with the variables that its manifest and its secret give it."""
    rendered = jobs.pipeline(Jobs(f"{github.url}/{FULL}", jobs.IMAGE, False, True))[file]
    (container,) = rendered["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    home.mkdir()
    given = {variable["name"]: variable["value"] for variable in container["env"]}
    variables = {
        **github.environment(github.grant("t0ken", PERMISSIONS)), **given,
        "PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "VENV": sys.prefix,
    }  # fmt: skip
    return subprocess.run(container["command"], cwd=home, env=variables, capture_output=True, text=True, timeout=900)


def test_a_retraining_that_is_due_is_proposed(github: GitHub, tmp_path: Path) -> None:
    """The window moves, the pipeline runs, and the pull request has the reason and the gate's report."""
    ran = run(github, "retrain.yaml", tmp_path / "home")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (pull,) = github.repository.pulls
    assert pull["head"]["ref"] == "retrain"
    assert "**Why:**" in pull["body"]


def test_production_is_looked_at(github: GitHub, tmp_path: Path) -> None:
    """Without a server that shared anything the job says so, opens no issue and does not fail."""
    ran = run(github, "monitor.yaml", tmp_path / "home")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert github.repository.issues == []
