"""The files of a package and their hashes: sealed once, verified by every reader."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline.errors import PackageError
from mainline.package.sealed_files import Contents

NAME = "manifest.json"
FORMAT = 1

_OBJECT = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")
"""What DVC's links point to, where `cache.type` is `symlink`; the content is verified like any other."""


def seal(directory: Path, description: Mapping[str, Any]) -> str:
    """Write the manifest over every file of a directory and return the package's digest.

    The manifest is the description, the sha256 of each file, and the sha256 of all that. It holds no time and no
    place, so the same package built again has the same digest.
    """
    files = {name: _sha256_of(path) for name, path in _files(directory).items()}
    manifest = {"format": FORMAT, **description, "files": files}
    manifest["digest"] = digest(manifest)
    text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
    (directory / NAME).write_text(text, encoding="utf-8")
    return str(manifest["digest"])


def read(directory: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a package into memory and verify it there: what was checked is what is used.

    Returns:
        The manifest, and the content of every file by its name.

    Raises:
        PackageError: when the manifest is absent, unreadable or altered, or a file is changed, missing or extra.
    """
    manifest = _manifest(directory)
    contents = {}
    for name, path in _declared(directory, manifest).items():
        contents[name] = path.read_bytes()
        if sha256(contents[name]) != manifest["files"][name]:
            raise PackageError(directory, f"{name} was changed")
    return manifest, contents


def opened(directory: Path) -> tuple[dict[str, Any], Contents]:
    """Verify a package that stays where it is, and offer its files: memory does not hold the large ones.

    Raises:
        PackageError: as `read`.
    """
    manifest = _manifest(directory)
    return manifest, Contents(directory, _declared(directory, manifest), manifest["files"])


def verify(directory: Path) -> dict[str, Any]:
    """Verify a package on the disk, piece by piece; return the manifest.

    Raises:
        PackageError: as `read`.
    """
    manifest = _manifest(directory)
    for name, path in _declared(directory, manifest).items():
        if _sha256_of(path) != manifest["files"][name]:
            raise PackageError(directory, f"{name} was changed")
    return manifest


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of a manifest's content, its own digest left out."""
    content = {key: value for key, value in manifest.items() if key != "digest"}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def sha256(content: bytes) -> str:
    """Return the sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _declared(directory: Path, manifest: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files that a manifest declares.

    Raises:
        PackageError: when one is missing, or another one is there.
    """
    declared, found = manifest["files"], _files(directory)
    missing, extra = sorted(declared.keys() - found.keys()), sorted(found.keys() - declared.keys())
    if missing:
        raise PackageError(directory, f"{missing[0]} is missing")
    if extra:
        raise PackageError(directory, f"{extra[0]} does not belong to the package")
    return found


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / NAME
    if not path.is_file():
        raise PackageError(directory, f"there is no {NAME}")
    try:
        manifest = json.loads(path.read_bytes())
        altered, version = manifest["digest"] != digest(manifest), manifest["format"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackageError(directory, f"{NAME} is unreadable") from error
    if altered:
        raise PackageError(directory, f"{NAME} was changed")
    if version != FORMAT:
        raise PackageError(directory, f"format {version} is not {FORMAT}, which this version reads")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(sha256, str) for sha256 in files.values()):
        raise PackageError(directory, f"{NAME} does not list files with their sha256")
    return dict(manifest)


def size(directory: Path) -> int:
    """Return the bytes of everything below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _files(directory: Path) -> dict[str, Path]:
    """Name everything below a directory but the manifest; a link that is not one of DVC's could point anywhere."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() and not _OBJECT.search(path.resolve().as_posix()):
            raise PackageError(directory, f"{name} is a symbolic link, and not one into DVC's cache")
        if path.is_file() and name != NAME:
            found[name] = path
    return found
