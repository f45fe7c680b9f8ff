"""The check of the shared storage: real DVC pushes there, and the pull request's lock is read as data."""

import shutil
from pathlib import Path

import pytest

from mainline.github import availability, comment, protection
from mainline.repository.git import git
from tests.github.repository import FULL
from tests.github.standin import GitHub
from tests.project import Project

RUN = 11
PIPELINE = """\
stages:
  train:
    cmd: mkdir -p models/model data && echo model > models/model/model.txt && echo rows > data/rows.csv
    outs: [models/model, data/rows.csv]
    metrics:
      - metrics/test.json: {cache: false}
"""


@pytest.fixture
def head(clone: Path, github: GitHub, monkeypatch: pytest.MonkeyPatch) -> str:
    """A pull request whose lock names a folder and a file, which nobody has pushed; this clone is at main."""
    (clone / "metrics").mkdir()
    Path("dvc.yaml").write_text(PIPELINE.replace("&& echo rows", "&& echo 1 > metrics/test.json && echo rows"))
    for name, value in {"DVC_SITE_CACHE_DIR": str(clone.parent / "site"), "DVC_NO_ANALYTICS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("mainline.remote.store._WAIT", 0.0)
    project = Project(clone)
    project.run("dvc", "init", "--quiet")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(clone.parent / "bucket"))
    project.run("dvc", "repro", "--quiet")
    found = project.commit("Run")
    project.run("git", "push", "--quiet", github.url.replace("://", "://token:t0ken@") + f"/{FULL}", "better",
                GIT_SSL_CAINFO=str(github.authority))  # fmt: skip
    pull = github.repository.open("better", "Better")
    github.repository.runs[RUN] = {
        "id": RUN, "path": comment.WORKFLOW, "event": "pull_request", "head_sha": pull["head"]["sha"],
        "conclusion": "success", "html_url": github.url,
    }  # fmt: skip
    for name in ("dvc.yaml", "dvc.lock", "models", "data"):  # what is asked must not come from here
        shutil.rmtree(name) if Path(name).is_dir() else Path(name).unlink()
    return found


def _push(clone: Path) -> None:
    project = Project(clone)
    project.run("git", "checkout", "--quiet", "--", ".")
    project.run("dvc", "push", "--quiet")


def _verdict(github: GitHub) -> tuple[str, str]:
    last = github.repository.checks[-1]
    assert last["name"] == availability.CHECK
    return last["conclusion"], last["output"]["summary"]


def test_what_nobody_pushed_fails_and_says_what_to_run(github: GitHub, head: str) -> None:
    """The check of the commit fails, names the outputs, and the commands that bring them there."""
    assert "failure" in availability.check(RUN, head)
    conclusion, said = _verdict(github)
    assert conclusion == "failure"
    assert "models/model" in said
    assert "./mainline push" in said
    assert "metrics" not in said, "git has what is not cached"


def test_what_was_pushed_passes(github: GitHub, head: str, clone: Path) -> None:
    """With everything there the check succeeds; without one file of a folder it does not."""
    _push(clone)
    availability.check(RUN, head)
    assert _verdict(github)[0] == "success"
    (listing,) = (clone.parent / "bucket").rglob("*.dir")
    oid = "".join(listing.parts[-2:])
    for file in (clone.parent / "bucket").rglob("*"):
        if file.is_file() and file != listing and file.read_text() == "model\n":
            file.unlink()
    availability.check(RUN, head)
    assert _verdict(github)[0] == "failure"
    listing.chmod(0o644)
    listing.write_text("[]")
    assert oid in availability.check(RUN, head)


def test_storage_that_does_not_answer_is_no_success(
    github: GitHub, head: str, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be told fails, and the text says why."""
    _push(clone)
    monkeypatch.setattr("mainline.remote.store.Store.path", lambda *_: 1 / 0)
    availability.check(RUN, head)
    conclusion, said = _verdict(github)
    assert (conclusion, "cannot be told" in said) == ("failure", True)


@pytest.mark.parametrize(
    ("lock", "line"),
    [
        ("stages: {train: {cmd: x, outs: [{path: data, md5: ../../etc/passwd}]}}", "not an object"),
        ("stages: {train: {cmd: x, outs: [{path: data, md5: [1]}]}}", "DVC"),
        ("stages: {train: {cmd: x, outs: 7}}", "DVC"),
        ("a: &a [1]\nstages: {train: {cmd: x, deps: *a}}", "aliases"),
        (" " * 1_000_001, "at most"),
        (None, "has no `dvc.lock`"),
    ],
)
@pytest.mark.usefixtures("head")
def test_a_hostile_lock_reaches_no_storage(
    github: GitHub, lock: str | None, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is not what DVC writes fails the check before the storage is asked for anything."""
    monkeypatch.setattr(availability, "open_remote", lambda: pytest.fail("the storage was asked"))
    if lock is None:
        git("rm", "--quiet", "dvc.lock")
    else:
        Path("dvc.lock").write_text(lock)
        git("add", "dvc.lock")
    git("commit", "--quiet", "--message", "Hostile")
    git("push", "--quiet", "origin", "better")
    commit = git("rev-parse", "HEAD").strip()
    github.repository.runs[RUN]["head_sha"] = commit
    availability.check(RUN, commit)
    conclusion, said = _verdict(github)
    assert conclusion == "failure"
    assert line in said.replace("\\", "")


def test_a_run_of_something_else_sets_no_check(github: GitHub, head: str) -> None:
    """Only the pull request workflow's run of this very commit is looked into."""
    github.repository.runs[RUN]["event"] = "push"
    with pytest.raises(
        comment.RunError, match=r"has event 'push', not 'pull_request' or 'merge_group'\. Nothing was posted"
    ):
        availability.check(RUN, head)
    assert github.repository.checks == []


def test_protection_asks_for_it_where_there_is_storage() -> None:
    """Its context is required only when that is asked for: without storage nobody sets it."""
    required = [str(protection.rules(storage)) for storage in (False, True)]
    assert [f"'context': '{availability.CHECK}'" in text for text in required] == [False, True]
