"""Packages of released versions, out of DVC's cache or remote, verified file by file."""

import logging
from pathlib import Path
from typing import Any

from mainline import lock
from mainline.package import manifest
from mainline.registry.tags import Version
from mainline.remote.store import StorageError


def fetch(version: Version, folder: Path, repository: str = ".") -> Path:
    """Copy a version's package into a folder of its own below `folder`; return that.

    Raises:
        StorageError: when storage does not have it, or not as it was released.
    """
    from dvc.api import DVCFileSystem

    target = folder / version.name
    logging.getLogger("dvc_data").setLevel(logging.CRITICAL)  # it logs tracebacks of what is reported below
    try:
        storage: Any = DVCFileSystem(repository, rev=version.commit)
        storage.get(lock.PACKAGE, str(target), recursive=True)
        found, _ = manifest.read(target)
    except Exception as error:  # every kind of storage fails in its own way; the answer to all is the same
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StorageError(
            f"the package of {version.name} ({version.commit[:10]}) cannot be had: {reason[:200]}. "
            "Fetch it with `dvc fetch --all-tags`, or push it from where it was made."
        ) from error
    release = version.release
    if release is not None and found["digest"] != release.digest:
        raise StorageError(f"the package of {version.name} is not the one that was released: its digest is another.")
    return target
