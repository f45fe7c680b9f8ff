"""One run of a command at a time: a lock that ends with its process, however that ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mainline.errors import MainlineError


@contextmanager
def alone(lock: Path, command: str) -> Iterator[None]:
    """Keep other runs of a command out while the block lasts.

    Args:
        lock: a file in a folder that is there.
        command: as it is typed.

    Raises:
        MainlineError: when another one runs.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MainlineError(f"another `{command}` runs here. Wait for it, or end it.") from error
        yield
