"""Objects in the store that nothing needs: no version, no branch, no tag, not the workspace.

Where it cannot be told what something needs, nothing is removed. What a push relied on a short time ago stays too: the
commit that needs it may not be known to others yet.
"""

import math
from dataclasses import dataclass

from mainline.errors import MainlineError
from mainline.remote import listings, needs, notes, objects
from mainline.remote.needs import UnknownNeedError
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache
from mainline.seconds import DAY


@dataclass(frozen=True)
class Unneeded:
    """Objects that may go, with their sizes in bytes; `kept` counts those that stay, `young` those too new to tell."""

    sizes: dict[str, int]
    kept: int
    young: int

    @property
    def total(self) -> int:
        """Their size together, in bytes."""
        return sum(self.sizes.values())


def clean(there: Store, older_than: float, yes: bool) -> Unneeded:
    """Look for objects of a store that nothing needs, and remove them.

    Args:
        there: the store.
        older_than: in days; a younger object may belong to a branch that is not pushed yet.
        yes: remove them; otherwise they are only counted.

    Raises:
        MainlineError: when it cannot be told what is needed; then nothing is removed.
    """
    needed = _needed(there)
    if not yes:
        return _find(there, needed, notes.now(there) - older_than * DAY)
    with notes.cleaning(there) as now:
        # Only now is it certain that no push relies on something without saying so.
        unneeded = _find(there, needed, now - older_than * DAY)
        # Listings first: a listing without its files would vouch for what is not there.
        there.remove(sorted(unneeded.sizes, key=lambda oid: (not objects.is_listing(oid), oid)))
        notes.forget(there, now - older_than * DAY)
    return unneeded


def _find(there: Store, needed: set[str], newest: float) -> Unneeded:
    if math.isinf(newest):
        raise MainlineError(
            "nothing was removed: the store does not say when its objects were written, so what a push relies on looks "
            "as old as the rest. A folder or S3 says it: `./mainline remote URL`, then `./mainline push --all`."
        )
    everything, vouched = there.everything(), notes.vouched(there, newest)
    unneeded = {oid: about for oid, about in everything.items() if oid not in needed}
    old = {oid: size for oid, (size, changed) in unneeded.items() if changed <= newest and oid not in vouched}
    return Unneeded(old, len(everything) - len(unneeded), len(unneeded) - len(old))


def _needed(there: Store) -> set[str]:
    stores = [open_cache(), there]
    found: set[str] = set()
    try:
        for name, output in needs.everything():
            found.update(_expand(name, output, stores))
    except UnknownNeedError as error:
        raise MainlineError(f"nothing was removed: {error}") from error
    return found


def _expand(name: str, output: Output, stores: list[Store]) -> list[str]:
    try:
        return listings.expand([output], stores)
    except StorageError as error:
        if not name.startswith("version ") and all(store.lacks([output.oid]) for store in stores):
            return [output.oid]  # a branch that was never pushed: the store has no folder of it that could break
        told = error.of(name.removeprefix("version ")) if isinstance(error, listings.LostError) else error
        raise UnknownNeedError(name, told) from error
