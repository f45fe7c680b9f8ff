"""The tokens of API keys in memory that all workers share: a key's throttle holds for the server as a whole.

Two workers that take a token of one key in the same microsecond may take one for two; no lock is waited for.
"""

import fcntl
import mmap
import os
import struct
import tempfile
from time import monotonic

from mainline.serving.logs import warn

PLACES = 2**14
"""Keys that have a place, also those that were revoked since the server began."""
_ENTRY = struct.Struct("Qdd")
"""The key's id, its tokens, and as of when."""


def make() -> int:
    """Return the descriptor of new memory; it is gone with the last process that holds it."""
    size = PLACES * _ENTRY.size
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("mainline-throttle")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    os.set_inheritable(descriptor, True)
    return descriptor


class Cells:
    """The shared memory as one worker sees it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, PLACES * _ENTRY.size)
        self._numbers = memoryview(self._memory).cast("d")
        self._ids = memoryview(self._memory).cast("Q")

    def cell(self, identity: str, burst: int) -> "memoryview[float] | list[float]":
        """Return the tokens of a key and the moment they are of; a key that has none yet has its burst."""
        wanted = int(identity, 16) + 1
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)  # of this process, not of the file as it was opened
        try:
            for step in range(PLACES):
                place = (wanted + step) % PLACES * 3
                if self._ids[place] == 0:
                    self._numbers[place + 1], self._numbers[place + 2] = float(burst), monotonic()
                    self._ids[place] = wanted
                if self._ids[place] == wanted:
                    return self._numbers[place + 1 : place + 3]
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        warn("no place is left for a key's throttle, so each worker counts alone; restart the server", key=identity)
        return [float(burst), monotonic()]
