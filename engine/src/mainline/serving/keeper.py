"""The process between server and follower: it has the credentials, and starts the follower again when that ends.

The server has none, since code of packages runs there. So it cannot start a follower itself.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from mainline import backoff, children
from mainline.serving import logs
from mainline.serving.logs import say, warn

SHORTEST, LONGEST = 1.0, 60.0
_SOUND = 60.0
"""A follower that ran for so many seconds was well when it ended."""


class Keeper:
    """A follower that holds the other end of a pipe: without its keeper it ends by itself."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Keep what the command `follow` does with these arguments."""
        self._command = children.command("mainline", "follow", *arguments, "--attached")
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, name="keeper", daemon=True)

    def start(self) -> None:
        """Start it, and again whenever it ends, waiting longer each time."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        with self._starting:
            self._ended.set()
            process = self._process
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        self._thread.join(10)
        if process.poll() is None:
            process.kill()
            process.wait()

    def _keep_running(self) -> None:
        failures = 0
        while not self._ended.is_set():
            started = time.monotonic()
            process = self._begin()
            if process is None:
                return
            code = process.wait()
            if self._ended.is_set():
                return
            failures = 1 if time.monotonic() - started > _SOUND else failures + 1
            wait = backoff.wait(failures, SHORTEST, LONGEST)
            warn("the follower ended; what serves stays", code=code, again_in_seconds=wait)
            self._ended.wait(wait)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        """Start it; None if it was to end in the meantime."""
        with self._starting:
            if self._ended.is_set():
                return None
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=children.environment()
            )
        say("follower started", pid=self._process.pid)
        return self._process


def main(arguments: Sequence[str]) -> None:
    """Keep a follower from the first byte on standard input until that is closed, as it is when the server is gone."""
    logs.set_up()
    if not os.read(sys.stdin.fileno(), 1):
        return
    keeper = Keeper(arguments)
    keeper.start()
    while os.read(sys.stdin.fileno(), 1):
        pass
    keeper.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
