"""Get the packages of released versions out of storage, verified."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError
from mainline.package.predictor import Predictor
from mainline.registry.tags import Version

PACKAGE = "models/package"


@dataclass(frozen=True)
class Released:
    """A released version with its loaded package and the folder that it lies in."""

    version: Version
    predictor: Predictor
    folder: Path


class StorageError(MainlineError):
    """A released package is not in the cache and not in the remote."""


def fetch(version: Version, folder: Path, repository: str = ".") -> Released:
    """Copy a version's package into a folder, from DVC's cache or remote, and load it.

    Raises:
        StorageError: when storage does not have it, or not as it was released.
    """
    from dvc.api import DVCFileSystem

    target = folder / version.name
    logging.getLogger("dvc_data").setLevel(logging.CRITICAL)  # it logs tracebacks of what is reported below
    try:
        storage: Any = DVCFileSystem(repository, rev=version.commit)
        storage.get(PACKAGE, str(target), recursive=True)
        return Released(version, Predictor.load(target), target)
    except Exception as error:  # every kind of storage fails in its own way; the answer to all is the same
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StorageError(
            f"the package of {version.name} ({version.commit[:10]}) cannot be had: {reason[:200]}. "
            "Fetch it with `dvc fetch --all-tags`, or push it from where it was made."
        ) from error
