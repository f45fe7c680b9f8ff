"""The policy of the workflows holds, and each of its rules is seen to bite."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.github import comment, judging, protection
from tests.github import policy
from tests.project import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_keeps_the_policy(path: Path) -> None:
    """No secret, write scope, OIDC, cache or credentials where strangers' code runs; bounds and pins everywhere."""
    assert policy.problems(policy.load(path)) == []
    assert policy.unpinned_lines(path.read_text(encoding="utf-8")) == []


def test_a_person_looks_at_whatever_decides_what_is_run() -> None:
    """Code, pipeline, parameters, libraries, checks and tests have an owner, whose review the protection asks for."""
    lines = (FOLDER.parent / "CODEOWNERS").read_text().splitlines()
    owned = [line.split()[0] for line in lines if line.startswith("/")]
    deciding = (
        ".github/workflows/main.yml", "engine/ci/promote", ".dvc/config", ".gitattributes", "Makefile", "dvc.yaml",
        "params.yaml", "pyproject.toml", "requirements/main.txt", "engine/src/mainline/repository/git.py",
        "src/usecase/features.py", "tests/conftest.py", "deploy/production.yaml", *judging.FILES, *judging.FOLDERS,
    )  # fmt: skip
    missed = [name for name in deciding if not any(f"/{name}".startswith(owner) for owner in owned)]
    assert missed == []


