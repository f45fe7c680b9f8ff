"""The S3 server of the tests, and DVC against it."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests import object_store as server
from tests.object_store import ObjectStore
from tests.project import Project

CONFIG = """\
[core]
    remote = storage
['remote "storage"']
    url = {url}
    endpointurl = {store.endpoint}
    verify = true
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository with DVC and a folder of two files; shared, so tests only read it."""
    made = Project(tmp_path_factory.mktemp("made") / "project")
    made.path.mkdir()
    made.run("git", "init", "--quiet")
    made.run("dvc", "init", "--quiet")
    (made.path / "data").mkdir()
    for name in ("one", "two"):
        (made.path / "data" / name).write_text(name)
    made.run("dvc", "add", "--quiet", "data")
    return made


@pytest.fixture
def project(made: Project, tmp_path: Path, object_store: ObjectStore) -> Project:
    """A copy of it, with a prefix of the store declared with `verify true`."""
    copied = made.twin(tmp_path / "project")
    (copied.path / ".dvc/config").write_text(CONFIG.format(url=object_store.url(tmp_path.name), store=object_store))
    return copied


def test_what_is_pushed_is_pulled(project: Project, object_store: ObjectStore) -> None:
    """Through dvc-s3 every object arrives as its name says, and comes back after everything here is gone."""
    project.run("dvc", "push", "--quiet", env=object_store.environment)
    keys = object_store.keys(project.path.parent.name)
    assert len(keys) == 3
    assert object_store.wrong(project.path.parent.name) == []
    _forget(project)
    project.run("dvc", "pull", "--quiet", env=object_store.environment)
    assert {file.name: file.read_text() for file in (project.path / "data").iterdir()} == {"one": "one", "two": "two"}


@pytest.mark.parametrize(
    "chosen", [lambda key: key.endswith(".dir"), lambda key: not key.endswith(".dir")], ids=["folder", "file"]
)
def test_a_wrong_object_is_refused(project: Project, object_store: ObjectStore, chosen: Callable[[str], bool]) -> None:
    """With `verify true`, an object whose bytes changed in the store is not taken, whatever its kind."""
    project.run("dvc", "push", "--quiet", env=object_store.environment)
    key = next(filter(chosen, object_store.keys(project.path.parent.name)))
    object_store.flip(key)
    assert object_store.wrong(project.path.parent.name) == [key]
    _forget(project)
    project.run("dvc", "pull", succeed=False, env=object_store.environment)


def test_a_wrong_key_is_refused(project: Project, object_store: ObjectStore) -> None:
    """The server checks signatures: without the secret nothing is written."""
    wrong = {**object_store.environment, "AWS_SECRET_ACCESS_KEY": "another"}
    project.run("dvc", "push", succeed=False, env=wrong)
    assert object_store.keys(project.path.parent.name) == []


def test_the_server_listens_here_only_and_leaves_nothing() -> None:
    """Every listener is on 127.0.0.1; after the end there is no process of it and no folder."""
    with server.serve() as store:
        (own,) = [child for child in psutil.Process().children() if _is(child, store)]
        listening = [item.laddr for item in own.net_connections() if item.status == psutil.CONN_LISTEN]
        assert {address.ip for address in listening} == {"127.0.0.1"}
        assert _port(store) in {address.port for address in listening}
        folder = Path(own.cwd())
    assert not own.is_running()
    assert not folder.exists()


def _is(process: psutil.Process, store: ObjectStore) -> bool:
    return f"-s3.port={_port(store)}" in process.cmdline()


def _port(store: ObjectStore) -> int:
    return int(store.endpoint.rpartition(":")[2])


def _forget(project: Project) -> None:
    """Remove cache and workspace."""
    for name in (".dvc/cache", ".dvc/tmp", "data"):
        project.run("rm", "-rf", name)


def test_any_temporary_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server starts where the folder's name is long, with commas, spaces and letters of other alphabets."""
    folder = tmp_path / f"ä, {'long ' * 20}"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with server.serve() as store:
        assert store.answers()
    assert list(folder.iterdir()) == []
