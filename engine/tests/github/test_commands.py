"""What commands tell GitHub, once: the protection, and the deployments."""

import shutil
import subprocess
from pathlib import Path

import pytest

from mainline.github import deployments, protection
from mainline.github.api import ApiError
from tests.github.standin import GitHub
from tests.project import FLIGHTS


@pytest.mark.usefixtures("clone")
def test_protection_is_put_in_force_and_replaced(github: GitHub) -> None:
    """Applied twice there is one ruleset of each name, and one of another name is left alone."""
    theirs = {"id": 1, "name": "theirs", "enforcement": "active", "target": "branch"}
    github.repository.rulesets.append(dict(theirs))
    for _ in range(2):
        assert protection.OPEN not in protection.protect(apply=True, deploy_key=True)
    assert [rule["name"] for rule in github.repository.rulesets] == ["theirs", *protection.RULESETS]
    assert github.repository.rulesets[0] == theirs


@pytest.mark.usefixtures("clone")
def test_only_the_deploy_key_and_maintainers_make_tags_of_the_registry(github: GitHub) -> None:
    """Versions, assignments, approvals and records of tests are made by nobody else; without the key that is said."""
    assert protection.OPEN in protection.protect(apply=True)
    assert len(github.repository.rulesets) == 3
    protection.protect(apply=True, deploy_key=True)
    makers = github.repository.rulesets[-1]
    assert [rule["type"] for rule in makers["rules"]] == ["creation"]
    assert [name.split("/")[2].rstrip("*") for name in makers["conditions"]["ref_name"]["include"]] == [
        "model@", "model#", "approval", "tested",
    ]  # fmt: skip
    assert {(one["actor_type"], one["actor_id"]) for one in makers["bypass_actors"]} == {
        ("DeployKey", None), ("RepositoryRole", 5), ("RepositoryRole", 2),
    }  # fmt: skip


def test_protection_is_printed_without_a_token(github: GitHub) -> None:
    """Printed, nothing is asked of GitHub."""
    assert "required_status_checks" in protection.protect(apply=False)
    assert github.requests == []


@pytest.fixture
def assigned(clone: Path) -> Path:
    """A clone whose staging and production have v1.0.0."""
    (clone / "deploy").mkdir()
    for name in ("staging", "production"):
        shutil.copy2(FLIGHTS / f"deploy/{name}.yaml", clone / "deploy")
    for tag in ("model@v1.0.0", "model#staging#1", "model#production#1"):
        subprocess.run(["git", "tag", tag, "main"], check=True)
    return clone


@pytest.mark.usefixtures("assigned")
def test_a_deployment_is_recorded_once(github: GitHub) -> None:
    """Each environment's assignment has one deployment with one status, however often it is recorded."""
    for _ in range(2):
        said = deployments.record()
    assert said == "staging: v1.0.0, recorded before\nproduction: v1.0.0, recorded before"
    assert [item["environment"] for item in github.repository.deployments] == ["production", "staging"]
    assert [status["state"] for _, status in github.repository.statuses] == ["success", "success"]


@pytest.mark.usefixtures("assigned")
def test_a_deployment_without_its_status_is_completed(github: GitHub) -> None:
    """A run that was killed between the two leaves no deployment without its status behind."""
    deployments.record()
    github.repository.statuses.clear()
    deployments.record()
    assert (len(github.repository.deployments), len(github.repository.statuses)) == (2, 2)


@pytest.mark.usefixtures("assigned")
def test_a_token_without_the_right_records_nothing(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub's refusal is the error."""
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"contents": "read", "deployments": "read"}))
    with pytest.raises(ApiError, match="403"):
        deployments.record()
    assert github.repository.deployments == []
