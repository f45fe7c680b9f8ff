"""The stores of this repository, as DVC is told of them: its cache, its remote, and remotes of earlier days."""

import logging
from pathlib import Path
from typing import Any

from mainline.remote import address, s3
from mainline.remote.store import StorageError, Store


def open_cache() -> Store:
    """Open DVC's cache of this repository."""
    with _repository() as repository:
        return Store("the cache", repository.cache.local)


def open_remote(name: str | None = None) -> Store:
    """Open the remote that `.dvc/config` declares: the default one, or one by its name.

    Raises:
        StorageError: when none is declared, or it cannot be opened.
    """
    from dvc.exceptions import DvcException

    try:
        with _repository() as repository:
            remote = Store(f"remote {name}" if name else "the remote", repository.cloud.get_remote_odb(name))
        if s3.is_s3(remote.files):
            s3.prepare_clients()
        return remote
    except (DvcException, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        if name:
            raise StorageError(f"remote {name} cannot be opened: {reason}.") from error
        raise StorageError(f"no storage is declared ({reason}). Declare it: `./mainline remote URL`.") from error


def others() -> list[str]:
    """Name the remotes beside the default one, such as the store of earlier days."""
    with _repository() as repository:
        config = repository.config
    return [name for name in config["remote"] if name != config["core"].get("remote")]


def _repository() -> Any:
    from dvc.repo import Repo

    address.settle()
    logging.getLogger("dvc").setLevel(logging.ERROR)
    return Repo(str(Path()))
