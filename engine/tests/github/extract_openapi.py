"""Make `openapi.json`: the few operations that the workflows use, out of GitHub's own description of its interface.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python -m tests.github.extract_openapi package/generated/api.github.com.json VERSION

The description is GitHub's (github.com/github/rest-api-description, MIT); npm's `@octokit/openapi` ships it. Words and
examples are left out, and what OpenAPI 3.0 calls nullable is written as JSON Schema has it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.project import ENGINE

FILE = ENGINE / "tests" / "github" / "openapi.json"
REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = {
    "/users/{username}": ["get"],
    REPOSITORY: ["get"],
    f"{REPOSITORY}/hash-algorithm": ["get"],
    f"{REPOSITORY}/pulls": ["get", "post"],
    f"{REPOSITORY}/pulls/{{pull_number}}": ["get", "patch"],
    f"{REPOSITORY}/dispatches": ["post"],
    f"{REPOSITORY}/issues": ["get", "post"],
    f"{REPOSITORY}/issues/{{issue_number}}": ["patch"],
    f"{REPOSITORY}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{REPOSITORY}/issues/comments/{{comment_id}}": ["patch", "delete"],
    f"{REPOSITORY}/check-runs": ["post"],
    f"{REPOSITORY}/actions/runs/{{run_id}}": ["get"],
    f"{REPOSITORY}/actions/workflows/{{workflow_id}}/runs": ["get"],
    f"{REPOSITORY}/actions/runs/{{run_id}}/artifacts": ["get"],
    f"{REPOSITORY}/actions/artifacts/{{artifact_id}}/{{archive_format}}": ["get"],
    f"{REPOSITORY}/compare/{{basehead}}": ["get"],
    f"{REPOSITORY}/git/trees/{{tree_sha}}": ["get"],
    f"{REPOSITORY}/git/blobs/{{file_sha}}": ["get"],
    f"{REPOSITORY}/releases": ["get", "post"],
    f"{REPOSITORY}/releases/{{release_id}}": ["patch"],
    f"{REPOSITORY}/releases/{{release_id}}/assets": ["get", "post"],
    f"{REPOSITORY}/releases/assets/{{asset_id}}": ["get", "delete"],
    f"{REPOSITORY}/deployments": ["get", "post"],
    f"{REPOSITORY}/deployments/{{deployment_id}}/statuses": ["get", "post"],
    f"{REPOSITORY}/rulesets": ["get", "post"],
    f"{REPOSITORY}/rulesets/{{ruleset_id}}": ["put"],
    f"{REPOSITORY}/environments/{{environment_name}}": ["get", "put"],
    f"{REPOSITORY}/environments/{{environment_name}}/deployment-branch-policies": ["get", "post"],
}
_WORDS = (
    "description",
    "example",
    "examples",
    "summary",
    "externalDocs",
    "x-github",
    "tags",
    "title",
    "x-multi-segment",
)


def extract(described: dict[str, Any], version: str) -> dict[str, Any]:
    """Keep the operations and every schema that they refer to."""
    whole = {
        path: {method: _operation(described, described["paths"][path], method) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    schemas: dict[str, Any] = {}
    _collect(whole, described["components"]["schemas"], schemas)
    about = f"github.com/github/rest-api-description, MIT; npm's @octokit/openapi {version}; made by extract_openapi.py"
    return {"source": about, "paths": whole, "components": {"schemas": schemas}}


def _operation(described: dict[str, Any], path: dict[str, Any], method: str) -> dict[str, Any]:
    found = path[method]
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers = {}
    for status, answer in found["responses"].items():
        answer = _follow(described, answer)
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        answers[status] = _plain(schema) if schema else None
    given = [_follow(described, item) for item in (*path.get("parameters", []), *found.get("parameters", []))]
    query = {item["name"]: _plain(item["schema"]) for item in given if item["in"] == "query"}
    return {"body": _plain(body) if body else None, "query": query, "answers": answers}


def _follow(described: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in item:
        found: Any = described
        for part in item["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        item = found
    return item


def _collect(node: Any, known: dict[str, Any], found: dict[str, Any]) -> None:
    """Add each schema that is referred to, and what those refer to."""
    if isinstance(node, list):
        for item in node:
            _collect(item, known, found)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
        if name in known and name not in found:
            found[name] = _plain(known[name])
            _collect(found[name], known, found)
        for item in node.values():
            _collect(item, known, found)


def _plain(schema: Any, names: bool = False) -> Any:
    """Drop words, and say `null` where OpenAPI says nullable; `names` is whether keys are names of properties."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: _plain(item, names=name == "properties")
        for name, item in schema.items()
        if names or (name not in _WORDS and not name.startswith("x-") and name != "nullable")
    }
    if schema.get("nullable") is True and not names:
        if isinstance(kept.get("type"), str):
            kept["type"] = [kept["type"], "null"]
            if "enum" in kept:
                kept["enum"] = [*kept["enum"], None]
            return kept
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


if __name__ == "__main__":
    extracted = extract(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2])
    FILE.write_text(json.dumps(extracted, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")
