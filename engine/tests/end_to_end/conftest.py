"""A finished project that a test may break."""

from pathlib import Path

import pytest

from tests.project import Project


@pytest.fixture
def finished_project(small_project: Project, tmp_path: Path) -> Project:
    """A copy of the small project with its outputs, cache and one more commit that holds its lock."""
    return finish(small_project, tmp_path / "project")


def finish(small_project: Project, path: Path) -> Project:
    """Copy the small project and commit what its pipeline made."""
    copied = small_project.twin(path)
    copied.commit("Train on three months")
    return copied
