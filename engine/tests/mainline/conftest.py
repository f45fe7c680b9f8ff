"""A repository with one commit and no registry in it yet; a package as it is served, with its own requests."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainline.serving.answering.model import Model
from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry

Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def golden(package_dir: Path) -> dict[str, Any]:
    """The package's own requests and predictions."""
    return json.loads((package_dir / "golden.json").read_text(encoding="utf-8"))


@pytest.fixture
def rows(golden: dict[str, Any]) -> Rows:
    """The golden requests."""
    return [dict(row) for row in golden["requests"]]


@pytest.fixture(scope="session")
def shared_model(package_dir: Path) -> Model:
    """The package as it is served; shared, so tests look at nothing that it counts."""
    return Model.load(package_dir, "v1.0.0")


@pytest.fixture
def model(shared_model: Model) -> Model:
    """The same with counters of its own."""
    return Model("v1.0.0", shared_model.predictor)


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """Return a repository without tags; the test fills it."""
    return registries.create(tmp_path / "registry")
