"""A repository to build the site of."""

from pathlib import Path

import pytest

from tests.mainline.registry.registries import Registry
from tests.mainline.site import world


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The repository of `world`; it is the current folder."""
    made = world.create(tmp_path / "repository")
    monkeypatch.chdir(made.path)
    return made
