"""A service around a model, and somebody who asks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Settings
from mainline.serving.answering import keys, routing
from mainline.serving.answering.model import Model
from mainline.serving.service import Service
from tests.mainline.serving.asking import Client


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
