"""A repository with releases, a follower's view of it, and packages that a server can load."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mainline.exchange.place import Place
from mainline.package import manifest
from mainline.rollout.records import Ref
from mainline.rollout.source import Source
from tests.mainline.package.test_predictor import extended, resealed
from tests.mainline.release.conftest import Repository, made, release, repository

__all__ = ["made", "repository"]
SHIFTED = "\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + 100\n"
NEARBY = "\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + 0.01\n"
POLICY = {"strategy": "canary", "steps": [{"setWeight": 20}, {"pause": {"duration": 5}}], "follow": {"interval": 1.0}}


@dataclass
class Followed:
    """A repository and what a follower makes of it."""

    repository: Repository
    source: Source

    def release(self, depth: int = 0) -> None:
        """Release the model there is, or another one."""
        os.chdir(self.repository.path)
        if depth:
            self.repository.change(model={"depth": depth})
        release()

    def declare(self, rollout: object, **promotion: str | None) -> None:
        """Merge another policy."""
        self.repository.declare_environment("production", **promotion)
        file = self.repository.path / "deploy/production.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"rollout": rollout}))
        self.repository.merge("Declare a rollout")


@pytest.fixture
def followed(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    """A follower of production beside the repository; the packages there cannot serve, so check-package is left out."""
    place = Place(tmp_path / "world")
    source = Source(str(tmp_path / "world/origin.git"), "production", place)
    monkeypatch.setattr(source, "_check", lambda *_: None)
    found = Followed(repository, source)
    found.declare(POLICY)
    yield found
    os.chdir(repository.path)


@pytest.fixture(scope="session")
def packages(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Ref, Path]:
    """Three packages: one, one that says almost the same, and one that is far off."""
    folder = tmp_path_factory.mktemp("packages")
    for name, code in (("nearby", NEARBY), ("shifted", SHIFTED)):
        predictor = extended(package_dir, folder / name, "code/scoring.py", code)
        golden = json.loads((package_dir / "golden.json").read_text())
        golden["predictions"] = predictor.predict(golden["requests"])
        (folder / name / "golden.json").write_text(json.dumps(golden))
        resealed(folder / name)
    paths = (package_dir, folder / "nearby", folder / "shifted")
    return {Ref(f"v1.{n}.0", manifest.read(path)[0]["digest"]): path for n, path in enumerate(paths)}


@pytest.fixture
def place(packages: dict[Ref, Path], tmp_path: Path) -> Place:
    """A follower's folder with the packages in it, verified."""
    made_here = Place(tmp_path / "follower")
    for ref, path in packages.items():
        shutil.copytree(path, made_here.package(ref.digest))
    return made_here
