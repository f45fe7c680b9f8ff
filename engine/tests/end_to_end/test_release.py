"""The loop of releases on real data: every kind of change that main can see, and a clone that has it all."""

import json
import shutil
from pathlib import Path

import pytest

from tests import project
from tests.project import Project


@pytest.fixture
def shared(tmp_path: Path, fresh_full: Project) -> Project:
    """The shipped repository with an origin, a store and a key, nothing released yet."""
    fresh_full.give_origin(str(tmp_path / "origin.git"))
    fresh_full.run("python", "-m", "mainline", "remote", str(tmp_path / "storage"))
    fresh_full.run("python", "-m", "mainline", "signing-key")
    return fresh_full


@pytest.fixture
def fresh_full(tmp_path: Path) -> Project:
    """A copy of this repository on its shipped window, nothing run yet."""
    return project.copy(tmp_path / "project")


def edit(file: Path, before: str, after: str) -> None:
    """Replace a text that stands in a file once."""
    content = file.read_text()
    assert content.count(before) == 1
    file.write_text(content.replace(before, after))


def merge(shared: Project, message: str) -> str:
    """Run the pipeline, put the result on main and promote it; return what was said."""
    shared.run("python", "-m", "mainline", "repro")
    shared.commit(message)
    return promote(shared)


def promote(shared: Project) -> str:
    """Push main and promote it; return what was said."""
    shared.run("git", "push", "--quiet", "origin", "main")
    return shared.run("python", "-m", "mainline", "promote").stdout


@pytest.mark.slow
def test_every_change_gets_what_it_means(shared: Project, tmp_path: Path) -> None:
    """First, parameter, month, revert, documentation, schema; then a clone reproduces and verifies the first."""
    assert "v1.0.0 is released." in merge(shared, "Train through September")
    first = shared.hashes()
    edit(shared.path / "params.yaml", "max_iter: 150", "max_iter: 180")
    assert "v1.1.0 is released." in merge(shared, "Train longer")
    edit(shared.path / "params.yaml", "through: 2013-09", "through: 2013-10")
    assert "v1.1.1 is released." in merge(shared, "Add October")
    shared.run("git", "revert", "--no-edit", "HEAD")
    assert "v1.1.0 is back" in promote(shared)
    (shared.path / "engine/docs/note.md").write_text("A note\n")
    assert "Nothing is released" in merge(shared, "Note")
    edit(shared.path / "src/usecase/interface.py", "maximum=9999)", "maximum=99999)")
    assert "v1.2.0 is released." in merge(shared, "Take longer flight numbers")
    _check_clone(Project(tmp_path / "clone"), tmp_path, first)


def _check_clone(clone: Project, folder: Path, first: dict[str, str]) -> None:
    """From git and the store alone, the first version is there, signed, and the same again when it is rebuilt."""
    clone.path.mkdir()
    clone.run("git", "clone", "--quiet", str(folder / "origin.git"), ".")
    assert "signed by release" in clone.run("python", "-m", "mainline", "fetch", "v1.0.0").stdout
    clone.run("git", "checkout", "--quiet", "model@v1.0.0")
    clone.run("python", "-m", "mainline", "pull")
    assert clone.run("dvc", "status", "--quiet").returncode == 0
    digest = json.loads((clone.path / "models/package/manifest.json").read_text())["digest"]
    shutil.rmtree(clone.path / ".dvc/cache")
    shutil.rmtree(clone.path / "models/package")
    clone.run("dvc", "repro", "--force", "--quiet")
    assert json.loads((clone.path / "models/package/manifest.json").read_text())["digest"] == digest
    assert clone.hashes() == first
