"""The lock is true: what it names is what the code makes."""

from tests.project import Project


def test_a_false_lock_is_refused(finished_project: Project) -> None:
    """A lock that names data the code does not make is refused, naming the output."""
    lock = finished_project.path / "dvc.lock"
    lock.write_text(lock.read_text().replace(finished_project.hashes()["data/raw"], f"{'0' * 32}.dir"))
    finished_project.run("git", "commit", "--all", "--quiet", "--message", "Falsify the lock")
    failed = finished_project.run("python", "-m", "mainline", "verify", succeed=False)
    assert "dvc.lock is not true: data/raw came out otherwise" in failed.stderr
