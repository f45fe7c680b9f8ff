"""A second pull hashes only what may have changed since the first."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mainline.remote import checksums, objects, transfer
from mainline.remote.store import StorageError
from tests.mainline.remote.test_transfer import files, flip
from tests.project import Project


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The objects whose bytes were hashed so far, in the real code."""
    found: list[str] = []
    real = objects.fits

    def fits(oid: str, chunks: Iterator[bytes]) -> bool:
        found.append(oid)
        return real(oid, chunks)

    monkeypatch.setattr(objects, "fits", fits)
    return found


@pytest.fixture
def cache(repository: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, pushed, old enough for its times to be told apart, and hashed once."""
    transfer.push(objects.of_workspace())
    monkeypatch.setattr(checksums, "_SETTLED", 0)
    transfer.pull(objects.of_workspace())
    return repository.path / ".dvc/cache"


def whole(read: list[str]) -> set[str]:
    """Name the objects that were hashed, but for listings: those are read for what they say."""
    return {oid for oid in read if not objects.is_listing(oid)}


@pytest.mark.usefixtures("cache")
def test_what_has_not_changed_is_not_hashed_again(read: list[str]) -> None:
    """A pull with nothing to fetch hashes no file."""
    read.clear()
    assert transfer.pull(objects.of_workspace()) == 0
    assert whole(read) == set()


@pytest.mark.usefixtures("cache")
def test_a_thorough_pull_hashes_everything(read: list[str]) -> None:
    """Whoever doubts the disk has every object read."""
    read.clear()
    assert transfer.pull(objects.of_workspace(), thorough=True) == 0
    assert len(whole(read)) == 3


def damage(file: Path) -> None:
    """Flip a bit."""
    flip(file)


def damage_in_secret(file: Path) -> None:
    """Flip a bit, and put the time of the content back."""
    before = file.stat()
    flip(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("harm", [damage, damage_in_secret, Path.unlink])
def test_what_has_changed_is_hashed_and_replaced(cache: Path, harm: Callable[[Path], None]) -> None:
    """Damage is found wherever the system wrote, also where the time of the content was put back."""
    for number, file in enumerate(files(cache)):
        content = file.read_bytes()
        harm(file)
        assert transfer.pull(objects.of_workspace()) == 1, number
        assert file.read_bytes() == content


def test_damage_beneath_the_file_system_is_found_by_a_thorough_pull(cache: Path) -> None:
    """A bit that flipped on the disk changes no time: an ordinary pull trusts it, a thorough one does not."""
    file = next(file for file in files(cache) if file.stat().st_size < 20)
    content = file.read_bytes()
    flip(file)
    mark = checksums._mark(str(file))
    assert mark
    checksums._write(checksums._read() | {str(file): mark})  # as if the system had not seen the write
    assert transfer.pull(objects.of_workspace()) == 0
    assert transfer.pull(objects.of_workspace(), thorough=True) == 1
    assert file.read_bytes() == content


@pytest.mark.usefixtures("repository")
def test_a_file_written_just_now_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writes may have the same time; so what is that young is hashed again."""
    transfer.push(objects.of_workspace())
    monkeypatch.setattr(checksums, "_SETTLED", time.time_ns())
    transfer.pull(objects.of_workspace())
    assert not checksums.RECORD.exists()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b"\xff", b'{"a": [1, 2]}'])
def test_a_damaged_record_is_not_trusted(read: list[str], content: bytes) -> None:
    """What cannot be read remembers nothing."""
    checksums.RECORD.write_bytes(content)
    read.clear()
    assert transfer.pull(objects.of_workspace()) == 0
    assert len(whole(read)) == 3


def test_what_is_gone_is_forgotten(cache: Path) -> None:
    """The record holds only files that are there."""
    before = checksums._read()
    checksums._write(before | {str(cache / "gone"): (1, 2, 3, 4)})
    assert checksums._read() == before
    assert len(before) == 4


def test_a_cache_that_cannot_be_looked_at_is_said_in_a_line(cache: Path) -> None:
    """A file in the place of a folder is the store's to name, not an error of this code."""
    folder = next(file.parent for file in files(cache) if not objects.is_listing(file.parent.name + file.name))
    shutil.rmtree(folder)
    folder.write_text("")
    with pytest.raises(StorageError, match=r"the cache does not answer: .*Not a directory"):
        transfer.pull(objects.of_workspace())
