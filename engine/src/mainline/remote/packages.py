"""Packages of released versions, out of DVC's cache or today's store, verified file by file."""

from pathlib import Path

from mainline.errors import PackageError
from mainline.package import manifest
from mainline.registry.tags import Version
from mainline.remote import objects
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache, open_remote
from mainline.repository import lock

REMEDY = (
    "`./mainline push --all` on a machine that has it brings it to the store; `./mainline rebuild {}` makes it again"
)


def fetch(version: Version, folder: Path) -> Path:
    """Copy a version's package into a folder of its own below `folder`; return that.

    Raises:
        StorageError: when storage does not have it, or not as it was released.
    """
    target = folder / version.name
    try:
        oid = next((output.oid for output in objects.of_commit(version.commit) if output.path == lock.PACKAGE), "")
        _copy(oid, target)
        found = manifest.verify(target)
    except (StorageError, PackageError, objects.ListingError) as error:
        raise StorageError(
            f"the package of {version.name} ({version.commit[:10]}) cannot be had: {str(error)[:300]} "
            f"{REMEDY.format(version.name)}."
        ) from error
    if version.release is not None:
        check_digest(version.name, found["digest"], version.release.digest)
    return target


def check_digest(version: str, found: str, released: str) -> None:
    """Refuse a package that is whole, and another one than the version's tag names.

    Raises:
        StorageError: naming both digests.
    """
    if found != released:
        raise StorageError(
            f"the package of {version} has the digest {found[:12]}, and {released[:12]} was released; it is not used. "
            f"{REMEDY.format(version)}."
        )


def fetch_commit(commit: str, target: Path) -> str:
    """Copy the package that a commit's lock names into a new folder; return its digest.

    Raises:
        MainlineError: when the commit names none, or storage does not have it whole.
    """
    oid = next((output.oid for output in objects.of_commit(commit) if output.path == lock.PACKAGE), "")
    _copy(oid, target)
    return str(manifest.verify(target)["digest"])


def _copy(oid: str, target: Path) -> None:
    """Write the files of a folder's object, each held against its name."""
    stores = [open_cache()]
    for path, own in objects.listed(read(oid, stores)).items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(read(own, stores))


def read(oid: str, stores: list[Store]) -> bytes:
    """Return an object from the cache, or from the store where the cache lacks it; that is opened when it is needed.

    Args:
        oid: its name.
        stores: the cache; the store is put behind it once it is opened.

    Raises:
        StorageError: when neither has it, or not as its name says.
    """
    here = stores[0]
    content = here.read(oid) if oid and not here.lacks([oid]) else None
    if content is None:
        stores[1:] = stores[1:] or [open_remote()]
        content = stores[1].read(oid) if oid else None
    if content is None:
        raise StorageError(f"object {oid or 'of a package'} is damaged or missing here and in the store.")
    return content
