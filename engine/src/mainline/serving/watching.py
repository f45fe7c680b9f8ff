"""Files that are read again when they change; one that cannot be read leaves what was read before in use."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mainline import backoff
from mainline.serving.logs import say, warn

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds after which what could not be read is tried again: what it names may be there by then."""
Signature = tuple[int, int, int] | None


class Watched:
    """A file with what to do when another one stands in its place."""

    def __init__(self, path: Path, changed: Callable[[Path], None]) -> None:
        """Begin after what is there now."""
        self.path = path
        self._changed = changed
        self._seen = signature(path)
        self.tries = 0
        """How often in a row the file as it is could not be read."""
        self._again = float("inf")

    def poll(self) -> bool:
        """Call `changed` where the file is another one than at the last call; say whether it was.

        Raises:
            Exception: what `changed` raises; after a while, longer each time, it is called again.
        """
        now = signature(self.path)
        if now != self._seen:
            self.tries = 0
        elif time.monotonic() < self._again:
            return False
        self._seen = now
        self.read()
        return True

    def read(self) -> None:
        """Call `changed` whatever the file is.

        Raises:
            Exception: as `poll`.
        """
        self._again = float("inf")
        try:
            self._changed(self.path)
        except Exception:
            self._again = time.monotonic() + backoff.wait(self.tries + 1, SHORTEST, LONGEST)
            self.tries += 1
            raise


class Watches:
    """Watched files by name; what one of them lacks costs the others nothing."""

    def __init__(self, failures: Counter[str]) -> None:
        """Count under its name how often a file could not be read."""
        self._failures = failures
        self._watched: dict[str, Watched] = {}

    def add(self, name: str, path: Path, changed: Callable[[Path], None]) -> Watched:
        """Call `changed` from now on whenever another file stands at a path."""
        self._watched[name] = watched = Watched(path, changed)
        return watched

    def poll(self) -> None:
        """Read again what changed; what cannot be read is reported once and leaves the former in use."""
        for name, watched in self._watched.items():
            try:
                if watched.poll():
                    say(f"{name} read again", file=watched.path)
            except Exception as error:  # whatever is in a file, the last good state serves
                self.report(name, error, said=watched.tries > 1)

    def report(self, name: str, error: Exception, said: bool = False) -> None:
        """Count something that could not be read, and say so unless it was said."""
        self._failures[name] += 1
        if not said:
            warn(f"{name} not read; what was read before stays in use", error=str(error))


def signature(path: Path) -> Signature:
    """Tell one state of a file from another without reading it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
