"""Archives of objects: what a release on GitHub carries goes into the cache, and nothing else does."""

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from mainline.github import archives
from mainline.github.archives import ArchiveError
from mainline.remote import listings, objects
from mainline.remote.objects import ListingError
from mainline.remote.stores import open_cache
from tests.mainline.release.conftest import Repository


def _tar(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_what_was_packed_is_back_on_an_empty_machine(repository: Repository, tmp_path: Path) -> None:
    """Packed, the cache lost, unpacked: every object is there and sound; the same objects pack to the same bytes."""
    outputs = objects.of_workspace()
    for name in ("first.tar", "second.tar"):
        archives.pack(outputs, tmp_path / name)
    assert (tmp_path / "first.tar").read_bytes() == (tmp_path / "second.tar").read_bytes()
    shutil.rmtree(repository.path / ".dvc/cache")
    assert archives.unpack((tmp_path / "first.tar").read_bytes()) > 1
    assert archives.unpack((tmp_path / "first.tar").read_bytes()) == 0
    here = open_cache()
    assert here.check(listings.expand(outputs, [here])).all == ()


@pytest.mark.usefixtures("repository")
def test_a_damaged_object_of_the_cache_is_replaced(tmp_path: Path) -> None:
    """An object that rotted in the cache is taken from the archive again."""
    archives.pack(objects.of_workspace(), tmp_path / "all.tar")
    here = open_cache()
    rotten = Path(here.path(listings.expand(objects.of_workspace(), [here])[0]))
    rotten.chmod(0o644)
    rotten.write_bytes(b"rotten")
    assert archives.unpack((tmp_path / "all.tar").read_bytes()) == 1
    assert b"rotten" not in rotten.read_bytes()


LISTING = b'[{"md5": "' + b"0" * 32 + b'", "relpath": "../evil"}]'


def _bomb(size: int) -> bytes:
    """Write an archive of an object that has few bytes and says that it has very many, the others zero."""
    entry = tarfile.TarInfo("0" * 32)
    entry.type, entry.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"%011o " % 0, b"%011o " % 512
    header[483:495] = b"%011o " % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(512) + bytes(1024)


HOSTILE = {
    "more than the archive has": _bomb(8 * 2**30 - 1),
    "not an object": _tar(**{"../../../evil": b"x"}),
    "not what its name says": _tar(**{"0" * 32: b"x"}),
    "cannot be read": b"no archive",
    "does not lie in its folder": _tar(**{f"{hashlib.md5(LISTING, usedforsecurity=False).hexdigest()}_dir": LISTING}),
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_anything_but_a_sound_object_is_refused(repository: Repository, reason: str) -> None:
    """A path, content under another name, or no archive at all: nothing is written."""
    open_cache()  # the first look at it writes down where the store is
    before = sorted(path for path in repository.path.rglob("*") if ".git" not in path.parts)
    with pytest.raises((ArchiveError, ListingError), match=reason):
        archives.unpack(HOSTILE[reason])
    assert sorted(path for path in repository.path.rglob("*") if ".git" not in path.parts) == before
