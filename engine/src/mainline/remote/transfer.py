"""Push and pull, with a look at every byte: DVC itself trusts an object's name on both sides."""

import contextlib
from collections.abc import Iterable, Sequence

from mainline import progress
from mainline.remote import checksums, dvc_imports, listings, notes
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache, open_remote
from mainline.repository import dvc


def push(outputs: Sequence[Output], thorough: bool = False, version: str = "") -> int:
    """Bring outputs into the remote, and check that they arrived.

    What will be sent is hashed before, and read back after. A damaged object of the remote is replaced.

    Args:
        outputs: what shall be there.
        thorough: check also what was there before, as a release must: by the store's own checksums where it has them,
            and by reading the rest; otherwise it must exist.
        version: whose outputs they are; the workspace's without it.

    Returns:
        The number of objects that were sent.

    Raises:
        StorageError: when an object is sound nowhere, or does not arrive.
    """
    here, there = open_cache(), open_remote()
    outputs = [output for output in outputs if output.stored]
    try:
        oids = listings.expand(outputs, [here, there])
        with notes.vouch(there, oids):
            return _send(oids, outputs, here, there, thorough)
    except listings.LostError as error:
        raise error.of(version) from error


def _send(oids: list[str], outputs: Sequence[Output], here: Store, there: Store, thorough: bool) -> int:
    absent = _unsound(oids, there) if thorough else there.lacks(oids)
    if not absent:
        return 0
    damage = here.check(absent)
    if damage.all:
        here.remove(damage.changed)  # while DVC sees it in its cache, it makes nothing again
        raise listings.lost(set(damage.all), outputs, [here, there], "damaged or missing here, and not in the remote")
    # Nothing is removed before, least of all what only looked damaged on the way: it is written over.
    there.put(absent, here)
    damage = there.check(absent)
    if damage.all:
        if not thorough:  # it was not there before, and the next push would take it for sound since it is
            with contextlib.suppress(StorageError):
                there.remove(damage.changed)
        raise listings.lost(set(damage.all), outputs, [here], "not in the remote after it was sent")
    return len(absent)


def _unsound(oids: list[str], there: Store) -> list[str]:
    """List what the store lacks or has damaged, and say whose word that is."""
    vouched = there.vouches(oids)
    if vouched:
        rest = len(oids) - len(vouched)
        progress.say(
            f"{there.name}: {len(vouched)} of {len(oids)} objects are sound by the checksums that it took when they "
            f"arrived; the others ({rest}) are read."
        )
    return list(there.check(set(oids) - vouched).all)


def pull(outputs: Sequence[Output], thorough: bool = False) -> int:
    """Bring outputs from the remote into the cache and the workspace, and check them.

    Damaged objects of the cache are replaced. What was imported comes from its source where the remote lacks it.

    Args:
        outputs: what shall be here.
        thorough: hash all of it; otherwise not what was hashed before and whose files have not changed (`checksums`).

    Returns:
        The number of objects that were fetched.

    Raises:
        StorageError: when the remote does not have an object, or not as its name says.
    """
    here = open_cache()
    fetched = dvc_imports.bring(outputs, here) + dvc_imports.download()
    # Listings first: until they are here, their files are not known.
    for wanted in ([output.oid for output in outputs if output.stored], lambda: listings.expand(outputs, [here])):
        fetched += _fetch(wanted() if callable(wanted) else wanted, outputs, here, thorough)
    if fetched or not _checked_out():
        _check_out()
    return fetched


def take(outputs: list[Output]) -> str:
    """Fetch into the cache what the store has of these outputs; say what it lacks."""
    here = open_cache()
    try:
        there = open_remote()
        lacking = [output.path for output in outputs if not _take(output, here, there)]
    except StorageError as error:
        return f"The store cannot be read from here, so what is missing is built. ({error})"
    return f"Neither cache nor store has {', '.join(lacking)}; built here." if lacking else "Nothing has to be built."


def _take(output: Output, here: Store, there: Store) -> bool:
    """Fetch one output, unless one of its objects is neither here nor sound in the store."""
    try:
        oids = listings.expand([output], [here, there])
    except StorageError:
        return False
    absent = list(here.check(oids).all)
    if not absent:
        return True
    if there.check(absent).all:
        return False
    here.remove(absent)
    here.put(absent, there)
    return not here.check(absent).all


def _fetch(oids: Iterable[str], outputs: Sequence[Output], here: Store, thorough: bool) -> int:
    damage = here.check(oids) if thorough else checksums.check(here, oids)
    unsound = damage.all
    if not unsound:
        return 0
    there = open_remote()
    damaged = set(there.check(unsound).all)
    if damaged:
        here.remove(damaged & set(damage.changed))  # while DVC sees it in its cache, it makes nothing again
        raise listings.lost(damaged, outputs, [here, there], "neither here nor sound in the remote")
    here.remove(unsound)
    here.put(unsound, there)
    remaining = here.check(unsound).all
    if remaining:
        here.remove(remaining)
        raise listings.lost(set(remaining), outputs, [here, there], "not whole after it was fetched; try again")
    return len(unsound)


def _checked_out() -> bool:
    shown = dvc.run("data", "status", "--json")
    return shown.returncode == 0 and '"uncommitted"' not in shown.stdout


def _check_out() -> None:
    with progress.clock("putting files into the workspace"):
        finished = dvc.run("checkout")
    if finished.returncode != 0:
        raise StorageError(
            f"all objects are in the cache, and `dvc checkout` did not put them into the workspace: "
            f"{dvc.said(finished).rstrip('.')}. Mend that; `./mainline pull` then fetches nothing twice."
        )
