"""`remote`, `push` and `pull`: declare a store, and bring outputs there and back, checked."""

from mainline.remote import declare, objects, transfer


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
