"""Projects in which a use case is made of a table."""

from pathlib import Path

import pandas as pd
import pytest

from tests import project
from tests.mainline.scaffold.samples import flats, write
from tests.project import Project


@pytest.fixture(scope="session")
def plain_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The machinery with the flights, nothing run; tests only read it."""
    return project.copy(tmp_path_factory.mktemp("plain") / "project")


@pytest.fixture
def place(plain_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The same, of its own, and the current folder."""
    made = plain_project.twin(tmp_path / "project")
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    """Flats that were sold one after another, in a file."""
    days = pd.date_range("2023-01-01", periods=240, freq="37h").strftime("%d.%m.%Y")
    return write(tmp_path, flats().assign(sold=days).drop(columns="id"), "sold flats.csv")
