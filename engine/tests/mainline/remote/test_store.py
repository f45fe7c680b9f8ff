"""A store that does not answer: asked again, then told in one line; and never emptied on the way."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from mainline.remote import objects, store, stores, transfer
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_remote
from tests.mainline.serving.running import wait_for
from tests.project import Project


@pytest.fixture
def remote(repository: Project, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of a repository that pushed everything; it waits for nobody."""
    assert repository.path.is_dir()
    transfer.push(objects.of_workspace())
    monkeypatch.setattr(store, "_WAIT", 0.0)
    return open_remote()


def _failing(times: int, work: Callable[..., Any]) -> Callable[..., Any]:
    """Make some work fail so many times before it is done."""
    left = [times]

    def attempt(*arguments: Any, **options: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError(22, "the request is not well-formed")
        return work(*arguments, **options)

    return attempt


@pytest.mark.parametrize("name", ["remove", "info"])
def test_a_passing_failure_is_asked_again(remote: Store, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Removing and listing survive fewer failures than there are tries."""
    (oid, *_) = remote.everything()
    monkeypatch.setattr(remote.files, name, _failing(store.TRIES - 1, getattr(remote.files, name)))
    assert oid in remote.everything()
    remote.remove([oid])
    assert oid not in remote.everything()


@pytest.mark.parametrize("name", ["remove", "info"])
def test_a_lasting_failure_is_one_line(remote: Store, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A store that refuses to the end is named with its own words, in an error that a person expects."""
    (oid, *_) = remote.everything()
    monkeypatch.setattr(remote.files, name, _failing(store.TRIES, getattr(remote.files, name)))
    with pytest.raises(StorageError, match=r"^the remote does not answer: .*not well-formed"):
        remote.remove([oid]) if name == "remove" else remote.everything()


@pytest.mark.usefixtures("remote")
@pytest.mark.parametrize("use", [stores.open_cache, open_remote, stores.others])
def test_an_opened_store_keeps_no_file_open(use: Callable[[], object]) -> None:
    """A program that opens stores again and again, as a follower does, does not run out of files."""
    use()
    before = psutil.Process().num_fds()
    kept = [use() for _ in range(3)]
    assert psutil.Process().num_fds() <= before
    assert len(kept) == 3


def test_push_removes_nothing(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that are missing are sent without the right to remove any, which a bucket need not give."""
    assert repository.path.is_dir()
    monkeypatch.setattr(store, "_WAIT", 0.0)
    remote = open_remote()
    monkeypatch.setattr(remote.files, "remove", _failing(100, remote.files.remove))
    monkeypatch.setattr(transfer, "open_remote", lambda: remote)
    assert transfer.push(objects.of_workspace()) == 4


def test_a_read_only_object_is_replaced(remote: Store) -> None:
    """In a folder, DVC's files may only be read; a damaged one is replaced all the same."""
    (oid, *_) = remote.everything()
    damaged = Path(remote.path(oid))
    damaged.chmod(0o644)
    damaged.write_bytes(b"other")
    damaged.chmod(0o444)
    assert transfer.push(objects.of_workspace(), thorough=True) == 1
    assert remote.check([oid]).all == ()


@pytest.mark.usefixtures("repository")
def test_what_is_sent_does_not_wait_for_leave(tmp_path: Path) -> None:
    """A bucket that takes a connection and never answers is sent the object: from then on the client's limit counts."""
    received = bytearray()

    def take(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while part := connection.recv(65536):
                received.extend(part)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=take, args=(server,), daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        Path(".dvc/config.local").write_text(
            f"[core]\nremote = deaf\n['remote \"deaf\"']\nurl = s3://bucket/models\nendpointurl = {address}\n"
        )
        code = (
            "from mainline.remote.stores import open_remote; open_remote().write('bucket/models/note', b'the content')"
        )
        keys = {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
        }
        with subprocess.Popen([sys.executable, "-c", code], env=os.environ | keys) as process:
            try:
                wait_for(lambda: b"the content" in received)
            finally:
                process.kill()


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (24, r"Forbidden\. This machine's clock is 24\.0 h ahead of the store's, which refuses that: set the clock\."),
        (-24, r"Forbidden\. This machine's clock is 24\.0 h behind the store's, which refuses that: set the clock\."),
        (0.2, r"Forbidden\. `\./mainline remote`"),
    ],
)  # fmt: skip
def test_a_wrong_clock_is_named(remote: Store, hours: float, said: str) -> None:
    """S3 answers a HEAD that was signed at another time by a bare 403; its own time is in the answer."""
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": formatdate(time.time() - hours * 3600, usegmt=True)}}}

    def ask() -> None:
        raise PermissionError("Forbidden") from ClientError(answer, "HeadObject")

    with pytest.raises(StorageError, match=said):
        remote.insist(ask)
