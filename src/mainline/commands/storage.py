"""`remote`, `push`, `pull` and `clean`: declare a store, bring outputs there and back, and keep it tidy."""

from mainline.remote import clean as cleaning
from mainline.remote import declare, objects, transfer
from mainline.remote.store import open_remote


def remote(url: str | None, endpoint: str, region: str) -> str:
    """Declare a store, or try the one that is declared.

    Raises:
        MainlineError: when it does not work; then the old declaration stands.
    """
    if url is None:
        return f"The declared store works: {declare.probe()}"
    declare.declare(url, endpoint, region)
    return f"The store works and is declared in .dvc/config: {url}\nCommit that file, then `mainline push`."


def push() -> str:
    """Bring the outputs of the lock into the store.

    Raises:
        StorageError: when one of them is sound nowhere, or does not arrive.
    """
    sent = transfer.push(objects.of_workspace())
    return f"{sent} objects were sent, and read back." if sent else "The store has everything that dvc.lock names."


def pull() -> str:
    """Bring the outputs of the lock from the store into the workspace.

    Raises:
        StorageError: when the store does not have one of them, or not as it was pushed.
    """
    fetched = transfer.pull(objects.of_workspace())
    return f"{fetched} objects were fetched, and checked." if fetched else "Everything that dvc.lock names is here."


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
        return f"{kept} {count} are not ({unneeded.total / 1e6:.1f} MB); `mainline clean --yes` removes them.{young}"
    return f"{kept} {count} others were removed ({unneeded.total / 1e6:.1f} MB).{young}"
