"""Objects of the cache and of every store that hold a key: found by reading each, removed but for what must stay.

A listing that names a removed object goes before it, since whoever finds it takes its files for granted.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mainline import progress
from mainline.declared import privacy
from mainline.privacy.traces import Sought
from mainline.registry import tags
from mainline.registry.tags import Version
from mainline.remote import listings, objects
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache, open_remote, others
from mainline.repository import lock
from mainline.text import count

_DAY = 86_400


@dataclass(frozen=True)
class Search:
    """What was read: objects by place, and which of them hold a key."""

    stores: tuple[Store, ...]
    read: Mapping[str, frozenset[str]]
    held: frozenset[str]

    def __str__(self) -> str:
        """Say how many objects each place has."""
        return ", ".join(f"{count(len(self.read[one.name]), 'object')} of {one.name}" for one in self.stores)


@dataclass
class Staying:
    """Objects that must stay, and a line for each reason."""

    oids: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)


def open_all() -> list[Store]:
    """Open the cache, the declared store, and those of earlier days.

    Raises:
        StorageError: when one does not answer: what is in it cannot be told.
    """
    return [open_cache(), open_remote(), *(open_remote(name) for name in others())]


def search(stores: Iterable[Store], sought: Sought) -> Search:
    """Read every object of every place, one that several have once.

    Raises:
        StorageError: when a place does not answer.
    """
    stores, known, read = tuple(stores), dict[str, bool](), dict[str, frozenset[str]]()
    for store in stores:
        read[store.name] = frozenset(store.everything())
        with progress.clock(f"searching {len(read[store.name])} objects of {store.name}"):
            for oid in sorted(read[store.name] - known.keys()):
                content = b"" if objects.is_listing(oid) else _content(store, oid)
                known[oid] = sought.in_file(content)
    return Search(stores, read, frozenset(oid for oid, holds in known.items() if holds))


def staying(stores: list[Store]) -> Staying:
    """Return what must stay: packages that an environment has, and those of versions that are kept for a time.

    Raises:
        MainlineError: when the registry cannot be read, or privacy.yaml is not as it should be.
    """
    retention, registry, found = privacy.load(), tags.read(), Staying()
    has = {given.environment: given.version for given in registry.assignments}
    for version in registry.versions:
        where = sorted(name for name, one in has.items() if one is not None and one.name == version.name)
        until = version.when + retention.keep_versions_days * _DAY
        verb = "has" if len(where) == 1 else "have"
        reasons = [f"{' and '.join(where)} {verb} it; promote another version, and run this again"] if where else []
        if until > time.time() and not version.archived:
            day = datetime.fromtimestamp(until, UTC).date()
            reasons.append(f"kept until {day} by {privacy.FILE}: {retention.reason}")
        if reasons and (oids := _package(version, stores)):
            found.oids |= oids
            found.reasons.append(f"the package of {version.name}: {'; '.join(reasons)}")
    return found


def remove(found: Search, stay: set[str]) -> tuple[int, list[str]]:
    """Remove the objects that hold a key from every place, but for what stays, with older versions that a bucket keeps.

    Returns:
        How many, and the names of places whose older versions may not be removed by who runs this.

    Raises:
        StorageError: when a place does not answer.
    """
    gone, kept = set(found.held) - stay, []
    for store in found.stores:
        broken = [
            oid for oid in sorted(found.read[store.name]) if objects.is_listing(oid) and oid not in stay
            and gone & set(_listed(store, oid))
        ]  # fmt: skip
        store.remove(broken)
        if not store.erase(sorted(gone & found.read[store.name])):
            kept.append(store.name)
    return len(gone), kept


def in_use() -> dict[str, str]:
    """Return the objects that DVC's files of the work tree name, each with the path that it is of."""
    found: dict[str, str] = {}
    for output in objects.of_workspace():
        found |= dict.fromkeys(_expand(output, [open_cache()]), output.path)
    return found


def _package(version: Version, stores: list[Store]) -> set[str]:
    oid = lock.package_at(version.commit)
    return set(_expand(Output("package", lock.PACKAGE, oid), stores)) if oid else set()


def _expand(output: Output, stores: list[Store]) -> list[str]:
    try:
        return listings.expand([output], stores)
    except StorageError:
        return [output.oid]


def _listed(store: Store, oid: str) -> list[str]:
    try:
        return list(objects.listed(store.read(oid) or b"").values())
    except objects.ListingError:
        return []


def _content(store: Store, oid: str) -> bytes:
    def ask() -> bytes:
        try:
            return bytes(store.files.cat_file(store.path(oid)))
        except FileNotFoundError:
            return b""

    return store.insist(ask)
