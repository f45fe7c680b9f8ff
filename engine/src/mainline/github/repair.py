"""`commit-lock`: put the right lock, which a pull request's run offered, on the pull request's branch.

A maintainer asks for it by the pull request's number. No code of the branch runs here, and nothing of it is checked
out: the commit is composed of what the branch has and of the files that were checked.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError
from mainline.github import api, comment, offer, proposal
from mainline.github.api import Api
from mainline.registry import origin
from mainline.repository import tree
from mainline.repository.git import ask, git
from mainline.repository.tree import Entry

ARTIFACT = "lock"
TITLE = "Reproduce the lock"


class RepairError(MainlineError):
    """There is nothing to commit, or nowhere to commit it."""


def commit_lock(number: int) -> str:
    """Commit the offered lock on the branch of a pull request, and push it.

    Raises:
        RepairError: when the pull request is a fork's or closed, or its last run offered no lock.
        OfferError: when what was offered is not the lock of its pipeline.
    """
    github = api.connect()
    pull = github.ask("GET", f"/pulls/{number}")
    head, branch = str(pull["head"]["sha"]), str(pull["head"]["ref"])
    run = _run(github, number, head)
    _refuse_others(github, pull, run)
    reference = f"{origin.HEADS}{branch}"
    git("fetch", "--quiet", "--no-tags", origin.remote(), reference)
    if ask("rev-parse", "FETCH_HEAD") != head:
        raise RepairError(f"#{number} has moved on from {head[:10]}. Its newest run offers the lock that fits.")
    files = offer.read(_download(github, number, run), head)
    commit = _commit(head, files, number, run)
    if commit is None:
        return f"#{number} has this lock already."
    origin.push(origin.remote(), {reference: commit})
    return (
        f"#{number}: {branch} has the lock that the run offered, as {commit[:10]}. A push with a workflow's own token "
        "starts no checks: close and reopen the pull request, or give the environment 'bot' a BOT_TOKEN "
        "(engine/docs/github.md)."
    )


def _run(github: Api, number: int, head: str) -> dict[str, Any]:
    """Return the newest run of the pull request's workflow of a commit."""
    name = Path(comment.WORKFLOW).name
    asked = {"head_sha": head, "event": "pull_request", "status": "completed"}
    runs = github.pages(f"/actions/workflows/{name}/runs", key="workflow_runs", **asked)
    newest = max((int(run["id"]) for run in runs), default=None)
    if newest is None:
        raise RepairError(f"no run of {name} has ended for {head[:10]}, which #{number} is at. Wait for it.")
    return comment.run_of(github, newest, head)


def _refuse_others(github: Api, pull: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    number, source = pull["number"], (pull["head"]["repo"] or {}).get("full_name", "a repository that is gone")
    if pull["state"] != "open":
        raise RepairError(f"#{number} is {pull['state']}. Reopen it first.")
    if source.casefold() != github.name.casefold():
        raise RepairError(
            f"#{number} comes from {source}, where this repository may not write. Ask its author to run `make repro` "
            f"and commit, or to commit the files of the artifact '{ARTIFACT}' of {run['html_url']}."
        )
    if pull["head"]["ref"] == origin.branch():
        raise RepairError(
            f"#{number} is opened from {origin.branch()}, which only merges change. Open it from a branch."
        )


def _download(github: Api, number: int, run: Mapping[str, Any]) -> bytes:
    kept = comment.artifact_of(github, int(run["id"]), ARTIFACT)
    if kept is None:
        raise RepairError(
            f"the run {run['html_url']} of #{number} offers no lock: it is true, the pipeline stopped before it was "
            "known, or the artifact has expired. The run's log says which."
        )
    return comment.download(github, kept)


def _commit(head: str, files: Mapping[str, str], number: int, run: Mapping[str, Any]) -> str | None:
    """Make a commit of files on top of another; None where that changes nothing."""
    proposal.sign()
    changed = tree.write(head, {path: Entry("100644", tree.store(text)) for path, text in files.items()})
    if changed == git("rev-parse", f"{head}^{{tree}}").strip():
        return None
    message = f"{TITLE}\n\nAs the run of #{number} made it: {run['html_url']}"
    return tree.commit(changed, message, head)
