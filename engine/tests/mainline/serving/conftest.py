"""A model, a service around it, and somebody who asks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Settings
from mainline.serving import keys, routing
from mainline.serving.models import Model
from mainline.serving.service import Service
from tests.mainline.serving.asking import Client

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
def make_client(model: Model, tmp_path: Path) -> Callable[..., Client]:
    """Make a service with some settings, and a client that has a key."""

    def make(**section: Any) -> Client:
        file = tmp_path / "keys.yaml"
        key, admin = keys.make(file, "client", "predict"), keys.make(file, "boss", "admin")
        settings = Settings.model_validate({"keys": file, **section})
        return Client(Service(settings, routing.single(model)), key, admin)

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client of a service with default settings."""
    return make_client()
