"""Notes of ours in a store, beside its objects: what a push relies on, and that a clean is under way.

A push relies on objects that it found there, however old they are, for a commit that others may not know yet. It notes
them before it looks, and a clean reads the notes after it has said that it begins; so one of both sees the other.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable, Iterator

from mainline.remote.store import StorageError, Store

LIMIT = 3600
"""Seconds after which a clean that began counts as killed."""


@contextlib.contextmanager
def vouch(store: Store, oids: Iterable[str]) -> Iterator[None]:
    """Note that objects are relied on from now on, so that a clean leaves them.

    Raises:
        StorageError: at the end, when a clean is under way that may not have seen the note.
    """
    content = json.dumps(sorted(set(oids))).encode()
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()  # the same objects again renew their note
    with contextlib.suppress(StorageError):  # who may only read a store takes it as it is
        store.write(f"{_folder(store)}/vouched/{name}.json", content)
    yield
    if _is_being_cleaned(store):
        raise StorageError(
            f"{store.name} is being cleaned, and what was found there may go. When `./mainline clean` has ended, push "
            f"again; if it was killed, run it again, or wait for {LIMIT // 60} minutes."
        )


def vouched(store: Store, since: float) -> set[str]:
    """Return the objects that were relied on since a moment, in seconds since 1970 by the store's clock.

    Raises:
        StorageError: when a note cannot be read, so that what it says is unknown.
    """
    found: set[str] = set()
    for note in _vouchers(store):
        if store.changed(note) > since:
            content = store.insist(lambda note=note: store.files.cat_file(note))  # type: ignore[misc]
            try:
                found.update(json.loads(content))
            except ValueError as error:
                raise StorageError(
                    f"{note} is damaged. Remove it if it is older than a day: it is half a note."
                ) from error
    return found


def forget(store: Store, before: float) -> None:
    """Remove the notes of what was relied on before a moment."""
    for note in _vouchers(store):
        if store.changed(note) <= before:
            store.insist(lambda note=note: store.files.remove(note))  # type: ignore[misc]


@contextlib.contextmanager
def cleaning(store: Store) -> Iterator[float]:
    """Say that objects are being removed; yield the time by the store's clock, in seconds since 1970."""
    note = _cleaning(store)
    store.write(note, b"`./mainline clean` removes objects.")
    try:
        yield store.changed(note)
    finally:
        store.insist(lambda: store.files.remove(note))


def now(store: Store) -> float:
    """Return the time by the store's clock, in seconds since 1970; by ours where we may only read the store."""
    note = f"{_folder(store)}/now"
    try:
        store.write(note, b"")
    except StorageError:
        return time.time()
    return store.changed(note)


def _is_being_cleaned(store: Store) -> bool:
    note = _cleaning(store)
    return store.insist(lambda: store.files.exists(note)) and now(store) - store.changed(note) < LIMIT


def _cleaning(store: Store) -> str:
    return f"{_folder(store)}/cleaning"


def _folder(store: Store) -> str:
    return f"{store.root}/mainline"


def _vouchers(store: Store) -> list[str]:
    folder = f"{_folder(store)}/vouched"
    if not store.insist(lambda: store.files.exists(folder)):
        return []
    return list(store.insist(lambda: store.files.find(folder)))
