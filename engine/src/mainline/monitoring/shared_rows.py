"""The rows of production in the DVC store, and the files of the shared branch that point at them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import yaml

from mainline import files, progress
from mainline.errors import MainlineError
from mainline.monitoring.store import Record, Store
from mainline.remote import objects, stores, transfer
from mainline.remote.objects import Output
from mainline.remote.store import StorageError
from mainline.repository.git import blob, git
from mainline.repository.tree import Entry


def take(store: Store, tip: str, records: list[Record], days: int) -> None:
    """Bring rows of the last days that are not here; what no store has is missed where it is read."""
    recent = sorted({rolled.day for record in records for rolled in record.days})[-days:]
    wanted = {
        rolled.columns for record in records for rolled in record.days
        if rolled.day in recent and not (store.folder / rolled.columns).is_file()
    }  # fmt: skip
    named = [output for columns in wanted for output in pointed(tip, f"{columns}{objects.TRACKED}")]
    outputs = [output for output in named if output.path in wanted]
    if not outputs:
        return
    transfer.take(outputs)
    cache = stores.open_cache()
    for output in outputs:
        content = cache.read(output.oid)
        if content is not None:
            files.replace(store.folder / output.path, content)


def give(store: Store, records: Mapping[str, Record], there: Mapping[str, Entry], since: str) -> dict[str, bytes]:
    """Send rows that the branch does not point at to the DVC store; without one they stay here, and this says so."""
    lacking = sorted(
        rolled.columns for record in records.values() for rolled in record.days
        if f"{rolled.columns}{objects.TRACKED}" not in there and rolled.day >= since
        and (store.folder / rolled.columns).is_file()
    )  # fmt: skip
    if not lacking:
        return {}
    try:
        _require_shared()
        cache, pointers, outputs = stores.open_cache(), {}, []
        for columns in lacking:
            content = (store.folder / columns).read_bytes()
            oid = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if cache.lacks([oid]):
                cache.write(cache.path(oid), content)
            about = {"md5": oid, "size": len(content), "hash": "md5", "path": Path(columns).name}
            pointers[f"{columns}{objects.TRACKED}"] = yaml.safe_dump({"outs": [about]}, sort_keys=False).encode()
            outputs.append(Output(f"{columns}{objects.TRACKED}", columns, oid))
        transfer.push(outputs)
    except StorageError as error:
        progress.say(f"Rows stay on this machine, so others cannot join them with labels: {error}")
        return {}
    return pointers


def pointed(tip: str, path: str) -> list[Output]:
    """Return the rows that a file of the branch points at; none if it is not there, or not what a machine writes."""
    try:
        return objects.tracked((blob(f"{tip}:{path}") or b"").decode(errors="replace"), path)
    except MainlineError:
        return []


def is_shared() -> bool:
    """Whether a store is declared that other machines may read, too; a clone has one for itself if none is."""
    remote = stores.open_remote()
    own = Path(git("rev-parse", "--git-common-dir").strip()).resolve()
    return not (remote.files.protocol == "local" and Path(remote.root).resolve().is_relative_to(own))


def _require_shared() -> None:
    """Refuse the store that a clone has for itself where none is declared: no other machine reads it.

    Raises:
        StorageError: when there is no other one.
    """
    if not is_shared():
        raise StorageError("no storage is declared. Declare it: `./mainline remote URL`.")
