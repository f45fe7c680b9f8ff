"""`protect`: what the design relies on at GitHub, as requests; printed, or made."""

import json
from typing import Any

from mainline.github import api, branch_policy, stored
from mainline.github.comment import CHECK
from mainline.registry import artifact

JOBS = ("Code", "Model")
"""The jobs of pull-request.yml by their names on GitHub."""

RULESETS = ("mainline: branch", "mainline: versions", "mainline: assignments")


def rules(storage: bool = False) -> list[dict[str, Any]]:
    """Compose rulesets: nothing enters main unchecked, and nobody moves or removes a tag of the registry.

    Args:
        storage: require also that the shared storage has what the lock names; the check exists where there is one.
    """
    checks = [{"context": name} for name in (*JOBS, CHECK, *([stored.CHECK] if storage else []))]
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
    return [
        _ruleset(RULESETS[0], "branch", "~DEFAULT_BRANCH", branch),
        _ruleset(RULESETS[1], "tag", f"refs/tags/{artifact.name()}@*", kept),
        _ruleset(RULESETS[2], "tag", f"refs/tags/{artifact.name()}#*", kept),
    ]


def protect(apply: bool, storage: bool = False) -> str:
    """Print the requests; with `apply`, make them: rulesets of these names are replaced, others are left alone.

    The environments whose secrets sign and push are closed to every branch but the default one.

    Raises:
        ApiError: when the token may not, or the plan has no rulesets.
    """
    wanted = rules(storage)
    if not apply:
        shown = "\n".join(json.dumps(rule, indent=2) for rule in wanted)
        return (
            f"{shown}\n\nPOST each to /repos/OWNER/REPOSITORY/rulesets, and:\n\n{branch_policy.show()}\n\n"
            "Or, all of it: GITHUB_TOKEN=... mainline protect --apply"
        )
    github = api.connect()
    known = {found["name"]: int(found["id"]) for found in github.pages("/rulesets")}
    for rule in wanted:
        if rule["name"] in known:
            github.ask("PUT", f"/rulesets/{known[rule['name']]}", rule)
        else:
            github.ask("POST", "/rulesets", rule)
    closed = branch_policy.apply(github)
    return f"{github.name}: {', '.join(RULESETS)} are in force.\n{closed}"


def _ruleset(name: str, target: str, pattern: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name, "target": target, "enforcement": "active",
        "conditions": {"ref_name": {"include": [pattern], "exclude": []}}, "rules": found,
    }  # fmt: skip
