"""The environments whose secrets sign and push are closed to branches that nobody reviewed."""

import pytest

from mainline.github import api, branch_policy, protection
from mainline.github.api import ApiError
from tests.github import policy, runner
from tests.github.repository import Item
from tests.github.standin import GitHub
from tests.project import ROOT


def _open_to(github: GitHub, name: str) -> list[str]:
    assert github.repository.environments[name]["deployment_branch_policy"]["custom_branch_policies"]
    return [found["name"] for found in github.repository.branch_policies if found["environment"] == name]


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("branch", ["main", "trunk", "team/release"])
def test_each_environment_is_open_to_the_default_branch_alone(github: GitHub, branch: str) -> None:
    """Applied twice, each environment is closed, and has one policy: the branch that GitHub calls the default."""
    github.repository.default_branch = branch
    for _ in range(2):
        said = protection.protect(apply=True)
    for name in branch_policy.ENVIRONMENTS:
        assert _open_to(github, name) == [branch]
        assert f"The environment {name} is open to {branch}." in said


@pytest.mark.usefixtures("clone")
def test_what_people_set_is_kept(github: GitHub) -> None:
    """Reviewers and a wait stay, although GitHub resets what a request leaves out; other branches are said."""
    rules: list[Item] = [
        {"type": "wait_timer", "wait_timer": 30},
        {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [
            {"type": "User", "reviewer": {"id": 7}}, {"type": "Team", "reviewer": {"id": 9}}]},
    ]  # fmt: skip
    custom = {"protected_branches": False, "custom_branch_policies": True}
    theirs = {"name": "release", "protection_rules": rules, "deployment_branch_policy": custom}
    github.repository.environments["release"] = theirs
    github.repository.branch_policies.append({"id": 1, "environment": "release", "name": "hotfix/*", "type": "branch"})
    said = branch_policy.apply(api.connect())
    kept = github.repository.environments["release"]["protection_rules"]
    assert [rule for rule in kept if rule["type"] != "branch_policy"] == rules
    assert "release is open to main; also, as somebody declared it: hotfix/*." in said


@pytest.mark.usefixtures("clone")
def test_a_run_that_stops_half_way_leaves_the_environment_closed(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is refused in the middle leaves an environment that no branch may use, and not one that all may."""
    asked = api.Api.ask

    def stop(self: api.Api, method: str, path: str, body: object = None) -> object:
        if path.endswith("deployment-branch-policies") and method == "POST":
            raise ApiError(method, "stopped")
        return asked(self, method, path, body)  # type: ignore[arg-type]

    monkeypatch.setattr(api.Api, "ask", stop)
    with pytest.raises(ApiError, match="stopped"):
        branch_policy.apply(api.connect())
    assert _open_to(github, "release") == []


@pytest.mark.usefixtures("clone")
def test_a_token_that_may_not_changes_nothing(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub's refusal is the error."""
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"actions": "read"}))
    with pytest.raises(ApiError, match="403"):
        branch_policy.apply(api.connect())
    assert github.repository.environments == {}


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize(("branch", "starts"), [("main", True), ("trunk", True), ("develop", False)])
def test_a_default_branch_that_starts_no_release_is_said(github: GitHub, branch: str, starts: bool) -> None:
    """A fork whose default branch has an unusual name is told which line to add, instead of never releasing."""
    branch_policy.RELEASE.parent.mkdir(parents=True)
    branch_policy.RELEASE.write_text((ROOT / branch_policy.RELEASE).read_text())
    github.repository.default_branch = branch
    said = protection.protect(apply=True)
    assert (f"Add {branch} to its `branches:`" not in said) is starts


def test_the_branch_is_protected_by_what_it_is() -> None:
    """The ruleset is of the default branch, whatever its name is or becomes."""
    assert protection.rules()[0]["conditions"]["ref_name"]["include"] == ["~DEFAULT_BRANCH"]


def test_printed_it_names_every_request(github: GitHub) -> None:
    """What a person would click or send is printed, and nothing is asked of GitHub."""
    said = protection.protect(apply=False)
    for name in branch_policy.ENVIRONMENTS:
        assert f"PUT /repos/OWNER/REPOSITORY/environments/{name}" in said
        assert f"POST /repos/OWNER/REPOSITORY/environments/{name}/deployment-branch-policies" in said
    assert github.requests == []


def test_the_environments_are_those_of_the_workflows() -> None:
    """An environment that a workflow begins to use is closed by the same command; GitHub closes that of Pages."""
    jobs = [job for file in runner.workflow_files() for job in policy.load(file)["jobs"].values()]
    used = [job["environment"] for job in jobs if "environment" in job]
    names = {one["name"] if isinstance(one, dict) else one for one in used}
    assert names == {*branch_policy.ENVIRONMENTS, "github-pages"}
