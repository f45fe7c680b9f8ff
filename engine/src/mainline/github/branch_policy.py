"""Which branches may use the environments whose secrets sign and push: the default branch, and no other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mainline.github.api import Api, ApiError

ENVIRONMENTS = ("release", "bot")
"""The environments of the workflows. Open to every branch, one is open to whoever may push a branch with a workflow."""

CLOSED = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


RELEASE = Path(".github/workflows/main.yml")
"""The workflow that a push to the default branch must start, and that GitHub can name no default branch in."""


def show() -> str:
    """Return the requests as text, with the path of each."""
    opened = json.dumps({"name": "DEFAULT_BRANCH", "type": "branch"})
    lines = (
        f"PUT /repos/OWNER/REPOSITORY/environments/{name}\n{json.dumps(CLOSED, indent=2)}\n"
        f"POST /repos/OWNER/REPOSITORY/environments/{name}/deployment-branch-policies\n{opened}"
        for name in ENVIRONMENTS
    )
    return "\n".join(lines)


def apply(github: Api) -> str:
    """Close each environment to every branch but the default one; what else a person has set there is kept.

    Raises:
        ApiError: when the token may not, or the plan has no environments for a private repository.
    """
    branch = str(github.ask("GET", "")["default_branch"])
    said = [_close(github, name, branch) for name in ENVIRONMENTS]
    if not starts(RELEASE, branch):
        said.append(f"NOTHING IS RELEASED YET: no push to {branch} starts {RELEASE}. Add {branch} to its `branches:`.")
    return "\n".join(said)


def starts(workflow: Path, branch: str) -> bool:
    """Whether a push to a branch starts a workflow; one that is not here is not asked."""
    if not workflow.exists():
        return True
    declared = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    push = declared[True]["push"]  # YAML takes the key `on` for a truth value
    return branch in push["branches"]


def _close(github: Api, name: str, branch: str) -> str:
    path = f"/environments/{name}"
    # Closed first and opened after, so that a run that stops between the two leaves nobody in.
    github.ask("PUT", path, {**dict(_kept(_current(github, path))), **CLOSED})
    policies = list(github.pages(f"{path}/deployment-branch-policies", key="branch_policies"))
    if not any((policy["name"], policy.get("type", "branch")) == (branch, "branch") for policy in policies):
        github.ask("POST", f"{path}/deployment-branch-policies", {"name": branch, "type": "branch"})
    others = sorted(str(policy["name"]) for policy in policies if policy["name"] != branch)
    more = f"; also, as somebody declared it: {', '.join(others)}" if others else ""
    return f"The environment {name} is open to {branch}{more}."


def _current(github: Api, path: str) -> dict[str, Any]:
    try:
        return dict(github.ask("GET", path))
    except ApiError as error:
        if error.status != 404:
            raise
        return {}


def _kept(environment: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what people have set, in the words of the request, which would reset what it leaves out."""
    for rule in environment.get("protection_rules", []):
        if rule["type"] == "wait_timer":
            yield "wait_timer", rule["wait_timer"]
        elif rule["type"] == "required_reviewers":
            yield "prevent_self_review", bool(rule.get("prevent_self_review"))
            yield "reviewers", [{"type": item["type"], "id": item["reviewer"]["id"]} for item in rule["reviewers"]]
