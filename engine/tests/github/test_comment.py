"""What is posted about a pull request's run: one comment, a check, and nothing that a stranger made up."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from mainline.gate.findings import Findings
from mainline.github import comment
from mainline.github.api import ApiError
from mainline.github.comment import MEMBER, RunError
from mainline.report import shortening
from tests.github.repository import FULL, Item
from tests.github.standin import GitHub
from tests.mainline.replay import examples as replays
from tests.mainline.report import examples, hostile

RUN = 7


def _zip(content: bytes | None, name: str = MEMBER, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        if content is not None:
            archive.writestr(name, content)
    return packed.getvalue()


def _document(head: str, **changes: Any) -> bytes:
    found = json.loads(examples.passing().model_dump_json()) | changes
    found["candidate"]["commit"] = head
    return json.dumps(found).encode()


@pytest.fixture
def head(github: GitHub, clone: Path) -> str:
    """The commit of an open pull request, whose run has ended well and left nothing yet."""
    assert Path.cwd() == clone
    pull = github.repository.open("better", "Better")
    github.repository.runs[RUN] = {
        "id": RUN, "path": f"{comment.WORKFLOW}@better", "event": "pull_request", "head_sha": pull["head"]["sha"],
        "conclusion": "success", "html_url": f"{github.url}/{FULL}/actions/runs/{RUN}",
    }  # fmt: skip
    return str(pull["head"]["sha"])


def _keep(github: GitHub, content: bytes, name: str = MEMBER, attempt: str = "") -> None:
    file = github.repository.files / str(RUN) / f"{comment.ARTIFACT}{attempt}" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_findings_become_one_comment_and_a_check(github: GitHub, head: str) -> None:
    """A second run updates the comment of the first, and each sets the check with its verdict."""
    _keep(github, _document(head, verdict="pass", headline="The model is better."))
    assert "success" in comment.post(RUN, head)
    _keep(github, _document(head, verdict="fail", headline="The model is worse."))
    assert "failure" in comment.post(RUN, head)
    (posted,) = github.repository.comments
    assert "Fail: The model is worse." in posted["body"]
    assert [check["conclusion"] for check in github.repository.checks] == ["success", "failure"]
    assert {(check["name"], check["head_sha"]) for check in github.repository.checks} == {("Gate", head)}


def _score(head: str, **sums: float) -> bytes:
    counted = {"data": 5.5, "model": 3.5, "infra": 4.5, "monitor": 1.0, **sums}
    moved = [{"test": "Data 2", "before": 1.0, "after": 0.0, "why": "@everyone lost it"}]
    scored = {"format": 1, "commit": head, "base": "cd" * 20, "sums": counted, "moved": moved, "not_compared": []}
    return json.dumps(scored).encode()


def _keep_score(github: GitHub, content: bytes) -> None:
    file = github.repository.files / str(RUN) / comment.SCORE / comment.SCORE_MEMBER
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_the_score_is_a_section_of_the_comment_and_a_check_that_fails_nothing(github: GitHub, head: str) -> None:
    """Without a declared floor the check of the score is neutral, and that of the gate is what it is without it."""
    _keep(github, _document(head, verdict="pass"))
    _keep_score(github, _score(head))
    said = comment.post(RUN, head)
    assert said == "Commented on #1; the check 'Gate' is success, 'Score' is neutral."
    (posted,) = github.repository.comments
    assert "#### ML test score" in posted["body"]
    assert "- **Data 2**: 0, before 1; `@everyone` lost it" in posted["body"]
    assert {check["name"]: check["conclusion"] for check in github.repository.checks} == {
        "Gate": "success", "Score": "neutral"}  # fmt: skip


def _keep_replay(github: GitHub, head: str, **changes: Any) -> None:
    found = json.loads(examples.passing().model_dump_json())
    replayed = replays.found(**{"commit": head, "digest": found["candidate"]["digest"], **changes})
    file = github.repository.files / str(RUN) / comment.REPLAY / comment.REPLAY_MEMBER
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(replayed.model_dump_json())


def test_the_replay_is_a_section_of_the_comment_and_no_check(github: GitHub, head: str) -> None:
    """What moves is told between the gate's findings and the score; the gate alone decides."""
    _keep(github, _document(head, verdict="pass"))
    _keep_score(github, _score(head))
    _keep_replay(github, head)
    comment.post(RUN, head)
    (posted,) = github.repository.comments
    body = posted["body"]
    assert "**1,842 of 10,000 answers**" in body
    assert body.index("#### Replay on real requests") < body.index("#### ML test score")
    assert {check["name"]: check["conclusion"] for check in github.repository.checks} == {
        "Gate": "success", "Score": "neutral"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"), [({"commit": "cd" * 20}, "of another commit"), ({"digest": "cd" * 32}, "of another package")]
)
def test_a_replay_of_something_else_is_refused(github: GitHub, head: str, change: dict[str, str], why: str) -> None:
    """The comment says so in its place, and is posted all the same."""
    _keep(github, _document(head, verdict="pass"))
    _keep_replay(github, head, **change)
    comment.post(RUN, head)
    (posted,) = github.repository.comments
    assert "1,842" not in posted["body"]
    assert f"No replay: The replay was refused: it is {why}." in posted["body"]


