"""Fixtures that several folders of tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mainline import periods
from mainline.declared import params
from tests import browser as browsers
from tests import object_store as server
from tests import project, surroundings
from tests.browser import Browser
from tests.object_store import ObjectStore
from tests.project import Project

# As dvc.yaml trains; read when scikit-learn is first imported. Several threads on few cores are many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine must not fail a test, and CI must not fail on a case that nobody can repeat.
settings.register_profile("mainline", deadline=None, derandomize=True)
settings.load_profile("mainline")


@pytest.fixture(scope="session", autouse=True)
def _plain_surroundings() -> Iterator[None]:
    """Tests see the same on every machine, whoever runs them."""
    surroundings.heed_signals()
    before = dict(os.environ)
    plain = surroundings.plain(before) | {"PYTHONPATH": project.SEARCH_PATH}
    for name in before.keys() - plain.keys():
        del os.environ[name]
    os.environ.update(plain)
    yield
    os.environ.update(before)


@pytest.fixture
def fresh_project(tmp_path: Path) -> Project:
    """The machinery with the tests' flights, on a window of three months, nothing run yet."""
    return _small(tmp_path / "project")


@pytest.fixture(scope="session")
def whole_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same on the whole window, nothing run; shared, so tests only read it."""
    return project.copy(tmp_path_factory.mktemp("whole") / "project")


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same with the pipeline run; shared, so tests only read it."""
    made = _small(tmp_path_factory.mktemp("small") / "project")
    made.run("python", "-m", "mainline", "repro")
    return made


@pytest.fixture(scope="session")
def other_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The machinery with the small use case of the tests, its pipeline run; tests only read it."""
    return project.other(tmp_path_factory.mktemp("other") / "project")


@pytest.fixture(scope="session")
def flower_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The machinery with the use case of three classes, its pipeline run; tests only read it."""
    return project.other(tmp_path_factory.mktemp("flowers") / "project", project.FLOWERS)


@pytest.fixture(scope="session")
def timeless_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The machinery with the use case without time, its pipeline run and committed; tests only read it."""
    made = project.other(tmp_path_factory.mktemp("timeless") / "project", project.TIMELESS)
    made.commit("Train on the first snapshot")
    return made


@pytest.fixture(scope="session")
def city_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The machinery with the use case of one place, its pipeline run; tests only read it."""
    return project.other(tmp_path_factory.mktemp("city") / "project", project.CITY)


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A real S3 server; shared, so each test has a prefix of its own."""
    with server.serve() as store:
        yield store


@pytest.fixture(scope="session")
def browser() -> Browser:
    """A real browser; without one there is nothing to see."""
    found = browsers.find()
    if found is None:
        pytest.skip(f"no {', '.join(browsers.NAMES)} on the PATH; `apt-get install chromium` brings one")
    return found


@pytest.fixture(scope="session")
def package_dir(small_project: Project) -> Path:
    """A real model package; shared, so tests only read it."""
    return small_project.path / "models" / "package"


def _small(path: Path) -> Project:
    made = project.copy(path)
    first = params.load(project.FLIGHTS / "params.yaml").data.from_
    made.declare(data={"through": periods.shift(first, 2)})
    return made
