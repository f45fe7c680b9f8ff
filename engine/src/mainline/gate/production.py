"""Released versions as the gate needs them: fetched and verified where credentials are, loaded where none are."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mainline.errors import MainlineError, PackageError
from mainline.package import signing
from mainline.package.predictor import Predictor
from mainline.registry.tags import Version
from mainline.remote import packages
from mainline.remote.store import StorageError

REFUSED = "{}.refused"
"""The file beside the packages that says why a version's is not among them."""


@dataclass(frozen=True)
class Released:
    """A released version with its loaded package and the folder that it lies in."""

    version: Version
    predictor: Predictor
    folder: Path


def fetch(versions: Iterable[Version], folder: Path, required: bool) -> None:
    """Copy packages into a folder, from DVC's cache or remote, and verify them; nothing of them runs.

    Args:
        versions: whose packages.
        folder: where they, or the reasons why they cannot be had, are put.
        required: whether a package that nobody signed is refused; a signature that does not fit always is.
    """
    for version in versions:
        try:
            package = packages.fetch(version, folder)
            signing.check(package, version.release.signature if version.release else None, required)
        except MainlineError as error:
            shutil.rmtree(folder / version.name, ignore_errors=True)
            reason = (
                f"the package of {version.name} is not run: {error}"
                if isinstance(error, signing.SignatureError)
                else str(error)
            )
            (folder / REFUSED.format(version.name)).write_text(reason, encoding="utf-8")


def load(version: Version, folder: Path) -> Released:
    """Load a version's package out of the folder that `fetch` filled; its code runs from here on.

    Raises:
        StorageError: when it could not be had or verified, or does not load here.
    """
    refused, target = folder / REFUSED.format(version.name), folder / version.name
    if refused.is_file():
        raise StorageError(refused.read_text(encoding="utf-8"))
    try:
        return Released(version, Predictor.load(target, measured=True), target)
    except PackageError as error:
        raise StorageError(f"the package of {version.name} is whole, but: {error}") from error