def test_without_a_replay_there_is_no_section(github: GitHub, head: str) -> None:
    """A fork whose workflow is older than the command keeps its comment."""
    _keep(github, _document(head, verdict="pass"))
    comment.post(RUN, head)
    (posted,) = github.repository.comments
    assert "Replay" not in posted["body"]


@pytest.mark.parametrize(("floor", "conclusion"), [("1", "success"), ("1.5", "failure")])
def test_a_declared_floor_fails_a_score_below_it(
    github: GitHub, head: str, clone: Path, floor: str, conclusion: str
) -> None:
    """The floor is that of the default branch, whose code this is: a pull request cannot lower it for itself."""
    (clone / "score.yaml").write_text(f"at_least: {floor}\n")
    _keep(github, _document(head, verdict="pass"))
    _keep_score(github, _score(head))
    comment.post(RUN, head)
    assert {check["name"]: check["conclusion"] for check in github.repository.checks} == {
        "Gate": "success", "Score": conclusion}  # fmt: skip


@pytest.mark.parametrize("content", [b"{}", b"\xff", _score("cd" * 20), _score("ab" * 20, data=70.0)])
def test_a_score_that_does_not_fit_is_refused_and_costs_the_comment_nothing(
    github: GitHub, head: str, clone: Path, content: bytes
) -> None:
    """One of another commit, or made up: the findings are told without it, and a declared floor is not reached."""
    (clone / "score.yaml").write_text("at_least: 0\n")
    _keep(github, _document(head, verdict="pass"))
    _keep_score(github, content.replace(b"ab" * 20, head.encode()))
    comment.post(RUN, head)
    (posted,) = github.repository.comments
    assert "ML test score" not in posted["body"]
    refused = next(check for check in github.repository.checks if check["name"] == "Score")
    assert (refused["conclusion"], "refused" in refused["output"]["summary"]) == ("failure", True)


@pytest.mark.parametrize(
    ("declared", "checks"), [("at_least: 0\n", {"Gate", "Score"}), ("evidence_days: 9\n", {"Gate"})]
)
def test_a_declared_floor_is_not_reached_by_leaving_no_score(
    github: GitHub, head: str, clone: Path, declared: str, checks: set[str]
) -> None:
    """The workflow that keeps the score is the pull request's own, and may not keep any."""
    (clone / "score.yaml").write_text(declared)
    _keep(github, _document(head, verdict="pass"))
    comment.post(RUN, head)
    assert {check["name"] for check in github.repository.checks} == checks
    assert {check["conclusion"] for check in github.repository.checks if check["name"] == "Score"} <= {"failure"}


def test_one_comment_stays_after_many_others(github: GitHub, head: str) -> None:
    """CML reads the first page of comments only; past it, what it adds again is reduced to one."""
    _keep(github, _document(head))
    everybody = {"login": "somebody", "type": "User"}
    for number in range(35):
        talk = {"id": number, "issue": 1, "user": everybody, "body": f"Comment {number}", "html_url": github.url}
        github.repository.comments.append(talk)
    for _ in range(2):
        comment.post(RUN, head)
    assert len([item for item in github.repository.comments if "CML watermark" in item["body"]]) == 1


def test_a_stranger_cannot_have_the_report_in_a_comment_of_theirs(github: GitHub, head: str) -> None:
    """A comment that bears our mark, but is somebody else's, is left as it is; ours is another."""
    mark = f'![](https://cml.dev/watermark.png#{head} "CML watermark mainline")'
    theirs: Item = {
        "id": 5,
        "issue": 1,
        "user": {"login": "mallory"},
        "body": f"All good! {mark}",
        "html_url": github.url,
    }
    github.repository.comments.append(theirs)
    _keep(github, _document(head, verdict="fail", headline="The model is worse."))
    for _ in range(2):
        comment.post(RUN, head)
    assert [item["user"]["login"] for item in github.repository.comments] == ["mallory", "github-actions[bot]"]
    assert theirs["body"].startswith("All good!")


def test_a_failed_run_is_no_success_whatever_its_findings_say(github: GitHub, head: str) -> None:
    """Findings that pass do not pass a run in which something else failed."""
    _keep(github, _document(head, verdict="pass"))
    github.repository.runs[RUN]["conclusion"] = "failure"
    assert "failure" in comment.post(RUN, head)


def test_a_run_without_findings_says_where_to_look(github: GitHub, head: str) -> None:
    """Where the run ended before the gate, the comment names the log and what mends a stale lock."""
    github.repository.runs[RUN]["conclusion"] = "failure"
    assert "failure" in comment.post(RUN, head)
    assert "make repro" in github.repository.comments[0]["body"]


