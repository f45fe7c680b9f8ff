"""The versions that answer again, and the requests that servers share."""

from dataclasses import dataclass
from pathlib import Path

from mainline import progress
from mainline.declared import environments
from mainline.errors import MainlineError, PackageError
from mainline.gate import history
from mainline.monitoring import sharing
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.package import manifest
from mainline.registry import reference, tags
from mainline.remote import packages
from mainline.replay import excerpt, sample


@dataclass(frozen=True)
class Answering:
    """A version by its name, or the package here by its commit."""

    name: str
    package: Packaged


def here(folder: Path) -> Answering:
    """Return the package in the workspace.

    Raises:
        MainlineError: when there is none.
    """
    try:
        found = Packaged(*manifest.read(folder))
    except PackageError as error:
        raise MainlineError(f"{error} Run `make repro` first, or name a version.") from error
    head = history.head()
    return Answering(f"{head[:7] if head else 'no commit'}{'' if history.is_clean() else ' + changes'}", found)


def digest(folder: Path) -> str | None:
    """Return the digest of the package in the workspace; None if there is none."""
    try:
        return Packaged(*manifest.read(folder)).digest
    except PackageError:
        return None


def find(name: str | None, environment: str, scratch: Path) -> Answering:
    """Return a released version, or without a name what the environment has; its package is put into `scratch`.

    Raises:
        MainlineError: when there is no such version, or storage does not have it.
    """
    version = tags.find(name) if name else reference.current(environment, environments.load_all())
    if version is None:
        raise MainlineError(
            f"{environment} has no version yet, so there is nothing to hold the answers to: `./mainline promote`."
        )
    if not (scratch / version.name).is_dir():
        packages.fetch(version, scratch)
    return Answering(version.name, Packaged(*manifest.read(scratch / version.name)))


def newest(against: Answering) -> str:
    """Name the version that was registered last.

    Raises:
        MainlineError: when it is the one that its answers would be held to.
    """
    name = tags.newest(1)[0].name
    if name == against.name:
        raise MainlineError(f"{name} is the newest version, and the one that answers; name another one.")
    return name


def of_release(store: Store, file: Path, days: int, scratch: Path) -> Store:
    """Return the store if it has rows of the last days, else the excerpt that a release had, unpacked; if it is one.

    Args:
        store: what is rolled up here.
        file: the excerpt, which need not be there.
        days: of traffic.
        scratch: an empty folder, or none yet.
    """
    if not file.is_file() or sample.has_rows(store, days):
        return store
    found = Store(scratch)
    try:
        excerpt.unpack(file.read_bytes(), found)
    except MainlineError as error:
        progress.say(f"The requests of a release are left out: {error}")
        return store
    return found


def share(store: Store, environment: str, days: int) -> None:
    """Take the requests that servers share; if nobody answers, those that are here have to do."""
    try:
        sharing.take(store, environment, days)
    except MainlineError as error:
        progress.say(f"What servers share cannot be fetched: {error}")
