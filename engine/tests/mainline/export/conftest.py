"""A real release of the small use case; the gate alone is left out."""

import pytest

from tests.mainline.evidence.conftest import enter, released
from tests.project import Project


@pytest.fixture(scope="session")
def shared(other_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small use case, released; shared, so tests only read it."""
    return released(other_project, tmp_path_factory.mktemp("released"))


@pytest.fixture
def here(shared: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The shared release as the current folder; tests only read it."""
    enter(monkeypatch, shared)
    return shared
