"""`github-deployments`: what each environment has, where GitHub shows it."""

from typing import Any

from mainline.declared import environments
from mainline.github import api
from mainline.github.api import Api
from mainline.registry import tags
from mainline.registry.tags import Assigned, Version

TASK = "mainline"


def record() -> str:
    """Record the last assignment of each environment as a deployment with its status; the same one only once.

    Raises:
        ApiError: when GitHub refuses.
    """
    github = api.connect()
    last = {name: next(reversed(tags.assignments(name)), None) for name in environments.load_all()}
    said = [_record(github, found, found.version) for found in last.values() if found is not None and found.version]
    return "\n".join(said) or "No environment has a version yet."


def _record(github: Api, assigned: Assigned, version: Version) -> str:
    known = [
        deployment
        for deployment in github.pages("/deployments", environment=assigned.environment, task=TASK)
        if _number(deployment) == assigned.number
    ]
    found = known[0] if known else github.ask("POST", "/deployments", _body(assigned, version.commit, version.name))
    states = [status["state"] for status in github.pages(f"/deployments/{int(found['id'])}/statuses")]
    if "success" in states:
        return f"{assigned.environment}: {version.name}, recorded before"
    told = {"state": "success", "description": f"{version.name} is assigned", "auto_inactive": True}
    github.ask("POST", f"/deployments/{int(found['id'])}/statuses", told)
    return f"{assigned.environment}: {version.name}"


def _body(assigned: Assigned, commit: str, version: str) -> dict[str, Any]:
    return {
        "ref": commit, "task": TASK, "environment": assigned.environment, "auto_merge": False,
        "required_contexts": [], "description": f"{version} ({assigned.number})",
        "payload": {"version": version, "assignment": assigned.number},
    }  # fmt: skip


def _number(deployment: dict[str, Any]) -> int | None:
    payload = deployment.get("payload")
    return payload.get("assignment") if isinstance(payload, dict) else None
