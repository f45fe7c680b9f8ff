"""Packages by way of the container registry that an environment declares; the store has each of them, too."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mainline import progress
from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.errors import MainlineError, PackageError
from mainline.oci import copies, layout
from mainline.oci.access import RegistryError
from mainline.package import manifest
from mainline.registry import artifact, tags
from mainline.registry.tags import Version
from mainline.remote import packages
from mainline.remote.store import StorageError


def offer(version: Version, folder: Path, takers: Mapping[str, Environment]) -> dict[str, str]:
    """Push a package to the registry of each environment that will have it; return the digests, by environment.

    If a registry does not take it, that is said and stops nothing: servers then fetch the package from the store.

    Args:
        version: what will be assigned.
        folder: its package.
        takers: the environments, by name.
    """
    digests: dict[str, str] = {}
    addresses = {name: taker.packages.registry for name, taker in takers.items() if taker.packages.registry}
    composed = layout.compose(folder, artifact.name(), version.name) if addresses else None
    for name, address in addresses.items():
        assert composed is not None
        digests[name] = composed.digest
        try:
            copies.push(address, composed, version.name)
        except RegistryError as error:
            progress.say(f"{error} Servers of {name} get {version.name} from the store.")
    return digests


def complete(folder: Path) -> list[str]:
    """Push what environments have and their registries lack, such as after a registry was away; name what was sent.

    Args:
        folder: for packages that have to be fetched; empty.

    Raises:
        MainlineError: when a registry does not take it, or does not answer.
    """
    sent = []
    for name, declared in environments.load_all().items():
        version, address = tags.assigned(name), declared.packages.registry
        known = digest(version, name) if version else None
        if version is None or address is None or known is None or copies.has(address, known):
            continue
        package = folder / version.name
        composed = layout.compose(
            package if package.exists() else packages.fetch(version, folder), artifact.name(), version.name
        )
        copies.push(address, composed, version.name)
        sent.append(f"{version.name} is in {address} now, for {name}.")
    return sent


def digest(version: Version, environment: str) -> str | None:
    """Return the digest by which an environment's registry has a version, from its newest assignment that names one."""
    given = [item.record for item in tags.assignments(environment) if item.version == version and item.record]
    return next((record.artifact for record in reversed(given) if record.artifact), None)


def fetch(version: Version, folder: Path, environment: str) -> tuple[Path, str]:
    """Copy a version's package into a folder of its own below `folder`, from an environment's registry if it can.

    Returns:
        The package, and why it is not from the registry that was declared; '' if it is, or if none is declared.

    Raises:
        StorageError: when the store does not have it either, or not as it was released.
    """
    problem = ""
    try:
        address = environments.load(environments.FOLDER / f"{environment}.yaml").packages.registry
        known = digest(version, environment) if address else None
        if address and known:
            return _pull(address, known, version, folder / version.name), ""
    except MainlineError as error:
        problem = str(error)
        shutil.rmtree(folder / version.name, ignore_errors=True)
    try:
        return packages.fetch(version, folder), problem and f"{problem} {version.name} comes from the store."
    except StorageError as error:
        raise StorageError(f"{problem} {error}".strip()) from error


def _pull(address: str, known: str, version: Version, target: Path) -> Path:
    copies.pull(address, known, target)
    try:
        found = manifest.verify(target)["digest"]
    except PackageError as error:
        raise RegistryError(f"{address}@{known} does not hold the package of {version.name}: {error}") from error
    if version.release is not None and found != version.release.digest:
        raise RegistryError(f"{address}@{known} holds another package than {version.name} was released with.")
    return target
