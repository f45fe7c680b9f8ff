"""Real releases of real use cases, signed, with an origin and a store; the gate alone is left out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mainline.gate import acceptance
from mainline.package import signing
from mainline.registry import runs
from tests.mainline.release.conftest import release
from tests.project import Project

Enter = Callable[[Project], None]


def released(project: Project, folder: Path) -> Project:
    """Copy a project whose pipeline has run, and release it with a key."""
    made = project.twin(folder / "project")
    made.give_origin()
    made.run("dvc", "remote", "add", "--quiet", "--force", "--default", "storage", str(folder / "storage"))
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, made)
        patch.setattr(acceptance, "refusals", lambda *_, **__: {})
        signing.make_keys("release")
        runs.update()
        made.commit("Trust a key")
        made.run("git", "push", "--quiet", "--set-upstream", "origin", "main")
        assert "v1.0.0 is released." in release()
    return made


def enter(patch: pytest.MonkeyPatch, project: Project) -> None:
    """Make a project the current folder, with the environment that its commands see."""
    patch.chdir(project.path)
    for name, value in project.environment().items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def shared(other_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small use case, released; shared, so tests only read it."""
    return released(other_project, tmp_path_factory.mktemp("released"))


@pytest.fixture
def here(shared: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The shared release as the current folder; tests only read it."""
    enter(monkeypatch, shared)
    return shared


@pytest.fixture
def own(shared: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it as the current folder, with an origin and a store that a test may change."""
    made = shared.twin(tmp_path / "project")
    made.run("git", "clone", "--quiet", "--mirror", str(shared.path.parent / "origin.git"), "../origin.git")
    enter(monkeypatch, made)
    return made


def key() -> Path:
    """Return the private key of the current repository."""
    found = signing.private_key()
    assert found is not None
    return found


def digest() -> str:
    """Return the digest of the package here."""
    return str(json.loads(Path("models/package/manifest.json").read_text())["digest"])
