"""Released versions as the gate needs them: verified, loaded, ready to predict."""

from dataclasses import dataclass
from pathlib import Path

from mainline.errors import PackageError
from mainline.package.predictor import Predictor
from mainline.registry.tags import Version
from mainline.remote import packages
from mainline.remote.store import StorageError


@dataclass(frozen=True)
class Released:
    """A released version with its loaded package and the folder that it lies in."""

    version: Version
    predictor: Predictor
    folder: Path


def fetch(version: Version, folder: Path) -> Released:
    """Copy a version's package into a folder, from DVC's cache or remote, and load it.

    Raises:
        StorageError: when storage does not have it, not as it was released, or it does not load here.
    """
    target = packages.fetch(version, folder)
    try:
        return Released(version, Predictor.load(target), target)
    except PackageError as error:
        raise StorageError(f"the package of {version.name} is whole, but: {error}") from error
