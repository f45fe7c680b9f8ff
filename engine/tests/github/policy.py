"""What a workflow must keep to, as functions from its YAML to the lines that say where it does not."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Workflow = Mapping[str, Any]
Job = Mapping[str, Any]

PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
BRANCH_NAMED = re.compile(r"(?:refs/heads/|(?<!event)_(?:name|ref|branch) == ')([\w.-]+)")
PINNED_LINE = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
STRANGERS = ("pull_request", "pull_request_target", "issue_comment", "merge_group")
"""Events whose jobs run, or are steered by, what a stranger wrote."""

OWN_MACHINE, OWN_CODE = "vars.", "github.event.pull_request.head.repo.full_name == github.repository"
"""A label that the repository declares, which may be of a machine of its own; and what keeps code of a fork off it."""

TRUSTED_REFS = tuple(f"${{{{ github.event.repository.default_branch{also} }}}}" for also in ("", " || github.ref"))
"""The default branch. A schedule, which runs for no other, has it only as the branch that it runs for."""


def load(path: Path) -> Workflow:
    """Read a workflow; YAML takes the key `on` for a truth value."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in found.items()}


def problems(workflow: Workflow) -> list[str]:
    """List everything that a workflow does not keep to."""
    events = workflow["on"] if isinstance(workflow["on"], (dict, list)) else [workflow["on"]]
    found = ["pull_request_target hands a token that writes to code of strangers"] * ("pull_request_target" in events)
    if "pull_request" in events and "merge_group" not in events:
        found.append("does not run for a merge queue, which waits for its checks for ever")
    if "merge_group" in events:
        found += list(_without_a_queue(workflow))
    if workflow.get("permissions") != {}:
        found.append("permissions of the workflow are not empty, so a new job would inherit them")
    for name, job in workflow["jobs"].items():
        found += [f"{name}: {line}" for line in _every_job(job, workflow)]
        if any(event in events for event in STRANGERS):
            found += [f"{name}: {line}" for line in _of_strangers(job, workflow)]
        if "workflow_run" in events:
            found += [f"{name}: {line}" for line in _after_strangers(job)]
        if "push" in events and _may_write(job):
            found += [f"{name}: {line}" for line in _release(job)]
        elif _may_write(job):
            found += [f"{name}: {line}" for line in _of_maintainers(job)]
    return found


def _without_a_queue(workflow: Workflow) -> Iterator[str]:
    """What has no value in a merge queue, which has no pull request: runs share a group, or look at main."""
    for expression in re.findall(r"\$\{\{(.*?)\}\}", json.dumps(workflow)):
        if "github.event.pull_request." in expression and "||" not in expression:
            yield f"{expression.strip()} is empty in a merge queue"


def unpinned_lines(text: str) -> list[str]:
    """List `uses:` lines that lack a full commit or the version in a comment."""
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    return [line for line in lines if not PINNED_LINE.fullmatch(line)]


def _every_job(job: Job, workflow: Workflow) -> Iterator[str]:
    if not isinstance(job.get("timeout-minutes"), int):
        yield "has no timeout"
    if "concurrency" not in job and "concurrency" not in workflow:
        yield "has no concurrency"
    everything = json.dumps(job)
    for match in BRANCH_NAMED.finditer(str(job.get("if", ""))):
        yield f"decides by a branch named {match[1]}, not by the default branch"
    if "github.ref_name ==" in everything:
        yield "takes a tag that is named like the branch for the branch"
    if "github.actor" in everything or "github.triggering_actor" in everything:
        yield "decides by who started the run, which a re-run or a bot changes"
    if not isinstance(job.get("permissions"), dict):
        yield "names no permissions"
    for step in _steps(job):
        if "uses" in step and not PINNED.fullmatch(step["uses"]):
            yield f"{step['uses']} is not pinned to a commit"
        if _is_checkout(step) and not isinstance(step.get("with", {}).get("persist-credentials"), bool):
            yield "a checkout does not say whether it leaves credentials"


def _of_strangers(job: Job, workflow: Workflow) -> Iterator[str]:
    """What a job that runs code of a pull request must not have."""
    if job.get("permissions") not in ({"contents": "read"}, {}):
        yield f"runs code of a pull request with {job.get('permissions')}"
    everything = json.dumps([job, workflow.get("env", {})])
    if "secrets." in everything or "secrets[" in everything or job.get("secrets"):
        yield "runs code of a pull request and names a secret"
    if OWN_MACHINE in str(job["runs-on"]) and OWN_CODE not in str(job["runs-on"]):
        yield "runs code of a fork on a machine that may be the repository's own"
    if "environment" in job:
        yield "runs code of a pull request in an environment, which may hold secrets"
    for step in _steps(job):
        if _is_checkout(step) and step.get("with", {}).get("persist-credentials") is not False:
            yield "leaves credentials for code of a pull request"
        if "cache" in step.get("uses", "") or "cache" in step.get("with", {}):
            yield "lets code of a pull request write a cache"


def _after_strangers(job: Job) -> Iterator[str]:
    """What a job that may write, after a run of a stranger, must keep to."""
    for step in _steps(job):
        given = step.get("with", {})
        if _is_checkout(step) and given.get("persist-credentials") is not False:
            yield "leaves credentials after a run of a stranger"
    if "secrets." in json.dumps(job):
        yield "names a secret after a run of a stranger"


def _of_maintainers(job: Job) -> Iterator[str]:
    """What a job that may write must keep to where merged code is not what started it."""
    for step in _steps(job):
        if _is_checkout(step) and step.get("with", {}).get("ref") not in TRUSTED_REFS:
            yield f"checks out {step.get('with', {}).get('ref')}, not the default branch"
        if "download-artifact" in step.get("uses", ""):
            yield "unpacks a stranger's artifact onto the disk"


def _release(job: Job) -> Iterator[str]:
    for step in _steps(job):
        if "cache" in step.get("uses", "") or "cache" in step.get("with", {}):
            yield "releases with a cache that a pull request may have written"


def _steps(job: Job) -> list[dict[str, Any]]:
    return list(job.get("steps", []))


def _is_checkout(step: Mapping[str, Any]) -> bool:
    return str(step.get("uses", "")).startswith("actions/checkout@")


def _may_write(job: Job) -> bool:
    permissions = job.get("permissions", "write-all")
    return permissions == "write-all" or (isinstance(permissions, dict) and "write" in permissions.values())
