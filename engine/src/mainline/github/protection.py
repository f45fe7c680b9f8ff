"""`protect`: what the design relies on at GitHub, as requests; printed, or made."""

import json
from typing import Any

from mainline.github import api, availability, branch_policy
from mainline.github.comment import CHECK
from mainline.registry import artifact

JOBS = ("Code", "Model")
"""The jobs of pull-request.yml by their names on GitHub."""

RULESETS = ("mainline: branch", "mainline: versions", "mainline: assignments", "mainline: makers")

MAKERS = [
    {"actor_type": "DeployKey", "actor_id": None, "bypass_mode": "always"},
    {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"},  # administrators
    {"actor_type": "RepositoryRole", "actor_id": 2, "bypass_mode": "always"},  # maintainers
]
"""Who may make a tag of the registry: the deploy key of the environment `release`, and maintainers. The own token of
a workflow is not among them, since whoever may push a branch may write a workflow that has one."""


OPEN = (
    "Whoever may push can still make tags of the registry. Give the environment release a deploy key "
    "(engine/docs/github.md), and run this again with --deploy-key."
)


def rules(storage: bool = False, deploy_key: bool = False) -> list[dict[str, Any]]:
    """Compose rulesets: nothing enters main unchecked, nobody moves or removes a tag of the registry, few make one.

    Args:
        storage: require also that the shared storage has what the lock names; the check exists where there is one.
        deploy_key: let only the deploy key of the environment `release`, and maintainers, make tags of the registry.
    """
    checks = [{"context": name} for name in (*JOBS, CHECK, *([availability.CHECK] if storage else []))]
    branch: list[dict[str, Any]] = [
        {"type": "deletion"},
        {"type": "non_fast_forward"},
        {"type": "pull_request", "parameters": {
            "required_approving_review_count": 1, "dismiss_stale_reviews_on_push": True,
            "require_code_owner_review": True, "require_last_push_approval": True,
            "required_review_thread_resolution": False}},
        {"type": "required_status_checks", "parameters": {
            "required_status_checks": checks, "strict_required_status_checks_policy": True}},
    ]  # fmt: skip
    kept: list[dict[str, Any]] = [{"type": "deletion"}, {"type": "non_fast_forward"}, {"type": "update"}]
    line = f"refs/tags/{artifact.name()}"
    registry = [f"{line}@*", f"{line}#*", "refs/tags/approval/**/*", "refs/tags/tested/**/*"]
    makers = _ruleset(RULESETS[3], "tag", registry, [{"type": "creation"}]) | {"bypass_actors": MAKERS}
    return [
        _ruleset(RULESETS[0], "branch", ["~DEFAULT_BRANCH"], branch),
        _ruleset(RULESETS[1], "tag", registry[:1], kept),
        _ruleset(RULESETS[2], "tag", registry[1:], kept),
        *([makers] if deploy_key else []),
    ]


def protect(apply: bool, storage: bool = False, deploy_key: bool = False) -> str:
    """Print the requests; with `apply`, make them: rulesets of these names are replaced, others are left alone.

    The environments whose secrets sign and push are closed to every branch but the default one.

    Raises:
        ApiError: when the token may not, or the plan has no rulesets.
    """
    wanted = rules(storage, deploy_key or not apply)
    if not apply:
        shown = "\n".join(json.dumps(rule, indent=2) for rule in wanted)
        return (
            f"{shown}\n\nPOST each to /repos/OWNER/REPOSITORY/rulesets, and:\n\n{branch_policy.show()}\n\n"
            "Or, all of it: GITHUB_TOKEN=... ./mainline protect --apply"
        )
    github = api.connect()
    known = {found["name"]: int(found["id"]) for found in github.pages("/rulesets")}
    for rule in wanted:
        if rule["name"] in known:
            github.ask("PUT", f"/rulesets/{known[rule['name']]}", rule)
        else:
            github.ask("POST", "/rulesets", rule)
    closed = branch_policy.apply(github)
    names = ", ".join(rule["name"] for rule in wanted)
    return "\n".join([f"{github.name}: {names} are in force.", closed, *([] if deploy_key else [OPEN])])


def _ruleset(name: str, target: str, patterns: list[str], found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name, "target": target, "enforcement": "active",
        "conditions": {"ref_name": {"include": patterns, "exclude": []}}, "rules": found,
    }  # fmt: skip
