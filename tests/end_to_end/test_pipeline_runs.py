"""The pipeline as a whole, run by real DVC on real data."""

from tests.project import Project


def test_pipeline_makes_every_declared_output(small_project: Project) -> None:
    """Every output that the lock names is there after one run."""
    assert all((small_project.path / name).exists() for name in small_project.hashes())
