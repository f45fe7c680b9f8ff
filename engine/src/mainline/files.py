"""Files that are there whole or not at all, whenever the process is killed."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DESCRIPTOR = re.compile(r"/proc/self/fd/(\d+)")


def replace(path: Path, content: str | bytes, mode: int | None = None, durable: bool = False) -> None:
    """Write a file under another name beside it, and rename it into place.

    Args:
        path: the file; its folder is made where it is missing. A device or a pipe is written to, never renamed over.
        content: text is written as UTF-8.
        mode: the permissions it has from the first moment on; the usual ones where it is None.
        durable: bring it to the disk before the rename, so that it also survives a loss of power.
    """
    with replacing(path) as target:
        descriptor = _shared(path)
        if descriptor is None:
            created = 0 if target == path else os.O_CREAT | os.O_EXCL
            descriptor = os.open(target, os.O_WRONLY | created, 0o666 if mode is None else mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name beside a file to write to, and rename what was written into place; after an error, remove it.

    Args:
        path: as in `replace`. If it is a device or a pipe, the name is its own.
    """
    if _is_stream(path):
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)  # of one who was killed
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _shared(path: Path) -> int | None:
    """Open the descriptor that a path such as `/dev/stdout` links to; None if it links to none of this process.

    It goes on where the process writes. Opened by its name, a file that output is sent to would be written from its
    beginning, over what it holds.
    """
    linked = _DESCRIPTOR.fullmatch(os.readlink(path)) if path.is_symlink() else None
    return os.dup(int(linked[1])) if linked else None


def _is_stream(path: Path) -> bool:
    """Say whether a path leads to what is no file of its folder: `/dev/stdout`, `/dev/null`, a pipe, a directory."""
    if path.is_symlink() and os.readlink(path).startswith("/proc/"):  # /dev/stdout, wherever it is sent to
        return True
    return path.exists() and not path.is_file()
