"""The objects of outputs, by the listings of folders, and the output that a lost object belongs to."""

from collections.abc import Iterable, Sequence

from mainline.remote import objects
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.text import few


class LostError(StorageError):
    """An output of the workspace, or of a version, is sound nowhere that was looked at."""

    def __init__(self, found: str, output: Output, version: str = "") -> None:
        self.found, self.output = found, output
        again = f"`./mainline rebuild {version}` makes it again" if version else output.remedy
        super().__init__(
            f"{found}. `./mainline push --all` on a machine that has it brings it; where it is nowhere, {again}."
        )

    def of(self, version: str) -> "LostError":
        """The same of a version."""
        return LostError(self.found, self.output, version)


def expand(outputs: Iterable[Output], stores: Sequence[Store]) -> list[str]:
    """List the objects of outputs: their own and those that the listings of folders name.

    Raises:
        StorageError: when no store has a folder's listing.
    """
    found: set[str] = set()
    for output in outputs:
        found.add(output.oid)
        if objects.is_listing(output.oid):
            found.update(_listed(output, stores))
    return sorted(found)


def _listed(output: Output, stores: Sequence[Store]) -> list[str]:
    for store in stores:
        content = store.read(output.oid)
        if content is not None:
            return list(objects.listed(content).values())
    names = " and ".join(store.name for store in stores)
    raise LostError(f"{output.path} ({output.oid}) is damaged or missing in {names}", output)


def lost(oids: set[str], outputs: Sequence[Output], stores: Sequence[Store], state: str) -> StorageError:
    """Say which output an object belongs to, and what to do."""
    for output in outputs:
        try:
            own = set(expand([output], stores))
        except StorageError:
            own = {output.oid}
        if own & oids:
            first = sorted(own & oids)[0]
            named = few([first, *(oids - {first})], 1)
            return LostError(f"{output.path} (object {named}) is {state}", output)
    return StorageError(f"object {sorted(oids)[0]} is {state}.")
