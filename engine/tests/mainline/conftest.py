"""A repository with one commit and no registry in it yet."""

from pathlib import Path

import pytest

from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """Return a repository without tags; the test fills it."""
    return registries.create(tmp_path / "registry")
