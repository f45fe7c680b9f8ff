"""The follower beside the server: its keeper has the credentials, and the server gives them up before it loads code."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from mainline import children
from mainline.serving.logs import warn

KEPT = "MAINLINE_KEEPER"
"""Where the program, started again without secrets, finds its keeper: process id, and descriptor of the pipe to it."""
_LIMIT = 15.0
"""Seconds that a keeper has to end the follower and itself."""


class Sidecar:
    """What the server holds of the follower: its keeper, which ends by itself when the pipe is closed."""

    def __init__(self, keeper: int, pipe: int) -> None:
        self._keeper, self._pipe = keeper, pipe
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sidecar", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Let the keeper start the follower, and again whenever that ends."""
        with suppress(BrokenPipeError):  # it is gone, and was said to be
            os.write(self._pipe, b"\n")

    def stop(self) -> None:
        """End follower and keeper."""
        self._ended.set()
        os.close(self._pipe)
        self._thread.join(_LIMIT)
        if self._thread.is_alive():
            os.kill(self._keeper, signal.SIGKILL)
            self._thread.join()

    def _watch(self) -> None:
        _, status = os.waitpid(self._keeper, 0)
        if not self._ended.is_set():
            code = os.waitstatus_to_exitcode(status)
            warn("the follower's keeper ended; what serves stays, and git is followed after a restart", code=code)


def beside(url: str, environment: str, folder: Path) -> Sidecar:
    """Return the sidecar of a process that has no secret in its environment.

    A process that may have some hands them to the keeper. Then it starts its own program again in its place: what is
    only deleted from `os.environ` can still be read in `/proc`.
    """
    found = os.environ.pop(KEPT, None)
    if found is None:
        _begin_again(url, environment, folder)
    keeper, pipe = map(int, found.split(":"))
    os.set_inheritable(pipe, False)
    return Sidecar(keeper, pipe)


def _begin_again(url: str, environment: str, folder: Path) -> NoReturn:
    asked = children.command("mainline.serving.keeper", url, "--environment", environment, "--state", str(folder))
    # A group of its own: Ctrl-C is for the server, which ends it by its input, also while its Python starts.
    keeper = subprocess.Popen(
        asked, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=children.environment(), process_group=0
    )
    assert keeper.stdin is not None
    pipe = keeper.stdin.fileno()
    os.set_inheritable(pipe, True)
    again = [sys.executable, *sys.orig_argv[1:]]
    os.execve(sys.executable, again, children.without_secrets() | {KEPT: f"{keeper.pid}:{pipe}"})  # noqa: S606 - itself