def test_a_run_that_was_started_again_speaks_by_its_newest_findings(github: GitHub, head: str) -> None:
    """GitHub keeps what an earlier attempt left under the same name, and lists both."""
    _keep(github, _document(head, verdict="fail", headline="The model is worse."))
    _keep(github, _document(head, verdict="pass", headline="The model is better."), attempt="~2")
    assert "success" in comment.post(RUN, head)
    (said,) = github.repository.comments
    assert "The model is better." in said["body"]


def test_a_newer_push_is_left_to_its_own_run(github: GitHub, head: str) -> None:
    """A run of a commit that no open pull request is at posts nothing."""
    github.repository.pulls[0]["state"] = "closed"
    assert "newer run" in comment.post(RUN, head)
    assert github.repository.comments == github.repository.checks == []


def test_a_merge_queue_gets_its_check_and_no_comment(github: GitHub, head: str) -> None:
    """A queue's own commit belongs to no pull request, and its check is set all the same; the queue waits for it."""
    queued = github.repository.head("main")
    github.repository.runs[RUN] |= {"event": "merge_group", "head_sha": queued}
    assert head != queued
    _keep(github, _document(queued, verdict="pass"))
    assert comment.post(RUN, queued) == "A merge queue asked; the check 'Gate' is success."
    github.repository.runs[RUN]["conclusion"] = "failure"
    assert "failure" in comment.post(RUN, queued)
    assert [(check["head_sha"], check["conclusion"]) for check in github.repository.checks] == [
        (queued, "success"), (queued, "failure")]  # fmt: skip
    assert github.repository.comments == []


@pytest.mark.parametrize(("key", "value"), [("event", "push"), ("path", "x.yml"), ("head_sha", "0" * 40)])
def test_a_run_of_something_else_is_refused(github: GitHub, head: str, key: str, value: str) -> None:
    """Only the pull request workflow's run, of a pull request, of this commit, is spoken about."""
    github.repository.runs[RUN][key] = value
    with pytest.raises(RunError, match="Nothing was posted"):
        comment.post(RUN, head)
    assert github.repository.comments == []


def test_a_token_that_only_reads_posts_nothing(github: GitHub, head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rights of a pull request's own job, the comment is refused and the error says so."""
    _keep(github, _document(head))
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"contents": "read", "pull-requests": "read"}))
    with pytest.raises(ApiError, match="403"):
        comment.post(RUN, head)
    assert github.repository.comments == []


HEAD = "ab" * 20


def _spoiled(method: int) -> bytes:
    """Return an archive whose member is there, and cannot be unpacked."""
    packed = bytearray(_zip(_document(HEAD), method=method))
    packed[60:90] = bytes(byte ^ 0xFF for byte in packed[60:90])
    return bytes(packed)


REFUSED: dict[str, bytes] = {
    "no archive": b"PK, but no more",
    "nothing in it": _zip(None),
    "spoiled": _spoiled(zipfile.ZIP_DEFLATED),
    "spoiled otherwise": _spoiled(zipfile.ZIP_LZMA),
    "another name": _zip(_document(HEAD), "../../gate.json"),
    "no JSON": _zip(b"\xff{"),
    "NaN": _zip(_document(HEAD).replace(b'"rows": ', b'"rows": NaN, "x": ', 1)),
    "deep": _zip(b"[" * 100_000),
    "a key too many": _zip(_document(HEAD, evil="<script>")),
    "too large": _zip(b" " * 50_000_000),
    "another commit": _zip(_document("cd" * 20)),
    "no commit": _zip(_document(HEAD).replace(f'"{HEAD}"'.encode(), b"null")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_artifact_is_refused(name: str) -> None:
    """What is not an archive of findings of this very commit is refused, and none of it is repeated."""
    found = comment.read(REFUSED[name], HEAD)
    assert isinstance(found, str)
    assert "refused" in found
    assert "script" not in comment.compose({"html_url": "https://example.org"}, found).text
    assert comment.compose({"html_url": "https://example.org"}, found).conclusion == "failure"


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.DOCUMENTS)
def test_texts_of_findings_reach_the_comment_as_text(document: Findings) -> None:
    """Whatever the findings' texts are, the comment fits, and it succeeds only with a verdict that passes."""
    candidate = document.candidate.model_copy(update={"commit": HEAD})
    content = document.model_copy(update={"candidate": candidate}).model_dump_json().encode()
    found = comment.read(_zip(content), HEAD)
    assert isinstance(found, Findings)
    said = comment.compose({"html_url": "https://example.org", "conclusion": "success"}, found)
    assert (said.conclusion == "success") == (document.verdict in ("pass", "warn"))
    assert shortening.length(said.text) <= shortening.LIMIT
    outside_code = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", said.text)
    assert "@everyone" not in outside_code