def test_only_five_jobs_are_given_an_identity() -> None:
    """OIDC, by which a bucket's role is taken, is where code of main alone runs: to release, to read, to publish."""
    jobs = {name: job for path in WORKFLOWS for name, job in policy.load(path)["jobs"].items()}
    known = {name: job for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert set(known) == {"promote", "image", "storage", "monitor", "publish"}
    roles = {name: [step["with"]["role-to-assume"] for step in job["steps"] if "aws" in step.get("uses", "")]
             for name, job in known.items()}  # fmt: skip
    reads = ["${{ vars.AWS_READ_ROLE }}"]
    assert roles == {"promote": ["${{ vars.AWS_ROLE }}"], "image": [], "storage": reads, "monitor": reads,
                     "publish": []}  # fmt: skip
    assert "write" not in {jobs["storage"]["permissions"][name] for name in ("actions", "contents")}


def test_the_template_tests_itself_where_it_is_developed() -> None:
    """A fork pays for no job on many systems: each needs a variable that a fork does not have, or a person."""
    jobs = policy.load(FOLDER / "template.yml")["jobs"]
    by_hand = "github.event_name == 'workflow_dispatch'"
    on_push = {name: job["if"].removesuffix(f" || {by_hand}") for name, job in jobs.items()}
    weekly = "(vars.MAINLINE_TEMPLATE == 'on' && github.event_name == 'schedule')"
    assert on_push == {"fresh": "vars.MAINLINE_TEMPLATE == 'on'", "long": weekly, "cml": weekly}


def test_one_job_pushes_packages_and_can_change_nothing_else() -> None:
    """The image's job comes after the release, reads the repository, and holds neither a secret nor an environment."""
    jobs = {name: job for path in WORKFLOWS for name, job in policy.load(path)["jobs"].items()}
    assert [name for name, job in jobs.items() if "packages" in job["permissions"]] == ["image"]
    given = {"attestations": "write", "contents": "read", "id-token": "write", "packages": "write"}
    assert (jobs["image"]["permissions"], jobs["image"]["needs"]) == (given, "promote")
    assert "environment" not in jobs["image"]
    assert "secrets." not in str(jobs["image"])


def test_the_job_that_publishes_the_site_runs_no_code_of_the_repository() -> None:
    """What builds the pages may only read; what may publish takes them as they are, and only if it is declared."""
    jobs = policy.load(FOLDER / "site.yml")["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["build"]["if"] == "vars.MAINLINE_SITE == 'on'"
    assert (jobs["publish"]["needs"], jobs["publish"]["permissions"]) == (
        "build",
        {"id-token": "write", "pages": "write"},
    )
    assert [sorted(step) for step in jobs["publish"]["steps"]] == [["id", "name", "uses"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_is_a_command_or_a_pinned_action(path: Path) -> None:
    """A `run:` is one command that runs on a laptop as well: no script in the file, and no expression in it."""
    runs = [step["run"] for job in policy.load(path)["jobs"].values() for step in job["steps"] if "run" in step]
    assert runs
    assert [
        run
        for run in runs
        if not run.startswith(("make ", "./mainline ", "engine/ci/", ".ci/run")) or "\n" in run or "${{" in run
    ] == []


def test_protection_asks_for_the_checks_that_the_workflows_report() -> None:
    """The contexts that `./mainline protect` requires are the names of the jobs and of the check that is set."""
    jobs = policy.load(FOLDER / "pull-request.yml")["jobs"].values()
    assert tuple(job["name"] for job in jobs) == protection.JOBS
    named = policy.load(FOLDER / "comment.yml")["on"]["workflow_run"]["workflows"]
    assert named == [policy.load(FOLDER / "pull-request.yml")["name"]]
    assert ROOT / comment.WORKFLOW in WORKFLOWS


def _job(workflow: dict[str, Any]) -> dict[str, Any]:
    return next(iter(workflow["jobs"].values()))


def _checkout(workflow: dict[str, Any]) -> dict[str, Any]:
    return _job(workflow)["steps"][0]


BREAKS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "has no timeout": ("main", lambda w: _job(w).pop("timeout-minutes")),
    "has no concurrency": ("main", lambda w: w.pop("concurrency")),
    "names no permissions": ("main", lambda w: _job(w).pop("permissions")),
    "permissions of the workflow are not empty": ("main", lambda w: w.update(permissions={"contents": "write"})),
    "is not pinned to a commit": ("main", lambda w: _checkout(w).update(uses="actions/checkout@v7")),
    "does not say whether it leaves credentials": ("main", lambda w: _checkout(w)["with"].pop("persist-credentials")),
    "releases with a cache": ("main", lambda w: _job(w)["steps"].append({"uses": f"actions/cache@{'0' * 40}"})),
    "runs code of a pull request with": (
        "pull-request", lambda w: _job(w)["permissions"].update({"id-token": "write"})),
    "and names a secret": (
        "pull-request", lambda w: _job(w)["steps"][1].update(env={"KEY": "${{ secrets.SIGNING_KEY }}"})),
    "on a machine that may be the repository's own": (
        "pull-request", lambda w: _job(w).update({"runs-on": "${{ vars.MAINLINE_RUNNER || 'ubuntu-24.04' }}"})),
    "in an environment": ("pull-request", lambda w: _job(w).update(environment="release")),
    "leaves credentials for code": (
        "pull-request", lambda w: _checkout(w)["with"].update({"persist-credentials": True})),
    "write a cache": ("pull-request", lambda w: _job(w)["steps"][1].update({"with": {"cache": "pip"}})),
    "pull_request_target": ("pull-request", lambda w: w.update(on={"pull_request_target": None})),
    "not the default branch": (
        "comment", lambda w: _checkout(w)["with"].update(ref="${{ github.event.workflow_run.head_sha }}")),
    "checks out ${{ inputs.branch }}": (
        "lock", lambda w: _checkout(w)["with"].update(ref="${{ inputs.branch }}")),
    "artifact onto the disk": (
        "lock", lambda w: _job(w)["steps"].append({"uses": f"actions/download-artifact@{'0' * 40}"})),
    "leaves credentials after": ("comment", lambda w: _checkout(w)["with"].update({"persist-credentials": True})),
    "does not run for a merge queue": ("pull-request", lambda w: w["on"].pop("merge_group")),
    "pull_request.number is empty in a merge queue": (
        "pull-request", lambda w: w["concurrency"].update(group="${{ github.event.pull_request.number }}")),
    "decides by a branch named main": ("main", lambda w: _job(w).update({"if": "github.ref == 'refs/heads/main'"})),
    "decides by a branch named trunk": ("main", lambda w: _job(w).update({"if": "github.base_ref == 'trunk'"})),
    "a tag that is named like the branch": (
        "lock", lambda w: _job(w).update({"if": "github.ref_name == github.event.repository.default_branch"})),
    "decides by who started the run": (
        "comment", lambda w: _job(w).update({"if": "github.actor != 'dependabot[bot]'"})),
    "names a secret after": ("comment", lambda w: _job(w).update(env={"TOKEN": "${{ secrets.BOT_TOKEN }}"})),
    "unpacks a stranger's artifact": (
        "comment", lambda w: _job(w)["steps"].append({"uses": f"actions/download-artifact@{'0' * 40}"})),
}  # fmt: skip


@pytest.mark.parametrize("line", BREAKS)
def test_the_policy_sees_what_breaks_it(line: str) -> None:
    """Each rule, broken once in a workflow that ships, is named."""
    name, damage = BREAKS[line]
    broken: dict[str, Any] = copy.deepcopy(dict(policy.load(FOLDER / f"{name}.yml")))
    damage(broken)
    assert any(line in problem for problem in policy.problems(broken))


def test_a_pin_without_its_version_is_seen() -> None:
    """A line that pins a commit and does not say which version that is, or names a tag, is listed."""
    good = f"  - uses: actions/checkout@{'0' * 40} # v7.0.1"
    bad = [f"  - uses: actions/checkout@{'0' * 40}", "  - uses: actions/checkout@v7 # v7.0.1"]
    assert len(policy.unpinned_lines("\n".join([good, *bad]))) == 2
