"""`propose` and `aborted`: open or update a pull request by a machine."""

from pathlib import Path

from mainline import params
from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.gate.findings import FindingsError
from mainline.git import ask, git
from mainline.github import api, cml
from mainline.github.api import Api
from mainline.registry import publish, tags
from mainline.release import rollback
from mainline.report import markdown

AUTHOR = {"user.name": "github-actions[bot]", "user.email": "41898282+github-actions[bot]@users.noreply.github.com"}
FINDINGS = Path("metrics/report/gate.json")
ROOM = 60_000
"""Characters of a body: GitHub's limit, and an argument of a program must not be longer than the system allows."""


def propose(branch: str) -> str:
    """Commit what changed, push it to a branch of its own, and open or update its pull request.

    The report is its text, so what is proposed is known before a check has run.

    Raises:
        MainlineError: when git or GitHub refuses.
    """
    github = api.connect()
    _sign()
    git("add", "--all")
    if not ask("diff", "--cached", "--name-only"):
        return "Nothing changed, so there is nothing to propose."
    window = params.load().data
    title = f"Retrain on {window.from_} to {window.through}"
    git("commit", "--quiet", "--message", title)
    return _open(github, git("rev-parse", "HEAD").strip(), branch, title, _report())


def aborted(environment: str, version: str) -> str:
    """Open a pull request that goes back from a version whose rollout was aborted.

    Raises:
        MainlineError: when there is no such version or environment, or nothing to go back to.
    """
    github = api.connect()
    publish.fetch()
    bad = tags.find(version)
    _sign()
    before, current = rollback.choose(None, environment)
    if current != bad:
        return (
            f"{environment} has {current.name if current else 'no version'} by now, not {bad.name}: nothing to revert."
        )
    rollback.prepare(before.name, environment)
    branch = f"rollback/{before.name}"
    title = f"Roll back from {bad.name} to {before.name}"
    body = f"The rollout of {bad.name} in {environment} was aborted. Merged, this brings {before.name} back."
    return _open(github, git("rev-parse", branch).strip(), branch, title, body)


def _open(github: Api, commit: str, branch: str, title: str, body: str) -> str:
    # The branch belongs to this command; what an earlier run put there is replaced.
    git("push", "--quiet", "--force", publish.ORIGIN, f"{commit}:refs/heads/{branch}")
    address = cml.pull_request(github, branch, publish.BRANCH, title, body)
    for pull in github.pages("/pulls", state="open", head=f"{github.name.partition('/')[0]}:{branch}"):
        if (pull["title"], pull["body"]) != (title, body):
            github.ask("PATCH", f"/pulls/{int(pull['number'])}", {"title": title, "body": body})
    return f"{title}: {address}"


def _report() -> str:
    try:
        text = markdown.render(gate.read(FINDINGS.read_bytes()))
    except (OSError, FindingsError) as error:
        raise MainlineError(f"there is no report to propose this with ({error}). Run `make report` first.") from error
    return text if markdown.length(text) <= ROOM else text[: ROOM // 2] + "\n\nShortened; the check has all of it.\n"


def _sign() -> None:
    """Name who commits, where nobody is named."""
    for name, value in AUTHOR.items():
        if not ask("config", name):
            git("config", name, value)
