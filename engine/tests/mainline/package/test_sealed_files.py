"""Files of a verified package that memory does not hold: only sealed bytes are ever used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mainline.errors import PackageError
from mainline.package import manifest, sealed_files
from mainline.package.sealed_files import Contents
from tests.project import LIMIT, ROOT

SMALL, LARGE = b"small", b"large" * 1000
SIZE = 200 * 2**20
PEAK = f"""
import resource, sys
from pathlib import Path
from mainline.package import manifest
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_, files = manifest.opened(Path(sys.argv[1]))
with files.private("large") as source:
    assert source.stat().st_size == {SIZE}
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contents:
    """A sealed package of a small and a large file, opened."""
    monkeypatch.setattr(sealed_files, "KEPT", 100)
    monkeypatch.setattr(sealed_files, "COPIED", 1000)
    (tmp_path / "small").write_bytes(SMALL)
    (tmp_path / "large").write_bytes(LARGE)
    manifest.seal(tmp_path, {"name": "sample"})
    return manifest.opened(tmp_path)[1]


def test_every_file_is_what_was_sealed(opened: Contents) -> None:
    """As in memory."""
    assert dict(opened) == {"small": SMALL, "large": LARGE}


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_changed_file_is_refused_when_the_package_is_opened(opened: Contents, name: str, tmp_path: Path) -> None:
    """Before anything is used."""
    assert opened[name]
    (tmp_path / name).write_bytes(b"other")
    with pytest.raises(PackageError, match=f"{name} was changed"):
        manifest.opened(tmp_path)


def test_a_large_file_that_changes_later_is_refused_when_it_is_used(opened: Contents, tmp_path: Path) -> None:
    """Its bytes, and its private copy; a small one is as it was sealed."""
    for name in ("small", "large"):
        (tmp_path / name).write_bytes(b"x" * len(LARGE))
    assert opened["small"] == SMALL
    with pytest.raises(PackageError, match="large was changed"):
        opened["large"]
    with pytest.raises(PackageError, match="large was changed"), opened.private("large"):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the bytes are in memory")
def test_a_copy_in_use_is_not_changed_with_the_file(opened: Contents, tmp_path: Path) -> None:
    """Written in place, or replaced by another file."""
    with opened.private("large") as source:
        assert isinstance(source, Path)
        (tmp_path / "large").write_bytes(b"written in place")
        assert source.read_bytes() == LARGE
        os.replace(tmp_path / "small", tmp_path / "large")
        assert source.read_bytes() == LARGE
    assert not source.exists()


def test_a_small_file_is_offered_as_bytes(opened: Contents) -> None:
    """A library reads it from memory."""
    with opened.private("small") as source:
        assert source == SMALL


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the bytes are in memory")
def test_memory_does_not_hold_a_large_file(tmp_path: Path) -> None:
    """It takes a fiftieth of the file to verify and to copy it."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(SIZE)
    manifest.seal(tmp_path, {"name": "sample"})
    environment = os.environ | {"PYTHONPATH": str(ROOT / "engine/src")}
    command = [sys.executable, "-P", "-c", PEAK, str(tmp_path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert int(ran.stdout) < SIZE / 50
