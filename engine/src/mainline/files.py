"""Files that are there whole or not at all, whenever the process is killed."""

import os
from pathlib import Path


def replace(path: Path, content: str | bytes, mode: int | None = None, durable: bool = False) -> None:
    """Write a file under another name beside it, and rename it into place.

    Args:
        path: the file; its folder is made where it is missing.
        content: text is written as UTF-8.
        mode: the permissions it has from the first moment on; the usual ones where it is None.
        durable: bring it to the disk before the rename, so that it also survives a loss of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    partial.replace(path)
