"""What is written to GitHub: by CML, or by calls of our own if CML is not here, fails or hangs. The log says which.

Both ways leave the same: the comment of one is found and updated by the other.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from mainline import progress
from mainline.github import cml
from mainline.github.api import Api
from mainline.github.cml import CmlError
from mainline.repository.git import ask

BOT = "github-actions[bot]"
Answer = TypeVar("Answer")


def comment(github: Api, number: int, text: str) -> None:
    """Post our comment at a pull request, or update it, and leave one.

    CML takes the last comment on the first page that bears its mark, whoever wrote it, and its author could change it
    later. If a stranger has put the mark, a new comment is made instead; older ones of ours are removed.
    """
    marked = _marked(github, number)
    ours = [comment["id"] for comment in marked if comment["user"]["login"] == BOT]
    _either(
        f"the comment at #{number}",
        lambda: cml.comment(github, number, text, update=len(ours) == len(marked)),
        lambda: _comment(github, number, text, max(ours, default=None)),
    )
    left = [comment["id"] for comment in _marked(github, number) if comment["user"]["login"] == BOT]
    for older in sorted(left)[:-1]:
        github.ask("DELETE", f"/issues/comments/{older}")


def check(github: Api, commit: str, title: str, conclusion: str, text: str) -> None:
    """Set a check at a commit."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "name": title, "head_sha": commit, "status": "completed", "conclusion": conclusion, "completed_at": now,
        "output": {"title": title, "summary": text},
    }  # fmt: skip
    _either(
        f"the check '{title}'",
        lambda: cml.check(github, commit, title, conclusion, text),
        lambda: github.ask("POST", "/check-runs", body),
    )


def pull_request(github: Api, branch: str, target: str, title: str, body: str) -> str:
    """Open the pull request of a branch of this repository, or bring the open one up to date; return its address."""
    found = open_pull_request(github, branch)
    if found is None:
        opened = {"head": branch, "base": target, "title": title, "body": body}
        return _either(
            f"the pull request of {branch}",
            lambda: _by_cml(github, branch, target, title, body),
            # CML may have opened it before it failed.
            lambda: str((open_pull_request(github, branch) or github.ask("POST", "/pulls", opened))["html_url"]),
        )
    if (found["title"], found["body"]) != (title, body):
        github.ask("PATCH", f"/pulls/{int(found['number'])}", {"title": title, "body": body})
    return str(found["html_url"])


def declined(github: Api, branch: str, since: float) -> str:
    """Return the address of a branch's pull request that was closed without a merge after a moment; '' if none was.

    The moment is in seconds since 1970.
    """
    for pull in _pull_requests(github, branch, "closed"):
        closed = pull["closed_at"]
        if closed and not pull["merged_at"] and datetime.fromisoformat(closed).timestamp() >= since:
            return str(pull["html_url"])
    return ""


def _either(what: str, by_cml: Callable[[], Answer], ourselves: Callable[[], Answer]) -> Answer:
    """Write something by CML, and if it cannot, by a call of our own."""
    try:
        answer = by_cml()
    except CmlError as error:
        progress.say(f"{what}: written by a call of our own, since CML did not: {error}")
        return ourselves()
    progress.say(f"{what}: written by CML")
    return answer


def _by_cml(github: Api, branch: str, target: str, title: str, body: str) -> str:
    """Open a pull request; CML takes one of a fork, or of a branch whose name this one's ends in, for the same."""
    address = cml.pull_request(github, branch, target, title, body)
    if open_pull_request(github, branch) is None:
        raise CmlError(f"it took {address} for the one of {branch}")
    return address


def open_pull_request(github: Api, branch: str) -> dict[str, Any] | None:
    """Return the open pull request of a branch, if there is one."""
    return next(_pull_requests(github, branch, "open"), None)


def _pull_requests(github: Api, branch: str, state: str) -> Iterator[dict[str, Any]]:
    """List the pull requests of a branch of this very repository."""
    for pull in github.pages("/pulls", state=state, head=f"{github.name.partition('/')[0]}:{branch}"):
        source = (pull["head"]["repo"] or {}).get("full_name", "")
        if pull["head"]["ref"] == branch and source.casefold() == github.name.casefold():
            yield dict(pull)


def _comment(github: Api, number: int, text: str, known: int | None) -> Any:
    commit = ask("rev-parse", "HEAD") or "0"
    body = {"body": f'{text}\n\n![](https://cml.dev/watermark.png#{commit} "CML watermark {cml.TITLE}")'}
    if known is None:
        return github.ask("POST", f"/issues/{number}/comments", body)
    return github.ask("PATCH", f"/issues/comments/{known}", body)


def _marked(github: Api, number: int) -> list[dict[str, Any]]:
    """List the comments of a pull request that bear CML's mark and our title, whoever wrote them."""
    comments = github.pages(f"/issues/{number}/comments")
    return [comment for comment in comments if cml.WATERMARK.search(comment["body"] or "")]
