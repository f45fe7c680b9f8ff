"""S3: little memory whatever the size, and the store's own checksums; on a real server."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.remote import objects, s3, transfer
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache, open_remote
from tests.faulty_proxy import Fault, FaultyProxy
from tests.mainline.remote.test_transfer import files, flip
from tests.object_store import ObjectStore
from tests.project import Project

LIMIT = 200
"""MiB of a process that sends or fetches."""
CODE = """\
import sys
from mainline.remote import objects, transfer
print(getattr(transfer, sys.argv[1])(objects.of_workspace()))
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
"""
"""The peak of this process alone: that of `getrusage` counts its parent's too."""


@pytest.fixture
def bucket(
    repository: Project, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[str]]:
    """Make a prefix of the bucket the repository's store; return how its keys are listed."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    prefix = f"s3-{tmp_path.name}"
    repository.run("dvc", "remote", "add", "--local", "--default", "--force", "bucket", object_store.url(prefix))
    repository.run("dvc", "remote", "modify", "--local", "bucket", "endpointurl", object_store.endpoint)
    return lambda: object_store.keys(f"{prefix}/files")


def test_what_is_erased_has_no_older_version(object_store: ObjectStore, bucket: Callable[[], list[str]]) -> None:
    """A bucket that keeps versions loses all of an object, and a neighbour whose name begins alike keeps its own."""
    transfer.push(objects.of_workspace())
    oid, *_ = sorted(open_remote().everything())
    store = open_remote()
    key = next(key for key in bucket() if key.endswith(f"{oid[:2]}/{oid[2:]}"))
    content = object_store.read(key)[key]
    assert store.erase([oid])
    assert key not in bucket(), "a bucket that keeps none loses it as well"
    with object_store.keeping_versions():
        for name in (key, f"{key}-beside"):
            object_store.write(name, content)
            object_store.write(name, content)
        store.remove([oid])
        assert len(object_store.versions(key)) > 2, "an ordinary removal only hides"
        assert store.erase([oid])
        assert {name for name, _ in object_store.versions(key)} == {f"{key}-beside"}
        assert store.erase([oid]), "what is gone is no error"


@pytest.mark.usefixtures("bucket")
def test_versions_beyond_the_first_page_are_erased(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 lists a thousand versions at a time; an object of more than a page loses all of them."""
    monkeypatch.setattr(s3, "_LISTED", 2)
    oid = "0" * 32
    store = open_remote()
    key = store.path(oid).partition("/")[2]
    with object_store.keeping_versions():
        for _ in range(5):
            object_store.write(key, b"content")
        assert store.erase([oid])
        assert object_store.versions(key) == []


@pytest.mark.usefixtures("bucket")
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of one process is read from /proc")
def test_memory_does_not_grow_with_the_files(repository: Project, object_store: ObjectStore) -> None:
    """Files that are together much larger than the limit go to S3 and come back within it."""
    folder = repository.path / "large"
    folder.mkdir()
    for number in range(3):
        (folder / str(number)).write_bytes(os.urandom(1 << 20) * 48)
    repository.run("dvc", "add", "--quiet", "large")
    peaks = {}
    for way in ("push", "pull"):
        said = repository.run(sys.executable, "-c", CODE, way, env=object_store.environment).stdout
        count, peak = said.split()[-2:]
        assert int(count) == 8
        peaks[way] = int(peak) // 1024
        for file in files(repository.path / ".dvc/cache"):
            file.unlink()
    assert max(peaks.values()) < LIMIT, peaks


@pytest.mark.parametrize("whole", [s3.WHOLE, 3])
def test_objects_arrive_whole_by_one_request_or_in_parts(
    repository: Project, bucket: Callable[[], list[str]], object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch, whole: int,
) -> None:  # fmt: skip
    """What is too large for one request goes in parts, and all of it comes back."""
    monkeypatch.setattr(s3, "WHOLE", whole)
    assert transfer.push(objects.of_workspace()) == 4
    keys = bucket()
    assert len(keys) == 4
    assert object_store.wrong(f"{keys[0].partition('/files')[0]}/files") == []
    kept = {file: file.read_bytes() for file in files(repository.path / ".dvc/cache")}
    for file in kept:
        file.unlink()
    assert transfer.pull(objects.of_workspace()) == 4
    assert {file: file.read_bytes() for file in kept} == kept


def test_a_release_reads_only_what_the_store_does_not_vouch_for(
    bucket: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Objects whose ETag is their name are not read; the command says whose word it took."""
    transfer.push(objects.of_workspace())
    read: list[str] = []
    real = s3.chunks
    monkeypatch.setattr(s3, "chunks", lambda files, path: read.append(path) or real(files, path))
    assert transfer.push(objects.of_workspace(), thorough=True) == 0
    assert len(bucket()) == 4
    assert read == []
    assert "4 of 4 objects are sound by the checksums that it took when they arrived" in capsys.readouterr().out


def test_an_object_without_such_a_checksum_is_read(
    bucket: Callable[[], list[str]], object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the ETag is not an MD5, as of an object in parts or under a key of KMS, damage is found by reading."""
    transfer.push(objects.of_workspace())
    monkeypatch.setattr(s3, "is_vouched", lambda *_: False)
    object_store.flip(bucket()[0])
    assert transfer.push(objects.of_workspace(), thorough=True) == 1


def test_a_release_finds_and_mends_each_damaged_or_missing_object(
    bucket: Callable[[], list[str]], object_store: ObjectStore
) -> None:
    """The checksum of other content is another one; what is not there has none."""
    transfer.push(objects.of_workspace())
    keys = bucket()
    whole = object_store.read(*keys)
    for key in keys:
        for harm in (object_store.flip, object_store.remove):
            harm(key)
            assert transfer.push(objects.of_workspace(), thorough=True) == 1
            assert object_store.read(*keys) == whole


def test_the_store_refuses_what_is_not_what_its_name_says(
    bucket: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is damaged after it was hashed never lies in the store under its name."""
    here, there = open_cache(), open_remote()
    monkeypatch.setattr("mainline.remote.store._WAIT", 0.0)
    oid = next(oid for oid in here.everything() if not objects.is_listing(oid))
    flip(Path(here.path(oid)))
    with pytest.raises(StorageError, match=r"does not answer: .*(?i:content-md5|digest)"):
        Store.put(there, [oid], here)
    assert bucket() == []


@pytest.mark.usefixtures("bucket")
def test_what_is_sent_a_second_time_is_sent_from_its_start(
    repository: Project, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s3fs tries again where S3 asks for patience: the file is whole then, and needs no third try."""
    send, sent = s3.send, list[str]()
    with FaultyProxy(int(object_store.endpoint.rpartition(":")[2])) as proxy:

        def break_first(files: Any, source: str, target: str, oid: str) -> None:
            sent.append(oid)
            if len(sent) == 1:
                proxy.fault = Fault("error 503", times=1)
            send(files, source, target, oid)

        monkeypatch.setattr(s3, "send", break_first)
        repository.run("dvc", "remote", "modify", "--local", "bucket", "endpointurl", proxy.endpoint)
        assert transfer.push(objects.of_workspace()) == 4
        assert proxy.injected == 1
    assert len(sent) == 4
