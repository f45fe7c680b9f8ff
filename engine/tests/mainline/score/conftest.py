"""A repository that has earned its points."""

import shutil
from pathlib import Path

import pytest

from tests.mainline.registry.registries import Registry
from tests.mainline.score import world


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, made once; tests take copies."""
    path = tmp_path_factory.mktemp("score") / "earned"
    world.build(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        world.run_all()
    return path


@pytest.fixture(scope="session")
def before(built: Path) -> dict[str, float]:
    """The points of each test there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(built)
        return world.points(world.measure())


@pytest.fixture
def earned(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A copy of it to change, which is the current folder."""
    path = tmp_path / "earned"
    shutil.copytree(built, path, symlinks=True)
    monkeypatch.chdir(path)
    return Registry(path)
