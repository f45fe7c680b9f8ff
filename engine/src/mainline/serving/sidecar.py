"""The follower as a process beside the server: started with it, started again when it ends, ended with it."""

import subprocess
import threading
import time
from pathlib import Path

from mainline import backoff, children
from mainline.serving.logs import say, warn

SHORTEST, LONGEST = 1.0, 60.0
_SOUND = 60.0
"""A follower that ran for so many seconds was well when it ended."""


class Sidecar:
    """A follower that holds the other end of a pipe: without the server it ends by itself."""

    def __init__(self, url: str, environment: str, folder: Path) -> None:
        self._command = children.command(
            "mainline", "follow", url, "--environment", environment, "--state", str(folder), "--attached"
        )
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, name="sidecar", daemon=True)

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
            # A group of its own: Ctrl-C is for the server, which ends it by its input, also while its Python starts.
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=children.environment(),
                process_group=0,
            )  # fmt: skip
        say("follower started", pid=self._process.pid)
        return self._process
