"""Packages to a registry and back. The registry is not trusted: whoever fetches knows the digest from git."""

import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from mainline import progress
from mainline.oci import layout
from mainline.oci.access import Body, RegistryError
from mainline.oci.distribution import Repository
from mainline.oci.layout import Artifact, Blob

PULL_SECONDS = 240.0
"""How long a package may take to arrive; then it comes from the store, if there is time left for that."""
PUSH_SECONDS, SLOWEST = 240.0, 2**16
"""How long a push may take, and the bytes a second for which it gets more time."""
LOOK_SECONDS = 60.0
"""How long a registry may take to say whether it has a package."""


def push(address: str, artifact: Artifact, version: str) -> int:
    """Bring an artifact into a repository under the tag of its version; return how many blobs were sent.

    The tag comes last, so a push that was ended leaves blobs that nothing names, and the next one goes on from there.
    What is there is not sent again.

    Raises:
        RegistryError: when the registry does not take it, or the tag names another package there.
    """
    repository = Repository(address)
    size = sum(blob.size for blob in artifact.blobs)
    repository.access.until = time.monotonic() + PUSH_SECONDS + size / SLOWEST
    there = repository.manifest(version)
    if there == artifact.manifest:
        return 0
    where = f"{repository.name}:{version}"
    if there is not None and layout.package(there, where) != artifact.package:
        raise RegistryError(f"{where} is another package. Declare a repository that this model has for itself.")
    blobs = {blob.digest: blob for blob in artifact.blobs}
    lacking = [blob for blob in blobs.values() if not repository.has_blob(blob.digest)]
    for blob in progress.each(lacking, f"to {repository.name}"):
        repository.send_blob(blob.digest, _opener(blob), blob.size)
    repository.send_manifest(artifact.manifest, version)
    return len(lacking)


def has(address: str, digest: str) -> bool:
    """Whether a repository has the manifest of a digest.

    Raises:
        RegistryError: when the registry does not answer.
    """
    repository = Repository(address)
    repository.access.until = time.monotonic() + LOOK_SECONDS
    return repository.manifest(digest) is not None


def pull(address: str, digest: str, target: Path) -> None:
    """Write the files of an artifact into a new folder, each held against the digest that the manifest names.

    Args:
        address: of the repository.
        digest: of the manifest.
        target: does not exist yet; what arrived before a failure stays there.

    Raises:
        RegistryError: when the registry lacks it, does not answer, or gives something else.
    """
    repository = Repository(address)
    repository.access.until = time.monotonic() + PULL_SECONDS
    content = repository.manifest(digest)
    if content is None:
        raise RegistryError(f"{repository.name} has no artifact {digest}; `./mainline promote` brings it there.")
    files = layout.files(content, f"{repository.name}@{digest}")
    target.mkdir(parents=True)
    needed, free = sum(file.size for file in files), shutil.disk_usage(target).free
    if needed > free:
        raise RegistryError(f"{repository.name}@{digest} has {needed} bytes, too large for the {free} that are free.")
    for file in files:
        path = target / file.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            repository.fetch_blob(file.digest, file.size, path)
        except OSError as error:
            raise RegistryError(f"{file.path} of {repository.name}@{digest} does not arrive: {error}.") from error


def _opener(blob: Blob) -> Callable[[], Body]:
    """Return what opens a blob anew for each try."""
    source = blob.source
    return lambda: io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
