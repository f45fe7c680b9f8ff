"""The objects of every version, branch and tag together: brought into another place, and which of them are nowhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mainline import progress
from mainline.registry import tags
from mainline.remote import listings, needs, objects
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache, open_remote, others
from mainline.repository import lock
from mainline.text import few


@dataclass
class Brought:
    """How many objects arrived, and the paths of outputs that are whole nowhere, by who needs them."""

    count: int = 0
    nowhere: dict[str, list[str]] = field(default_factory=dict)

    @property
    def versions(self) -> list[str]:
        """The versions among those that lack something."""
        return [name.removeprefix("version ") for name in self.nowhere if name.startswith("version ")]

    def __str__(self) -> str:
        if not self.nowhere:
            return f"{self.count} objects were brought; all that versions, branches and tags need is there."
        said = "; ".join(f"{name} ({', '.join(paths)})" for name, paths in self.nowhere.items())
        return f"{self.count} objects were brought. Nowhere is what these need: {said}."


def push() -> str:
    """Bring what every version, branch and tag names into the store, from the cache and any other store that is known.

    Raises:
        StorageError: when what a version needs is nowhere; the rest is there.
    """
    return _told(bring(open_remote(), [open_cache(), *_others()]))


def pull(thorough: bool = False) -> str:
    """Bring what every version, branch and tag names into the cache, from any store that is known.

    With `thorough` what is there is hashed, too, and what is damaged is replaced.

    Raises:
        StorageError: when what a version needs is nowhere; the rest is there.
    """
    return _told(bring(open_cache(), [open_remote(), *_others()], thorough))


def bring(target: Store, sources: Sequence[Store], thorough: bool = False) -> Brought:
    """Bring into a place what is needed and one of the sources has; each object is read before and after.

    With `thorough` what the place has is read, too, and what is damaged there counts as lacking.

    Raises:
        MainlineError: when a place does not answer, or it cannot be told what is needed.
    """
    brought, done = Brought(), set[str]()
    for name, output in needs.everything():
        if output.oid not in done and output.stored:
            sent = _bring(output, target, sources, thorough)
            if sent is None:
                brought.nowhere.setdefault(name, []).append(output.path)
            else:
                brought.count += sent
                done.add(output.oid)
    return brought


def lacking(store: Store) -> list[str]:
    """Name the versions, archived ones left out, whose package a store lacks; only listings are looked for."""
    found = {version.name: lock.package_at(version.commit) for version in tags.versions() if not version.archived}
    lost = set(store.lacks(oid for oid in found.values() if oid))
    return [name for name, oid in found.items() if oid in lost]


def told(store: Store) -> str:
    """Name in a line the versions whose packages a store lacks, and the remedy; '' if it has them all."""
    names = lacking(store)
    if not names:
        return ""
    return (
        f"{store.name} lacks the packages of {few(names, 3)}, as `dvc gc --cloud` or a move leaves it: "
        f"`./mainline push --all` where they are, else `./mainline rebuild {names[0]}`."
    )


def _others() -> Iterator[Store]:
    """Open the other stores that answer, and say which do not."""
    for name in others():
        try:
            store = open_remote(name)
            store.lacks(["0" * 32])
            yield store
        except StorageError as error:
            progress.say(str(error))


def _told(brought: Brought) -> str:
    if brought.versions:
        raise StorageError(
            f"{brought} Run this where they are, or make a version again: `./mainline rebuild {brought.versions[0]}`."
        )
    return str(brought)


def _bring(output: Output, target: Store, sources: Sequence[Store], thorough: bool) -> int | None:
    """Bring one output; return how many objects were sent, or None where one of them is nowhere."""
    try:
        oids = listings.expand([output], [target, *sources])
    except StorageError:
        return None
    damage = target.check(oids) if thorough else None
    absent, sent = list(damage.all) if damage else target.lacks(oids), 0
    for source in sources:
        there = sorted(set(absent) - set(source.lacks(absent)))
        sound = sorted(set(there) - set(source.check(there).all)) if there else []
        if set(sound) | {oid for oid in oids if oid not in absent} != set(oids):
            sound = [oid for oid in sound if not objects.is_listing(oid)]  # it comes last, with the last of its files
        if sound:
            target.remove(set(sound) & set(damage.changed if damage else ()))
            target.put(sound, source)
            damaged = target.check(sound).all
            absent = [oid for oid in absent if oid not in sound or oid in damaged]
            sent += len(sound) - len(damaged)
    return None if absent else sent
