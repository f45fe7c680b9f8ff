"""Looks at the test periods, counted in a real repository of git."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline import periods
from mainline.gate import looks
from mainline.repository.git import GitError, git
from tests.project import FLIGHTS

JUNE = {"data": {"from": "2013-01", "through": "2013-06"}, "split": {"validation": 1, "test": 1}}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with one commit, which has no lock."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "A tester")
    git("config", "user.email", "tester@example.org")
    git("commit", "--quiet", "--allow-empty", "--message=Begin")


def lock(predictions: str, params: Mapping[str, Any] = JUNE) -> str:
    """Write what DVC writes of the stage `package`, as far as looks are read from it."""
    entry = {
        "cmd": "engine/stage package",
        "deps": [{"path": "data/predictions", "md5": predictions}],
        "params": {"params.yaml": dict(params)},
        "outs": [{"path": "models/package", "md5": f"package of {predictions}"}],
    }
    return yaml.safe_dump({"schema": "2.0", "stages": {"package": entry}}, sort_keys=False)


def commit(text: str, minute: int, branch: str = "main") -> None:
    """Commit a lock on a branch, so many minutes after noon."""
    if branch != git("branch", "--show-current").strip():
        git("checkout", "--quiet", "-B", branch)
    Path("dvc.lock").write_text(text)
    git("add", "dvc.lock")
    when = f"2026-11-02T12:{minute:02d}:00Z"
    git("commit", "--quiet", "--message=Try", environment={"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when})


def test_candidates_are_counted_in_the_order_in_which_they_were_committed() -> None:
    """Each of three tries is one more look, and the second keeps its number after the third."""
    for number, name in enumerate(["first", "second", "third"], start=1):
        commit(lock(name), number)
        assert looks.count() == number
    git("checkout", "--quiet", "HEAD~1")
    assert looks.count() == 2


def test_a_candidate_that_is_not_committed_comes_last() -> None:
    """What only the workspace has follows all that was committed."""
    commit(lock("first"), 1)
    commit(lock("second"), 2)
    Path("dvc.lock").write_text(lock("third"))
    assert looks.count() == 3


def test_the_same_predictions_are_one_look() -> None:
    """Another card, a rerun and a merge measure nothing anew."""
    commit(lock("first"), 1)
    commit(lock("first").replace("package of", "another package of"), 2)
    commit(lock("second"), 3)
    git("checkout", "--quiet", "-b", "side", "HEAD~1")
    git("commit", "--quiet", "--allow-empty", "--message=Beside")
    git("merge", "--quiet", "--no-ff", "--message=Merge", "main")
    assert looks.count() == 2


@pytest.mark.parametrize("kept", ["branch", "remote", "tag"])
def test_tries_beside_the_own_branch_are_looks(kept: str) -> None:
    """What another branch, a branch of the remote and a tag hold was seen as well; a commit without a name was not."""
    commit(lock("first"), 1)
    commit(lock("elsewhere"), 2, branch="other")
    name = {"branch": "refs/heads/other", "remote": "refs/remotes/origin/other", "tag": "refs/tags/v1"}[kept]
    git("update-ref", name, "other")
    git("checkout", "--quiet", "main")
    if kept != "branch":
        git("branch", "--quiet", "-D", "other")
    Path("dvc.lock").write_text(lock("own"))
    assert looks.count() == 3
    git("update-ref", "-d", name)
    assert looks.count() == 2


@pytest.mark.parametrize(
    ("data", "split", "expected"),
    [
        ({"from": "2013-02", "through": "2013-07"}, {"test": 1}, 1),
        ({"from": "2013-02", "through": "2013-07"}, {"test": 2}, 2),
        ({"from": "2012-01", "through": "2013-06"}, {"test": 1}, 2),
        ({"from": "2013-W01", "through": "2013-W26"}, {"test": 1}, 2),
        ({"from": "2013-Q1", "through": "2013-Q3"}, {"test": 1}, 1),
        ({"snapshot": "customers"}, {"test": 0.15}, 1),
    ],
)
def test_looks_at_other_periods_do_not_count(data: dict[str, Any], split: dict[str, Any], expected: int) -> None:
    """New test periods begin anew; those that overlap, whatever the unit, do not."""
    commit(lock("june"), 1)
    commit(lock("own", {"data": data, "split": split}), 2)
    assert looks.count() == expected


@pytest.mark.parametrize(("version", "expected"), [("1", 2), ("2", 1)])
def test_a_snapshot_is_fresh_in_another_version(version: str, expected: int) -> None:
    """Of data without time the name and the version say which rows they are."""
    commit(lock("first", {"data": {"snapshot": "customers", "version": "1"}, "split": {"test": 0.15}}), 1)
    commit(lock("own", {"data": {"snapshot": "customers", "version": version}, "split": {"test": 0.2}}), 2)
    assert looks.count() == expected


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\n", "stages: {}\n", "stages:\n  package: 3\n", "\0"])
def test_a_lock_that_says_nothing_is_no_look(text: str) -> None:
    """A damaged lock in the history, one with a conflict and one of another pipeline are passed over."""
    commit(lock("first"), 1)
    commit(text or "\n", 2)
    commit(lock("own"), 3)
    assert looks.count() == 2


def test_looks_over_other_spans_are_counted_for_each() -> None:
    """Two candidates were tested on June, one of these on May and June, and none on July."""
    commit(lock("first"), 1)
    commit(lock("second", {**JUNE, "split": {"validation": 1, "test": 2}}), 2)
    spans = [looks.Span(*periods.span(month)) for month in ("2013-05", "2013-06", "2013-07")]
    assert looks.over(spans) == [1, 2, 0]


def test_without_a_commit_or_a_lock_it_is_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was looked at before the first commit, and without a lock there is no candidate."""
    assert looks.count() == 1
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    git("init", "--quiet")
    Path("dvc.lock").write_text(lock("own"))
    assert looks.count() == 1


def test_candidates_of_the_same_second_are_in_the_order_of_the_history() -> None:
    """A rebase gives many commits the same moment: each is still one look more than the one before."""
    for number, name in enumerate(["first", "second", "third"], start=1):
        commit(lock(name), 1)
        assert looks.count() == number
    for number in (2, 1):
        git("checkout", "--quiet", "HEAD~1")
        assert looks.count() == number


@pytest.mark.parametrize("broken", ["blob", "commit"])
def test_a_history_that_cannot_be_read_is_not_a_first_look(tmp_path: Path, broken: str) -> None:
    """Of a candidate nobody can tell which look it is if git lacks a version of the lock, or a commit."""
    commit(lock("first"), 1)
    commit(lock("second"), 2)
    name = git("rev-parse", {"blob": "HEAD~1:dvc.lock", "commit": "HEAD~1"}[broken]).strip()
    (tmp_path / ".git/objects" / name[:2] / name[2:]).unlink()
    said = {
        "blob": rf"^a version of dvc\.lock that the history names is missing \({name[:12]}\), so .* --refetch` brings",
        "commit": "^`git log` says: ",
    }
    with pytest.raises(GitError, match=said[broken]):
        looks.count()


def test_the_shipped_pipeline_is_read() -> None:
    """What the stage is named and where its predictions lie is as the real lock has it."""
    text = (FLIGHTS / "dvc.lock").read_text()
    found = looks._look(text, (0, 0))
    assert found is not None
    assert (found.span.begins.isoformat(), found.span.ends.isoformat()) == ("2013-09-01", "2013-10-01")
