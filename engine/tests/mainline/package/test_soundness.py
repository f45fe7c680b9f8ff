"""A package on the disk is read whole only if it may have changed, and never into memory."""

import os
import shutil
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from mainline.errors import PackageError
from mainline.package import manifest, soundness
from mainline.package.soundness import is_sound

MIB = 2**20


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A sealed package with a large file, written a while ago."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "model.bin").write_bytes(bytes(40 * MIB))
    (folder / "words.txt").write_text("words")
    manifest.seal(folder, {})
    return folder


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which packages were read whole; a file of now counts as settled."""
    found, verify = [], manifest.verify
    monkeypatch.setattr(manifest, "verify", lambda folder: (found.append(folder), verify(folder))[1])
    monkeypatch.setattr(soundness, "_SETTLED", -(10**12))
    monkeypatch.setattr(soundness, "_verified", {})
    return found


def digest(package: Path) -> str:
    """Return what the manifest says."""
    return str(manifest.verify(package)["digest"])


def test_package_that_did_not_change_is_read_once(package: Path, reads: list[Path]) -> None:
    """Also after a rename: the files are the same."""
    said = digest(package)
    reads.clear()
    assert is_sound(package, said)
    moved = package.rename(package.with_name("moved"))
    assert all(is_sound(moved, said) for _ in range(3))
    assert reads == [package]


def replace(file: Path) -> None:
    """Change a file and put its size and time back."""
    before = file.stat()
    file.write_text("WORDS")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def link(file: Path) -> None:
    """Put a link to the same content in a file's place."""
    shutil.move(file, file.parent.parent / "words")
    file.symlink_to(file.parent.parent / "words")


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda file: file.write_text("other words"),
    "same size and times": replace,
    "missing": Path.unlink,
    "extra": lambda file: file.with_name("more").touch(),
    "link": link,
}


@pytest.mark.usefixtures("reads")
@pytest.mark.parametrize("way", CHANGES)
def test_package_that_changed_is_found(package: Path, way: str) -> None:
    """Whatever was done to it after it was verified, also where a file's size and time were put back."""
    said = digest(package)
    assert is_sound(package, said)
    assert not is_sound(package, "f" * 64)
    CHANGES[way](package / "words.txt")
    assert not is_sound(package, said)


def test_file_written_just_now_is_read_again(package: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A change within the grain of the file system's clock would leave the times as they are."""
    said = digest(package)
    reads.clear()
    monkeypatch.setattr(soundness, "_SETTLED", 10**15)
    assert is_sound(package, said)
    assert is_sound(package, said)
    assert len(reads) == 2
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**16)
    assert is_sound(package, said)
    assert is_sound(package, said)
    assert len(reads) == 3


def test_verifying_takes_no_memory(package: Path) -> None:
    """A file is hashed piece by piece, whatever its size."""
    tracemalloc.start()
    try:
        manifest.verify(package)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB


def test_changed_file_is_named(package: Path) -> None:
    """What is read piece by piece is refused in the same words as what is read whole."""
    (package / "words.txt").write_text("other words")
    with pytest.raises(PackageError, match=r"words\.txt was changed"):
        manifest.verify(package)
    with pytest.raises(PackageError, match=r"words\.txt was changed"):
        manifest.read(package)
