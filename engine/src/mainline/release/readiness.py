"""Whether a version can be assigned: artifacts are in the store, the signature is right, and servers would take it."""

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from mainline import progress
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.gate import acceptance
from mainline.package import manifest, signing, statement
from mainline.registry import packs
from mainline.registry.lineage import ENVIRONMENT_LOCK
from mainline.registry.tags import Version
from mainline.release import forgotten
from mainline.remote import artifacts, collection, listings, objects, packages, source_versions, transfer
from mainline.remote.stores import open_remote
from mainline.repository.git import ask


class UnservedError(MainlineError):
    """The check of an environment's servers refuses a version."""

    def __init__(self, version: Version, environment: str, why: str) -> None:
        super().__init__(
            f"the servers of {environment} would refuse {version.name}: {why}. Nothing is assigned. "
            f"`./mainline fetch {version.name}` and `./mainline check-package dist/{version.name}` show every "
            f"check; {_other_way(version)}"
        )
        self.why = why


def secure(version: Version, takers: Mapping[str, Environment], package: Path | None) -> dict[str, str]:
    """See to it that a version's artifacts are in the store, its signature is right, and servers would take it.

    A new version was put through the servers' check by the gate; one that comes back is put through it again, since
    budgets, libraries and machines are others by now. Likewise its evidence, which of a new version is made afterwards.

    Args:
        version: what will be assigned.
        takers: the environments that will have it, by name.
        package: the version's package where it is at hand; None to fetch it.

    Returns:
        The digests by which registries of containers have the package, by environment.

    Raises:
        StorageError: when an artifact is sound nowhere, or the source of a new version's data lacks a version of it.
        ForgottenError: when its package is gone with keys that were forgotten since.
        SignatureError: when an environment asks for a signature or evidence that is not there or not right.
        UnservedError: when the check of an environment's servers refuses it on this machine; the rest is right then.
    """
    _store(version)
    source_versions.check(version.commit, is_new=package is not None)
    lacking = collection.told(open_remote())
    if lacking:
        progress.say(lacking)
    required = any(taker.requires_signature for taker in takers.values())
    with tempfile.TemporaryDirectory(prefix="mainline-promote-") as scratch:
        folder = package or packages.fetch(version, Path(scratch))
        if required:
            signing.verify(folder, version.release.signature if version.release else None)
        if package is None and any(taker.requires_evidence for taker in takers.values()):
            packs.fetch()
            statement.verify(packs.read(version.name), (packs.subject(version.name), manifest.verify(folder)["digest"]))
        if package is None:
            _refuse_unserved(version, folder, takers)
        return artifacts.offer(version, folder, takers)


def _store(version: Version) -> None:
    """Bring a version's artifacts into the store; of one from before a key was forgotten, the package, if it stays."""
    if not forgotten.is_older(version):
        transfer.push(objects.of_commit(version.commit), thorough=True, version=version.name)
        return
    try:
        transfer.push(forgotten.package(version), thorough=True, version=version.name)
    except listings.LostError as error:
        raise forgotten.ForgottenError(version) from error
    progress.say(f"{version.name} was built before keys were forgotten: its package holds them, and its data is gone.")


def _refuse_unserved(version: Version, folder: Path, names: Collection[str]) -> None:
    for name, why in acceptance.refusals(folder, names=names).items():
        if why:
            raise UnservedError(version, name, why.rstrip("."))


def _other_way(version: Version) -> str:
    """Name what else there is to go back to: the same model with its libraries, or another one."""
    if ask("rev-parse", f"{version.commit}:{ENVIRONMENT_LOCK}") == ask("rev-parse", f"HEAD:{ENVIRONMENT_LOCK}"):
        return "`./mainline history` lists other versions."
    return (
        f"`./mainline rollback {version.name}` prepares a revert that brings back the libraries that it was made with."
    )
