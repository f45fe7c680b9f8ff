"""`fetch`: the package of a released version, out of storage, verified."""

import shutil
import tempfile
from pathlib import Path

from mainline.errors import MainlineError
from mainline.registry import clone, tags
from mainline.release import signing
from mainline.remote import packages


def fetch(name: str, folder: Path, signed: bool = False) -> str:
    """Copy a version's package into a new folder; it appears there when it was verified, or not at all.

    Args:
        name: the version, such as v1.2.0.
        folder: one that does not exist yet.
        signed: refuse one that nobody signed.

    Raises:
        MainlineError: when there is no such version, storage does not have it as it was released, or its signature is
            wrong.
    """
    if folder.exists():
        raise MainlineError(f"{folder} exists; name a folder that does not.")
    clone.check(tags.read())
    version = tags.find(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as scratch:
        found = packages.fetch(version, Path(scratch))
        said = _signature(version, found, signed)
        shutil.move(found, folder)
    return f"{folder} holds {name}, as it was released; {said}."


def _signature(version: tags.Version, package: Path, signed: bool) -> str:
    release = version.release
    by = signing.check(package, release.signature if release else None, signed)
    return f"signed by {by}" if by else "it is not signed"
