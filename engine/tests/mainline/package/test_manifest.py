"""The manifest: a package is read whole and unchanged, or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.errors import PackageError
from mainline.package import manifest

FILES = {"model.onnx": b"\0model", "code/features.py": b"x = 1\n", "tables/planes.npz": b"rows"}
DESCRIPTION = {"name": "flight-delay", "model": {"parity": 0.1, "reason": "é"}}

Damage = Callable[[Path], object]


def fill(directory: Path) -> Path:
    """Write the files of a small package into a new directory, unsealed."""
    for name, content in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A small package, sealed."""
    manifest.seal(fill(tmp_path / "package"), DESCRIPTION)
    return tmp_path / "package"


def rewrite(directory: Path, resign: bool, without: str = "", **changes: Any) -> None:
    """Change the manifest, or take a part of it out, and its digest with it if it is to look whole."""
    content = json.loads((directory / manifest.NAME).read_bytes()) | changes
    content.pop(without, None)
    if resign:
        content["digest"] = manifest.digest(content)
    (directory / manifest.NAME).write_text(json.dumps(content))


def test_sealed_package_is_read_as_it_was_written(sealed: Path) -> None:
    """The description and every file come back, with the digest that sealing returned."""
    described, contents = manifest.read(sealed)
    assert contents == FILES
    assert described.items() >= DESCRIPTION.items()
    assert described["files"] == {name: manifest.sha256(content) for name, content in FILES.items()}
    assert described["digest"] == manifest.seal(sealed, DESCRIPTION)


def test_digest_depends_on_content_alone(sealed: Path, tmp_path: Path) -> None:
    """The same package sealed elsewhere and again has the same manifest, byte for byte."""
    manifest.seal(fill(tmp_path / "elsewhere"), DESCRIPTION)
    manifest.seal(tmp_path / "elsewhere", dict(reversed(DESCRIPTION.items())))
    assert (tmp_path / "elsewhere" / manifest.NAME).read_bytes() == (sealed / manifest.NAME).read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda package: (package / "model.onnx").write_bytes(b"\1model"),
        lambda package: (package / "tables" / "planes.npz").rename(package / "planes.npz"),
        lambda package: (package / "more.txt").touch(),
    ],
    ids=["content", "name", "file"],
)
def test_digest_changes_with_any_file(sealed: Path, change: Damage) -> None:
    """Another byte, name or file is another package."""
    before = json.loads((sealed / manifest.NAME).read_bytes())["digest"]
    change(sealed)
    assert manifest.seal(sealed, DESCRIPTION) != before
    assert manifest.seal(sealed, DESCRIPTION | {"name": "other"}) != manifest.seal(sealed, DESCRIPTION)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda package: (package / "model.onnx").write_bytes(b"\1model"), r"model\.onnx was changed"),
        (lambda package: (package / "code/features.py").write_bytes(b"x = 1"), r"code/features\.py was changed"),
        (lambda package: (package / "tables/planes.npz").unlink(), r"tables/planes\.npz is missing"),
        (lambda package: (package / "code/more.py").touch(), r"code/more\.py does not belong to the package"),
        (lambda package: (package / ".hidden").touch(), r"\.hidden does not belong to the package"),
        (lambda package: (package / "extra").symlink_to("model.onnx"), r"extra is a symbolic link"),
        (lambda package: (package / "folder").symlink_to("/etc"), r"folder is a symbolic link"),
        (lambda package: (package / manifest.NAME).unlink(), r"there is no manifest\.json"),
        (lambda package: (package / manifest.NAME).write_text("{"), r"manifest\.json is unreadable"),
        (lambda package: (package / manifest.NAME).write_bytes(b"\xff"), r"manifest\.json is unreadable"),
        (lambda package: (package / manifest.NAME).write_text("[]"), r"manifest\.json is unreadable"),
        (lambda package: (package / manifest.NAME).write_text("{}"), r"manifest\.json is unreadable"),
        (lambda package: rewrite(package, resign=False, name="other"), r"manifest\.json was changed"),
        (lambda package: rewrite(package, resign=False, files={}), r"manifest\.json was changed"),
        (lambda package: rewrite(package, resign=True, files={}), r"code/features\.py does not belong"),
        (lambda package: rewrite(package, resign=True, format=2), r"format 2 is not 1, which this version reads"),
        (lambda package: rewrite(package, resign=True, without="format"), r"manifest\.json is unreadable"),
        (lambda package: rewrite(package, resign=True, without="files"), r"manifest\.json does not list files with"),
        (
            lambda package: rewrite(package, resign=True, files=["model.onnx"]),
            r"manifest\.json does not list files with",
        ),
        (lambda package: rewrite(package, resign=True, files={"a": 1}), r"manifest\.json does not list files with"),
        (lambda package: (package / manifest.NAME).write_text('"digest"'), r"manifest\.json is unreadable"),
        (lambda package: (package / manifest.NAME).write_text("[" * 100_000), r"manifest\.json is unreadable"),
    ],
)
def test_damaged_package_is_refused(sealed: Path, damage: Damage, said: str) -> None:
    """Whatever is not as it was sealed is refused in one line that names the file and the way out."""
    damage(sealed)
    with pytest.raises(
        PackageError, match=rf"package: {said}.*\. Nothing was loaded\. `./mainline restore` puts the package"
    ):
        manifest.read(sealed)


def test_linked_file_of_the_same_content_is_refused(sealed: Path, tmp_path: Path) -> None:
    """A link in place of a file is refused even where it leads to the right bytes."""
    (sealed / "model.onnx").rename(tmp_path / "model.onnx")
    (sealed / "model.onnx").symlink_to(tmp_path / "model.onnx")
    with pytest.raises(PackageError, match=r"model\.onnx is a symbolic link"):
        manifest.read(sealed)


def test_absent_directory_is_refused(tmp_path: Path) -> None:
    """Where there is no package the refusal says what was looked for."""
    with pytest.raises(PackageError, match=r"nowhere: there is no manifest\.json"):
        manifest.read(tmp_path / "nowhere")
