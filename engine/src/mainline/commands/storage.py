"""`remote`, `push`, `pull` and `clean`: declare a store, bring outputs there and back, and keep it tidy."""

from collections.abc import Iterator

from mainline import progress
from mainline.remote import clean as cleaning
from mainline.remote import collection, declare, objects, transfer
from mainline.remote.collection import Brought
from mainline.remote.store import StorageError, Store, open_cache, open_remote, others


def remote(url: str | None, endpoint: str, region: str) -> str:
    """Declare a store, or try the one that is declared.

    Raises:
        MainlineError: when it does not work; then the old declaration stands.
    """
    if url is None:
        return "\n".join(filter(None, [f"The declared store works: {declare.probe()}", collection.told(open_remote())]))
    former = declare.declare(url, endpoint, region)
    moved = f" The one before is kept as the remote '{former}', from which it is brought." if former else ""
    return (
        f"The store works and is declared in .dvc/config: {url}\nCommit that file, then `./mainline push --all`.{moved}"
    )


def push(everything: bool = False) -> str:
    """Bring what the workspace names into the store; or what every version, branch and tag names.

    Raises:
        StorageError: when one of the objects is sound nowhere, or does not arrive.
    """
    there = open_remote()
    if everything:
        return _brought(collection.bring(there, [open_cache(), *_others()]))
    sent = transfer.push(objects.of_workspace())
    said = f"{sent} objects were sent, and read back." if sent else "The store has everything that dvc.lock names."
    return "\n".join(filter(None, [said, collection.told(there)]))


def pull(everything: bool = False) -> str:
    """Bring what the workspace names from the store; or into the cache what every version, branch and tag names.

    Raises:
        StorageError: when the store does not have one of the objects, or not as it was pushed.
    """
    if everything:
        return _brought(collection.bring(open_cache(), [open_remote(), *_others()]))
    fetched = transfer.pull(objects.of_workspace())
    return f"{fetched} objects were fetched, and checked." if fetched else "Everything that dvc.lock names is here."


def _others() -> Iterator[Store]:
    """Open the other stores that answer, and say which do not."""
    for name in others():
        try:
            store = open_remote(name)
            store.lacks(["0" * 32])
            yield store
        except StorageError as error:
            progress.say(str(error))


def _brought(brought: Brought) -> str:
    if brought.versions:
        raise StorageError(
            f"{brought} Run this where they are, or make a version again: `./mainline rebuild {brought.versions[0]}`."
        )
    return str(brought)


def clean(yes: bool, older_than: float) -> str:
    """Show what the store holds that nothing needs, and remove it where that is asked for.

    Args:
        yes: remove it.
        older_than: in days; what is younger stays.

    Raises:
        MainlineError: when it cannot be told what is needed; then nothing is removed.
    """
    unneeded = cleaning.clean(open_remote(), older_than, yes)
    count = len(unneeded.sizes)
    young = f" {unneeded.young} more are younger than {older_than:g} days and stay." if unneeded.young else ""
    kept = f"{unneeded.kept} objects are needed by versions, branches, tags or the workspace."
    if not count:
        return f"{kept} There is nothing to clean.{young}"
    if not yes:
        return f"{kept} {count} are not ({unneeded.total / 1e6:.1f} MB); `./mainline clean --yes` removes them.{young}"
    return f"{kept} {count} others were removed ({unneeded.total / 1e6:.1f} MB).{young}"
