"""Fixtures of the experiments' tests."""

import shutil
from pathlib import Path

import pytest

from tests.mainline.experiments import planted_use_case
from tests.project import Project

NEEDED = ("params.yaml", "src", "engine/src", "requirements", "data/features", "data/tables", "models/package")


@pytest.fixture
def use_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the planted regression in the place of the use case."""
    planted_use_case.install(monkeypatch)


@pytest.fixture
def trained_project(small_project: Project, tmp_path: Path) -> Project:
    """What experiments need of a project of three months, and nothing of its test month; tests may change it."""
    path = tmp_path / "project"
    for name in NEEDED:
        source, target = small_project.path / name, path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    for file in path.glob("data/*/**/2013-03.parquet"):
        file.unlink()
    return Project(path)
