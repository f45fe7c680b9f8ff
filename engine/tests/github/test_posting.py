"""What is written to GitHub is written whatever becomes of CML, and the log says by which way."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mainline.github import api, cml, posting
from mainline.github.api import ApiError
from tests.github import cml_source
from tests.github.conftest import CML
from tests.github.repository import FULL, Item
from tests.github.standin import GitHub

HOME = f"/repos/{FULL}"
OURS, THEIRS = "written by a call of our own", "written by CML"


def _missing(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.delenv("CML")
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    cml_source.declare(Path.cwd(), "https://example.org/never-asked.tar.gz")


def _script(text: str) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def name(folder: Path, patch: pytest.MonkeyPatch) -> None:
        file = folder / "broken-cml"
        file.write_text(f"#!/bin/bash\n{text}\n")
        file.chmod(0o755)
        patch.setenv("CML", str(file))
        patch.setattr(cml, "SECONDS", 1.0)

    return name


BROKEN: dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "is missing": _missing,
    "fails": _script("echo 'SyntaxError: Unexpected token' >&2; exit 1"),
    "hangs": _script("sleep 1000"),
    "is not declared": lambda folder, patch: (_missing(folder, patch), Path("requirements/cml/package.json").unlink())[
        0
    ],
}


@pytest.fixture(params=[None, "fails"], ids=["works", "fails"])
def way(request: pytest.FixtureRequest, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put CML into a state; return what the log must say then."""
    assert Path.cwd() == clone
    if request.param is None:
        return THEIRS
    BROKEN[request.param](tmp_path, monkeypatch)
    return OURS


def _changes(github: GitHub) -> list[str]:
    return [request for request in github.requests if not request.startswith("GET ")]


@pytest.mark.parametrize("way", [None, *BROKEN], indirect=True)
def test_a_comment_is_made_and_updated_in_place(github: GitHub, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the same command leaves one comment with the newer text, by either way."""
    github.repository.open("better", "Better")
    for text in ("### First\n", "### Second\n"):
        posting.comment(api.connect(), 1, text)
        assert f"the comment at #1: {way}" in capsys.readouterr().out
    (comment,) = github.repository.comments
    assert comment["body"].startswith("### Second")
    assert _changes(github) == [f"POST {HOME}/issues/1/comments", f"PATCH {HOME}/issues/comments/{comment['id']}"]


@pytest.mark.parametrize("first", [True, False], ids=["CML_first", "CML_second"])
def test_each_way_updates_the_comment_of_the_other(
    github: GitHub, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """A fork whose CML stops running, or comes back, keeps its one comment."""
    assert Path.cwd() == clone
    github.repository.open("better", "Better")
    for works in (first, not first):
        if works:
            monkeypatch.setenv("CML", CML)
        else:
            BROKEN["fails"](tmp_path, monkeypatch)
        monkeypatch.setattr(cml, "SECONDS", 180.0)
        posting.comment(api.connect(), 1, f"### CML works: {works}\n")
    (comment,) = github.repository.comments
    assert comment["body"].startswith(f"### CML works: {not first}")


def test_a_strangers_mark_is_not_written_over(github: GitHub, way: str) -> None:
    """A comment of somebody else that bears our mark is left as it is, by either way."""
    assert way
    pull = github.repository.open("better", "Better")
    mark = f'![](https://cml.dev/watermark.png#{pull["head"]["sha"]} "CML watermark mainline")'
    theirs: Item = {
        "id": 5,
        "issue": 1,
        "user": {"login": "mallory"},
        "body": f"All good! {mark}",
        "html_url": github.url,
    }
    github.repository.comments.append(theirs)
    for _ in range(2):
        posting.comment(api.connect(), 1, "### A report\n")
    assert [item["user"]["login"] for item in github.repository.comments] == ["mallory", posting.BOT]
    assert theirs["body"].startswith("All good!")


def test_a_check_is_set(github: GitHub, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, commit, conclusion and text are the same by either way."""
    head = github.repository.head("better")
    posting.check(api.connect(), head, "Gate", "failure", "### A report\n")
    (check,) = github.repository.checks
    assert (check["name"], check["conclusion"], check["head_sha"]) == ("Gate", "failure", head)
    assert (check["status"], check["output"]["summary"].strip()) == ("completed", "### A report")
    assert f"the check 'Gate': {way}" in capsys.readouterr().out


def test_a_pull_request_is_opened_once_and_updated(
    github: GitHub, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second call finds the first's, and brings title and text up to date."""
    for title in ("Better", "Better still"):
        address = posting.pull_request(api.connect(), "better", "main", title, "Because")
        assert address.endswith("/pull/1")
    (pull,) = github.repository.pulls
    assert (pull["title"], pull["body"], pull["base"]["ref"]) == ("Better still", "Because", "main")
    assert f"the pull request of better: {way}" in capsys.readouterr().out


@pytest.mark.parametrize(("branch", "fork"), [("better", "mallory/your-fork"), ("etter", FULL)], ids=["fork", "tail"])
def test_another_pull_request_is_not_taken_for_ours(
    github: GitHub, way: str, clone: Path, branch: str, fork: str
) -> None:
    """CML takes a fork's branch of the same name, or one that ours ends in, for ours; ours is opened all the same."""
    assert way
    push = ["git", "-C", str(clone), "push", "--quiet", "origin", "main:etter", "main:refs/pull/1/head"]
    subprocess.run(push, check=True)
    github.repository.open(branch, "Another", fork=fork)
    address = posting.pull_request(api.connect(), "better", "main", "Better", "Because")
    assert address.endswith("/pull/2")
    assert [pull["title"] for pull in github.repository.pulls] == ["Another", "Better"]


def test_what_github_refuses_stays_refused(github: GitHub, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that only reads writes nothing by either way, and the error has GitHub's reason."""
    assert way
    github.repository.open("better", "Better")
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"contents": "read", "pull-requests": "read"}))
    with pytest.raises(ApiError, match="403"):
        posting.comment(api.connect(), 1, "### A report\n")
    assert github.repository.comments == []


@pytest.mark.usefixtures("clone")
def test_what_cml_wrote_before_it_failed_is_not_written_twice(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CML that opens the pull request and posts the comment, and then ends badly, leaves one of each."""
    _script(f'"{CML}" "$@"; exit 1')(tmp_path, monkeypatch)
    monkeypatch.setattr(cml, "SECONDS", 180.0)
    assert posting.pull_request(api.connect(), "better", "main", "Better", "Because").endswith("/pull/1")
    posting.comment(api.connect(), 1, "### A report\n")
    assert (len(github.repository.pulls), len(github.repository.comments)) == (1, 1)
