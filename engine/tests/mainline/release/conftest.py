"""A small repository whose pipeline makes a real, sealed package, with an origin and a store beside it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from mainline.errors import MainlineError
from mainline.gate import acceptance, examination
from mainline.gate.findings import Findings
from mainline.registry import tags
from mainline.release import promotion
from tests.project import SEARCH_PATH, Project

PIPELINE = """\
stages:
  package:
    cmd: python src/make.py
    deps: [src/make.py]
    params: [data, model, request]
    outs: [models/package]
"""
MAKE = """\
import pathlib, shutil, yaml
from mainline.package import manifest

declared = yaml.safe_load(open("params.yaml"))
folder = pathlib.Path("models/package")
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
(folder / "model.txt").write_text(str(declared["model"]))
(folder / "requirements.txt").write_text("no-such-library==1.0\\n")
manifest.seal(folder, {"window": declared["data"], "request": declared["request"], "response": {"name": "y"}})
"""
DECLARED = {
    "data": {"train": ["2013-01"], "validation": ["2013-02"], "test": ["2013-03"]},
    "model": {"depth": 3},
    "request": [{"name": "size", "description": "How large"}],
}
REFUSALS = acceptance.refusals
"""What servers would say, for tests that ask them."""
ENVIRONMENTS = {"staging": None, "production": "staging"}


@dataclass(frozen=True)
class Repository(Project):
    """A clone of its origin, with what a test does to it."""

    def change(self, **sections: object) -> None:
        """Change parameters, run the pipeline, commit and push to main."""
        file = self.path / "params.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | sections))
        self.run("dvc", "repro", "--quiet")
        self.merge(f"Change {', '.join(sections)}")

    def merge(self, message: str) -> None:
        """Commit everything and push it to main."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)
        self.run("git", "push", "--quiet", "origin", "main")

    def declare_environment(self, name: str, **promotion: object) -> None:
        """Write a file of deploy/."""
        usual = {"after": ENVIRONMENTS.get(name), "approval": "automatic", "signature": "optional"}
        file = self.path / f"deploy/{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump({"promotion": usual | promotion, "service": {}}))

    def tags(self) -> list[str]:
        """List the tags that the origin has."""
        return self.run("git", "-C", "../origin.git", "tag").stdout.split()

    def has(self, environment: str) -> str | None:
        """Return the version that an environment has."""
        version = tags.assigned(environment, self.path)
        return version.name if version else None


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the repository, run and pushed, and its origin; shared, so tests only copy it."""
    folder = tmp_path_factory.mktemp("release")
    repository = Repository(folder / "project")
    repository.path.mkdir()
    for command in (
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"],
        ["git", "init", "--quiet", "--initial-branch=main"],
        ["git", "config", "user.name", "Test"],
        ["git", "config", "user.email", "test@example.org"],
        ["git", "remote", "add", "origin", "../origin.git"],
        ["dvc", "init", "--quiet"],
        ["dvc", "remote", "add", "--quiet", "--default", "storage", "../storage"],
    ):
        repository.run(*command)
    (repository.path / "src").mkdir()
    (repository.path / "src/make.py").write_text(MAKE)
    (repository.path / "dvc.yaml").write_text(PIPELINE)
    (repository.path / "params.yaml").write_text(yaml.safe_dump(DECLARED))
    (repository.path / "metrics").mkdir()
    (repository.path / "metrics/test.json").write_text(json.dumps({"rows": 100, "rmse": 14.2}))
    for name in ENVIRONMENTS:
        repository.declare_environment(name)
    repository.run("dvc", "repro", "--quiet", PYTHONPATH=SEARCH_PATH)
    repository.merge("Start")
    return folder


@pytest.fixture
def repository(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy as the current folder, which a test may change; nothing is released yet."""
    shutil.copytree(made, tmp_path / "world", symlinks=True)
    copied = Repository(tmp_path / "world/project")
    monkeypatch.chdir(copied.path)
    for name, value in copied.environment({"PYTHONPATH": SEARCH_PATH}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setattr(acceptance, "refusals", lambda *_, **__: {})  # the packages here cannot serve
    return copied


def judge(environment: str) -> Findings:
    """Pass whatever is in the workspace."""
    digest = json.loads(Path("models/package/manifest.json").read_text())["digest"]
    said = f"It is no worse than {environment}; it may be released."
    return SimpleNamespace(
        verdict="pass", headline=said, candidate=SimpleNamespace(digest=digest), accepted=[], production=digest
    )  # type: ignore[return-value]


def refuse(environment: str) -> Findings:
    """Fail whatever is in the workspace."""
    raise MainlineError(f"it is worse than {environment}")


def release() -> str:
    """Promote what is on main, with a gate that passes."""
    return promote_by(judge)


def promote_by(gate: Callable[[str], Findings]) -> str:
    """Promote what is on main, with this gate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examination, "examine", gate)
        return promotion.promote()
