"""A package whose files are links into DVC's cache, as teams with a shared cache have it."""

import hashlib
from pathlib import Path

import pytest

from mainline.errors import PackageError
from mainline.package import manifest, signing
from mainline.package.predictor import Predictor
from tests.project import Project


def linked(project: Project, path: Path, kind: str) -> Project:
    """Copy a project, with its cache outside of it, as a team shares one, and its outputs as links of a kind."""
    made = project.twin(path / "project")
    (made.path / ".dvc/cache").rename(path / "shared")
    made.run("dvc", "config", "cache.dir", str(path / "shared"))
    made.run("dvc", "config", "cache.type", kind)
    made.run("dvc", "checkout", "--quiet", "--relink")
    return made


def contents(folder: Path) -> dict[Path, bytes]:
    """Read each file below a folder."""
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "reflink,copy"])
def test_the_loop_works_with_each_kind_of_link(
    other_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The gate takes the package, it is signed and verified, and a stage that runs again leaves the cache as it was."""
    made = linked(other_project, tmp_path, kind)
    package = made.path / "models/package"
    assert (package / manifest.NAME).is_symlink() == (kind == "symlink")
    assert (package / manifest.NAME).stat().st_nlink == (2 if kind == "hardlink" else 1)
    assert Predictor.load(package).digest == Predictor.load(other_project.path / "models/package").digest
    monkeypatch.chdir(made.path)
    private, _ = signing.make_keys("release")
    assert signing.verify(package, signing.sign(package, private)) == "release"
    said = made.run("python", "-m", "mainline", "gate", succeed=None)
    assert "symbolic" not in said.stdout + said.stderr
    assert (made.path / "metrics/report/gate.json").is_file()
    before, locked = contents(tmp_path / "shared/files"), (made.path / "dvc.lock").read_bytes()
    made.run("dvc", "repro", "--quiet", "--force", "--single-item", "package")
    assert (made.path / "dvc.lock").read_bytes() == locked
    assert contents(tmp_path / "shared/files") == before


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A package of one file, which is a link into a cache."""
    package, content = tmp_path / "package", b"content"
    package.mkdir()
    (package / "file").write_bytes(content)
    manifest.seal(package, {})
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    cached = tmp_path / "cache/files/md5" / name[:2] / name[2:]
    cached.parent.mkdir(parents=True)
    (package / "file").rename(cached)
    (package / "file").symlink_to(cached)
    return package


def test_a_link_into_the_cache_is_verified_like_a_file(small: Path) -> None:
    """Its content is read; changed in the cache, it is refused."""
    assert manifest.read(small)[1]["file"] == b"content"
    (small / "file").resolve().write_bytes(b"other")
    with pytest.raises(PackageError, match="file was changed"):
        manifest.read(small)


@pytest.mark.parametrize("place", ["elsewhere", "files/md5/ab", "cache/files/md5/../../outside"])
def test_a_link_elsewhere_is_refused(small: Path, tmp_path: Path, place: str) -> None:
    """A link that does not end at an object of a cache could point anywhere, whatever it holds."""
    target = tmp_path / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"content")
    (small / "file").unlink()
    (small / "file").symlink_to(target)
    with pytest.raises(PackageError, match="file is a symbolic link, and not one into DVC's cache"):
        manifest.read(small)


def test_a_link_to_an_object_that_is_gone_is_a_missing_file(small: Path) -> None:
    """Where the cache lost the object, the error says what brings it back."""
    (small / "file").resolve().unlink()
    with pytest.raises(PackageError, match=r"file is missing.*`./mainline restore`"):
        manifest.read(small)
