"""The lock is true: what it names is what the code makes."""

from pathlib import Path

from tests import project
from tests.project import Project


def test_the_shipped_lock_is_true(tmp_path: Path) -> None:
    """Rebuilt from nothing, with cold caches and another hash seed, every shipped output has its hash in dvc.lock."""
    shipped = project.copy(tmp_path / "project")
    said = shipped.run("python", "-m", "mainline", "verify", "--exact").stdout
    assert "The lock is true: 20 outputs" in said


def test_a_false_lock_is_refused(finished_project: Project) -> None:
    """A lock that names data the code does not make is refused, naming the output."""
    lock = finished_project.path / "dvc.lock"
    lock.write_text(lock.read_text().replace(finished_project.hashes()["data/raw"], f"{'0' * 32}.dir"))
    finished_project.run("git", "commit", "--all", "--quiet", "--message", "Falsify the lock")
    failed = finished_project.run("python", "-m", "mainline", "verify", succeed=False)
    assert "dvc.lock is not true: data/raw came out otherwise" in failed.stderr
