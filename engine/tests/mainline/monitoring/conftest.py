"""A package, a log and a store."""

from pathlib import Path
from typing import Any

import pytest

from mainline.monitoring import packages
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.machines import Machines


@pytest.fixture(scope="session")
def packaged(package_dir: Path) -> Packaged:
    """The package of the flights."""
    (found,) = packages.find([package_dir]).values()
    return found


@pytest.fixture
def lines(packaged: Packaged, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines of the log, a minute apart."""
    return logs.lines(packaged, rows)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The folder of the log."""
    return tmp_path / "log"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture
def machines(tmp_path: Path, packaged: Packaged, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Nothing is shared yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    return Machines(tmp_path / "machines", packaged)
