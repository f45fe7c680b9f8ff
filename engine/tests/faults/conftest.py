"""The world that commands are killed in."""

from collections.abc import Iterator

import pytest

from tests.faults import world as worlds
from tests.faults.world import World
from tests.object_store import ObjectStore
from tests.project import Project


@pytest.fixture(scope="session")
def world(
    tmp_path_factory: pytest.TempPathFactory, other_project: Project, object_store: ObjectStore
) -> Iterator[World]:
    """A project with two models, its git server and its part of the store; each test begins by setting it back."""
    folder = tmp_path_factory.mktemp("faults")
    with worlds.serve_git(folder) as address:
        yield worlds.make(folder / "world", other_project, object_store, address)
