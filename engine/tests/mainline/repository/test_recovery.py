"""Half-written files of a killed DVC: mended once, and told."""

import subprocess
from pathlib import Path

import pytest

from mainline.repository import recovery
from mainline.repository.lock import ConflictError
from tests.project import FLIGHTS

SHIPPED = (FLIGHTS / "dvc.lock").read_text(encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git repository as the current folder."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commit(repository: Path) -> None:
    """Commit everything."""
    named = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True)
    subprocess.run(["git", *named, "commit", "--quiet", "--message", "Lock"], cwd=repository, check=True)


def test_a_conflict_is_left_to_a_person(repository: Path) -> None:
    """Markers of a merge are named, and the file stays as it is."""
    conflict = f"<<<<<<< HEAD\n{SHIPPED}=======\n{SHIPPED}>>>>>>> other\n"
    (repository / "dvc.lock").write_text(conflict)
    with pytest.raises(ConflictError, match="merge conflict"):
        recovery.mend_lock()
    assert (repository / "dvc.lock").read_text() == conflict


def test_a_lock_that_was_cut_off_is_taken_from_the_last_commit(repository: Path) -> None:
    """Half a lock is replaced by the committed one, byte for byte, and a person is told."""
    (repository / "dvc.lock").write_text(SHIPPED)
    commit(repository)
    (repository / "dvc.lock").write_text(SHIPPED[:1000])
    assert "the last commit's is back" in recovery.mend_lock()
    assert (repository / "dvc.lock").read_text() == SHIPPED


def test_a_lock_that_was_never_committed_is_made_anew(repository: Path) -> None:
    """Half a lock that no commit has is removed: DVC's run cache still knows what finished."""
    (repository / "dvc.lock").write_text(SHIPPED[:1000])
    assert "no commit has one" in recovery.mend_lock()
    assert not (repository / "dvc.lock").exists()


def test_a_whole_lock_and_no_lock_are_left_alone(repository: Path) -> None:
    """There is nothing to mend, and nothing is said or written."""
    assert recovery.mend_lock() == ""
    assert list(repository.glob("dvc.lock")) == []
    (repository / "dvc.lock").write_text(SHIPPED)
    assert recovery.mend_lock() == ""
    assert (repository / "dvc.lock").read_text() == SHIPPED


@pytest.mark.parametrize("content", ["", '{"data/raw": {"read'])
def test_a_record_of_readers_that_was_cut_off_is_removed(repository: Path, content: str) -> None:
    """What DVC could not read is gone after a moment in which a living process would have finished it."""
    file = repository / recovery.READERS
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert recovery.mend() == ["DVC's record of running stages was cut off, as a kill can leave it; it is made anew."]
    assert not file.exists()


def test_a_whole_record_of_readers_is_left_alone(repository: Path) -> None:
    """Another process at work keeps its record."""
    file = repository / recovery.READERS
    file.parent.mkdir(parents=True)
    file.write_text('{"data/raw": {}}')
    assert recovery.mend() == []
    assert file.read_text() == '{"data/raw": {}}'
