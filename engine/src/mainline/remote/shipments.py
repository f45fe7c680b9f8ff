"""Files that wait in a store until somebody takes them in, each under a name that no other has.

They lie beside our notes, not among the objects: what is there is not kept for a commit, and `clean` does not see it.
A file is there whole or not at all, and sent twice it is the same file.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from mainline.remote import objects, s3
from mainline.remote.store import StorageError, Store

FOLDER = "mainline/shipped"
_PARTIAL = ".partial"


def folder(store: Store, name: str) -> str:
    """Return the folder of an environment's files, as a path of the store's own."""
    return f"{store.root}/{FOLDER}/{name}"


def send(store: Store, source: Path, target: str, md5: str) -> None:
    """Put a file of this machine into the store.

    Args:
        store: where it goes.
        source: the file.
        target: its path there.
        md5: of its content, which S3 compares with what arrives.

    Raises:
        StorageError: when the store does not take it.
    """

    def attempt() -> None:
        if s3.is_s3(store.files):
            s3.send(store.files, str(source), target, md5)
            return
        half = f"{target}{_PARTIAL}"
        store.files.makedirs(store.files.parent(target), exist_ok=True)
        store.files.put_file(str(source), half)
        store.files.move(half, target)

    store.insist(attempt)


def listing(store: Store, name: str) -> dict[str, int]:
    """Return the files of an environment that wait, by path, each with its bytes.

    Raises:
        StorageError: when the store does not answer.
    """
    where = folder(store, name)

    def ask() -> dict[str, Any]:
        if s3.is_s3(store.files):  # with the sizes, in one request for a thousand files
            store.files.fs.invalidate_cache()
            found: dict[str, Any] = store.files.fs.find(where, detail=True)
            return found
        return {path: store.files.info(path) for path in store.files.find(where)} if store.files.exists(where) else {}

    there = {path: int(about["size"]) for path, about in store.insist(ask).items() if about["type"] == "file"}
    # Some stores keep an empty folder as an object.
    return {path: size for path, size in there.items() if path != where and not path.endswith(_PARTIAL)}


def fetch(store: Store, path: str, target: Path, md5: str) -> bool:
    """Bring a file here, whole or not at all; say whether it was still there.

    Args:
        store: where it is.
        path: its path there.
        target: where it goes; the folder is made.
        md5: what its content must have; an answer that does not is asked for again.

    Raises:
        StorageError: when the store does not answer, or gives something else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}{_PARTIAL}")

    def ask() -> bool | None:
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with half.open("wb") as file, contextlib.closing(_chunks(store, path)) as pieces:
                for piece in pieces:
                    digest.update(piece)
                    file.write(piece)
        except FileNotFoundError:
            return None
        return digest.hexdigest() == md5

    try:
        found = store.insist(ask, lambda answer: answer is not False)
        if found is False:
            raise StorageError(f"{store.name} gives another content of {path} than was sent; look at it, or remove it.")
        if found:
            os.replace(half, target)
        return bool(found)
    finally:
        half.unlink(missing_ok=True)


def remove(store: Store, path: str) -> None:
    """Take a file out of the store; one that is not there is no error.

    Raises:
        StorageError: when the store does not answer.
    """

    def attempt() -> None:
        with contextlib.suppress(FileNotFoundError):
            store.files.remove(path)

    store.insist(attempt)


def _chunks(store: Store, path: str) -> Any:
    if s3.is_s3(store.files):
        yield from s3.chunks(store.files, path)
        return
    with store.files.open(path, "rb") as file:
        yield from objects.chunks(file)
