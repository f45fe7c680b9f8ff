"""A small repository with real DVC, a folder and a file among its outputs, and a store beside it."""

import shutil
from pathlib import Path

import pytest

from tests.project import Project

PIPELINE = """\
stages:
  make:
    cmd: mkdir -p data && echo one > data/one && echo two > data/two && echo text > model && echo 1 > metric.json
    outs:
      - data
      - model
    metrics:
      - metric.json:
          cache: false
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The repository, run and committed; shared, so tests only read it."""
    project = Project(tmp_path_factory.mktemp("remote") / "project")
    project.path.mkdir()
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.run("git", "config", "user.name", "Test")
    project.run("git", "config", "user.email", "test@example.org")
    project.run("dvc", "init", "--quiet")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", "../storage")
    (project.path / "dvc.yaml").write_text(PIPELINE)
    project.run("dvc", "repro", "--quiet")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "Make")
    return project


@pytest.fixture
def repository(made: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it as the current folder, which a test may change; its store is empty."""
    copied = Project(tmp_path / "project")
    shutil.copytree(made.path, copied.path, symlinks=True)
    monkeypatch.chdir(copied.path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    return copied
