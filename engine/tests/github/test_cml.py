"""CML's command line, as we use it: the recorder and the real program make the same calls that change something."""

import json
import os
import subprocess
from pathlib import Path

import psutil
import pytest

from mainline.github import api, cml
from mainline.github.cml import CmlError
from tests.github import cml_source
from tests.github.repository import FULL
from tests.github.standin import GitHub

HOME = f"/repos/{FULL}"
REPORT = "### A report\n"


def _changes(github: GitHub) -> list[str]:
    return [request for request in github.requests if not request.startswith("GET ")]


@pytest.mark.usefixtures("clone")
def test_a_comment_is_made_and_then_updated(github: GitHub) -> None:
    """The first call posts, the second changes the same comment, and both leave CML's mark."""
    github.repository.open("better", "Better")
    for _ in range(2):
        cml.comment(api.connect(), 1, REPORT, update=True)
    comment = github.repository.comments[0]
    changed = [f"POST {HOME}/issues/1/comments", f"PATCH {HOME}/issues/comments/{comment['id']}"]
    assert _changes(github) == changed
    assert comment["body"].startswith("### A report")
    assert cml.WATERMARK.search(comment["body"])


@pytest.mark.usefixtures("clone")
def test_a_check_has_title_conclusion_and_text(github: GitHub) -> None:
    """One call sets it, at the commit that was named."""
    head = github.repository.head("better")
    cml.check(api.connect(), head, "Gate", "failure", REPORT)
    assert _changes(github) == [f"POST {HOME}/check-runs"]
    (check,) = github.repository.checks
    assert (check["name"], check["conclusion"], check["head_sha"]) == ("Gate", "failure", head)
    assert check["output"]["summary"].strip() == "### A report"


@pytest.mark.usefixtures("clone")
def test_a_pull_request_is_opened_once(github: GitHub) -> None:
    """For a branch that is there it is opened, and found the next time."""
    for _ in range(2):
        address = cml.pull_request(api.connect(), "better", "main", "Better", "Because")
        assert address.endswith("/pull/1")
    assert _changes(github) == [f"POST {HOME}/pulls"]
    assert github.repository.pulls[0]["body"] == "Because"


@pytest.mark.usefixtures("clone")
def test_a_refusal_is_an_error_in_its_own_words(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that only reads comments nothing, and the error has GitHub's reason."""
    github.repository.open("better", "Better")
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"contents": "read", "pull-requests": "read"}))
    with pytest.raises(CmlError, match="not accessible"):
        cml.comment(api.connect(), 1, REPORT, update=False)
    assert github.repository.comments == []


@pytest.mark.usefixtures("clone", "github")
def test_of_an_error_with_its_whole_request_the_message_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CML writes an error as one line of JSON with sessions and a stack in it; GitHub's words and number are taken."""
    whole = {"level": "error", "message": "Resource not accessible", "request": "S3CRET", "stack": "at " * 500}
    (tmp_path / "cml").write_text(f"#!/bin/bash\necho '{json.dumps({**whole, 'status': 403})}' >&2\nexit 1\n")
    (tmp_path / "cml").chmod(0o755)
    monkeypatch.setenv("CML", str(tmp_path / "cml"))
    with pytest.raises(CmlError, match=r"failed: Resource not accessible \(403\)$"):
        cml.run(api.Api(FULL, token="t"), "comment", "update")  # noqa: S106 - no password


@pytest.mark.usefixtures("clone", "github")
def test_it_sees_no_key_that_is_not_its_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens a bucket, signs, or asks for an identity is not in the environment of CML."""
    (tmp_path / "cml").write_text("#!/bin/bash\nenv\n")
    (tmp_path / "cml").chmod(0o755)
    monkeypatch.setenv("CML", str(tmp_path / "cml"))
    for name in (
        "AWS_SECRET_ACCESS_KEY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SIGNING_KEY", "MAINLINE_SIGNING_KEY", "BOT_TOKEN",
        "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS", "GITHUB_TOKEN",
    ):  # fmt: skip
        monkeypatch.setenv(name, "S3CRET")
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    said = cml.run(api.Api(FULL, token="t"), "comment", "update")  # noqa: S106 - no password
    assert "REPO_TOKEN=t" in said
    assert "GITHUB_RUN_ID=7" in said
    assert "S3CRET" not in said


@pytest.mark.usefixtures("clone", "github")
def test_a_program_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CML the error says which command brings it; one that merely lies on the PATH is not taken."""
    cml_source.declare(Path.cwd(), "https://example.org/never-asked.tar.gz")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cml").symlink_to(cml_source.RECORDER)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CML")
    with pytest.raises(CmlError, match=r"`\./mainline cml` brings it"):
        cml.run(api.Api(FULL, token="t"), "comment", "update")  # noqa: S106 - no password


def test_the_recorder_refuses_to_publish(tmp_path: Path) -> None:
    """What would upload images to a third party, the real default, fails the tests."""
    report = tmp_path / "report.md"
    report.write_text(REPORT)
    command = [Path(__file__).with_name("cml_recorder.py"), "comment", "create", "--repo=https://x/a/b", report]
    done = subprocess.run([*map(str, command), "--target=pr/1"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "third party" in done.stderr


@pytest.mark.usefixtures("clone", "github")
def test_a_program_that_cannot_be_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not executable is an error in one line, not a traceback."""
    (tmp_path / "cml").write_text("")
    monkeypatch.setenv("CML", str(tmp_path / "cml"))
    with pytest.raises(CmlError, match=r"cannot be run: Permission denied"):
        cml.run(api.Api(FULL, token="t"), "comment", "update")  # noqa: S106 - no password


@pytest.mark.usefixtures("clone", "github")
def test_a_program_that_hangs_is_ended_with_what_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its limit the program is ended, and so is a program that it waits for."""
    started = tmp_path / "started"
    (tmp_path / "cml").write_text(f'#!/bin/bash\nsleep 1000 & echo $! >"{started}"\nwait\n')
    (tmp_path / "cml").chmod(0o755)
    monkeypatch.setenv("CML", str(tmp_path / "cml"))
    for seconds in (1.0, 10.0, 100.0):  # on a machine that is slow to begin a program it is given longer
        monkeypatch.setattr(cml, "SECONDS", seconds)
        with pytest.raises(CmlError, match="did not end within"):
            cml.run(api.Api(FULL, token="t"), "comment", "update")  # noqa: S106 - no password
        if started.exists() and started.read_text():
            break
    child = psutil.Process(int(started.read_text())) if psutil.pid_exists(int(started.read_text())) else None
    assert child is None or child.wait(60) is not None or not child.is_running()
