"""Declaring a store: it works, or the old declaration stands."""

from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.remote import address, declaration, dvc_imports, stores, transfer
from tests.door import typed
from tests.object_store import ObjectStore
from tests.project import Project


def test_a_folder_is_declared_and_tried(repository: Project, tmp_path: Path) -> None:
    """The store becomes DVC's default remote, is verified on pull, and holds no probe afterwards."""
    said = typed("remote", str(tmp_path / "new"))
    assert said.startswith("The store works and is declared")
    config = (repository.path / ".dvc/config").read_text()
    assert "remote = storage" in config
    assert "verify = true" in config
    assert [path for path in (tmp_path / "new").rglob("*") if path.is_file()] == []
    assert typed("remote") == f"The declared store works: {tmp_path / 'new'}"


def test_a_store_is_declared_where_the_clone_has_its_own(
    repository: Project, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `make repro` a clone has a store in a folder; options of a bucket are taken, and the folder is kept."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    (repository.path / ".dvc/config").write_text("[core]\n    analytics = false\n")
    address.settle()
    assert "mainline/storage" in (repository.path / ".dvc/config.local").read_text()
    (repository.path / ".git/mainline/storage").mkdir(parents=True)
    url = object_store.url("declared")
    said = typed("remote", url, "--endpoint", object_store.endpoint)
    assert said.startswith(f"The store works and is declared in .dvc/config: {url}")
    assert "kept as the remote 'before-1'" in said
    assert object_store.endpoint in (repository.path / ".dvc/config").read_text()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("storage", r"'storage' is not a store; allowed are a path .* and s3://"),
        ("s3://key:secret@bucket/models", "a secret does not belong into git"),
        ("/proc/nowhere", "the store cannot be written: .*Credentials come from the environment"),
    ],
)
def test_a_store_that_cannot_be_used_changes_nothing(repository: Project, url: str, said: str) -> None:
    """The error names the step, and the configuration is the same to the byte."""
    before = (repository.path / ".dvc/config").read_bytes()
    with pytest.raises(MainlineError, match=said):
        declaration.declare(url)
    assert (repository.path / ".dvc/config").read_bytes() == before


@pytest.mark.usefixtures("repository")
def test_a_store_that_returns_other_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read back must be what was written."""
    store = stores.open_remote()
    monkeypatch.setattr(store.files, "cat_file", lambda _: b"other")
    monkeypatch.setattr(declaration, "open_remote", lambda: store)
    with pytest.raises(MainlineError, match="returns other bytes than were written"):
        declaration.probe()


def test_what_lies_in_the_current_folder_is_not_taken_for_dvc(repository: Project, tmp_path: Path) -> None:
    """A file `dvc.py` of a clone runs nowhere: neither where a store is declared nor where files are brought."""
    (repository.path / "dvc.py").write_text("raise SystemExit('the file of the clone ran')\n")
    declaration.declare(str(tmp_path / "new"))
    assert dvc_imports._dvc("version") == ""
    assert transfer._checked_out()
    transfer._check_out()
