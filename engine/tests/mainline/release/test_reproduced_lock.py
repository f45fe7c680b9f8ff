"""The lock is reproduced: taken from the store, built where the store lacks it, and held against what it names."""

import shutil
from pathlib import Path

import pytest

from mainline.commands import lock as command
from mainline.commands.lock import OFFERED, StaleError
from mainline.errors import MainlineError
from tests.door import typed
from tests.mainline.release.conftest import Repository


@pytest.fixture
def pushed(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A commit whose outputs are in the store, on a machine whose cache and workspace are empty."""
    repository.run("dvc", "push", "--quiet")
    for name in (".dvc/cache", "models/package"):
        shutil.rmtree(repository.path / name)
    ran = repository.path.parent / "ran.txt"
    monkeypatch.setattr(command, "reproduce", lambda: ran.write_text(repository.run("dvc", "repro").stdout))
    return repository


def _built(repository: Repository) -> bool:
    return "Running stage" in (repository.path.parent / "ran.txt").read_text()


def test_what_the_store_has_is_not_built(pushed: Repository) -> None:
    """With everything in the store no stage runs."""
    assert "The lock is true" in typed("lock")
    assert not _built(pushed)
    assert (pushed.path / "models/package/model.txt").exists()


def test_what_the_store_lacks_is_built(pushed: Repository) -> None:
    """Without a store the pipeline makes it again, with the hashes that the lock names."""
    shutil.rmtree(pushed.path.parent / "storage")
    assert "The lock is true" in typed("lock")
    assert _built(pushed)
    assert (pushed.path / "models/package/model.txt").exists()


def test_who_ran_it_is_left_as_the_commit_says(pushed: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of the run that reproduced it is not a change: the gate still names the commit."""
    record = pushed.path / "metrics/runs.csv"
    record.parent.mkdir(exist_ok=True)
    record.write_text("stage,lock\n")
    pushed.merge("Keep a record")
    monkeypatch.setattr(command, "reproduce", lambda: record.write_text("stage,lock\nmake,another\n"))
    assert "The lock is true" in typed("lock")
    assert pushed.run("git", "status", "--porcelain").stdout == ""


def test_a_damaged_store_is_not_believed(pushed: Repository) -> None:
    """An object whose content is not what its name says is built again rather than taken."""
    for file in (pushed.path.parent / "storage").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_text("rotten")
    assert "The lock is true" in typed("lock")
    assert _built(pushed)
    assert "rotten" not in (pushed.path / "models/package/model.txt").read_text()


def test_a_stale_lock_is_named_with_what_to_run(pushed: Repository) -> None:
    """A parameter that was changed without a run is an error that says so, and the right lock lies ready."""
    file = pushed.path / "params.yaml"
    file.write_text(file.read_text().replace("depth: 3", "depth: 4"))
    pushed.merge("Forget to run")
    with pytest.raises(StaleError, match=r"models/package.*make repro"):
        typed("lock")
    offered = (OFFERED / "dvc.lock").read_text()
    assert offered == Path("dvc.lock").read_text()
    assert offered != pushed.run("git", "show", "HEAD:dvc.lock").stdout


def test_a_look_asks_for_no_result_and_runs_nothing(pushed: Repository) -> None:
    """In a clone that never fetched its results the lock fits, and the answer says what is not here."""
    said = typed("lock", "--check")
    assert said.startswith("dvc.lock fits code, parameters and data; models/package here: absent")
    assert not (pushed.path / "models/package").exists()


def test_a_look_at_a_stale_lock_names_the_stage(pushed: Repository) -> None:
    """A parameter that was changed without a run is an error that says what to run."""
    file = pushed.path / "params.yaml"
    file.write_text(file.read_text().replace("depth: 3", "depth: 4"))
    with pytest.raises(MainlineError, match=r"does not fit: package is stale. Run `make repro`"):
        typed("lock", "--check")
    assert not (pushed.path / "models/package").exists()
