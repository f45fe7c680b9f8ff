"""What runs within a worker of Dask, of which nothing is known but that Dask is there: a process of ours at its side.

Dask's own process stays as it was started. The one at its side has our code, settings and libraries from its first
moment, no thread but its own, and goes when the code changes, so no version of it meets another. Its memory counts as
the worker's: past the limit of the worker it is ended before the system ends more than that.

This file is loaded from the code that was sent. It imports nothing of ours.
"""

import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

POLL = 0.2  # seconds
PATIENCE = 5.0
"""Seconds that a process which says nothing more has to end by itself."""
FULL = 0.95
"""The share of its memory limit at which a worker is ended, as Dask's nanny has it."""
SIZE = 8
"""As the server has it."""

Answer = bytes | tuple[str, int, int, int]
"""A pickle that the driver reads; or who died, its status, and the MiB that it took and might have taken, 0 if any."""


class _Side:
    """The process beside a worker's thread."""

    def __init__(self, folder: str, name: str, server: str, work: bytes, settings: Mapping[str, str]) -> None:
        self.name = name
        self.peak = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", server, str(os.getpid())], cwd=folder, env=settings, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True, bufsize=0,
        )  # fmt: skip
        self._send(work)

    def ask(self, task: bytes, limit: int, key: Any) -> bytes:
        """Return the answer to a task; nothing if the process died at it, or was ended.

        Args:
            task: what is sent.
            limit: bytes that it may take with this process; 0 if any.
            key: the name that Dask has for the task, which is asked for no more once it is cancelled.
        """
        self.peak = 0
        self._send(task)
        output: Any = self.process.stdout
        while not select.select([output], [], [], POLL)[0]:
            if self._is_full(limit) or _is_cancelled(key):
                self.process.kill()
        answer = self._exactly(int.from_bytes(self._exactly(SIZE)))
        if not answer:
            with suppress(subprocess.TimeoutExpired):  # so that its own status is told
                self.process.wait(PATIENCE)
            self.end()
        return answer

    def end(self) -> None:
        """End it; one that has ended keeps its status."""
        self.process.kill()
        self.process.wait()

    def _is_full(self, limit: int) -> bool:
        import psutil

        with suppress(psutil.Error):
            taken = sum(psutil.Process(pid).memory_info().rss for pid in (os.getpid(), self.process.pid))
            self.peak = max(self.peak, taken)
        return bool(limit) and self.peak > FULL * limit

    def _send(self, content: bytes) -> None:
        pipe: Any = self.process.stdin
        view = memoryview(len(content).to_bytes(SIZE) + content)
        with suppress(OSError):  # it has died, which is seen when its answer is read
            while view:
                view = view[pipe.write(view) :]

    def _exactly(self, size: int) -> bytes:
        output: Any = self.process.stdout
        parts = []
        while size and (part := output.read(size)):
            parts.append(part)
            size -= len(part)
        return b"" if size else b"".join(parts)


_beside: dict[int, _Side] = {}
"""The process beside each thread."""


def perform(
    folder: str, name: str, settings: Mapping[str, str], of_machine: str, server: str, work: bytes, task: bytes
) -> Answer:
    """Have a task done by the process beside this thread, which is started if there is none.

    Args:
        folder: where the code is.
        name: of the code and the work.
        settings: the driver's environment variables.
        of_machine: the pattern of those that are the machine's own.
        server: the program of the process.
        work: its first message.
        task: the next one.
    """
    from distributed import get_worker

    worker, thread = get_worker(), threading.get_ident()
    limit = worker.memory_manager.memory_limit or 0
    own = {key: value for key, value in os.environ.items() if re.fullmatch(of_machine, key)}
    while True:
        side = _beside.pop(thread, None)
        is_new = side is None or side.name != name
        if side is None or side.name != name:
            if side:
                side.end()
            side = _Side(folder, name, server, work, {**own, **settings, "MAINLINE_WORKER": worker.address})
        answer = side.ask(task, limit, worker.get_current_task())
        if answer:
            _beside[thread] = side
            return answer
        if is_new or side.process.returncode:  # else it had nothing to do for a while, and ended as the task came
            return worker.address, side.process.returncode, side.peak >> 20, limit >> 20


def _is_cancelled(key: Any) -> bool:
    """Whether nobody waits for the task any more: the driver was stopped, or is gone."""
    from distributed import get_worker

    task = get_worker().state.tasks.get(key)
    return task is None or task.state == "cancelled"
