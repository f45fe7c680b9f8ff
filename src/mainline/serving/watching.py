"""Files that are read again when they change; one that cannot be read leaves what was read before in use."""

from collections.abc import Callable
from pathlib import Path

Signature = tuple[int, int, int] | None


class Watched:
    """A file with what to do when another one stands in its place."""

    def __init__(self, path: Path, changed: Callable[[Path], None]) -> None:
        """Begin after what is there now."""
        self.path = path
        self._changed = changed
        self._seen = signature(path)

    def poll(self) -> bool:
        """Call `changed` where the file is another one than at the last call; say whether it was.

        Raises:
            Exception: what `changed` raises; the same file is not tried again.
        """
        now = signature(self.path)
        if now == self._seen:
            return False
        self._seen = now
        self._changed(self.path)
        return True


def signature(path: Path) -> Signature:
    """Tell one state of a file from another without reading it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
