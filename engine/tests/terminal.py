"""A terminal for what people do at one: a program that waits for keys, and gets Ctrl-C from the terminal itself."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path

import psutil

from tests.project import LIMIT

CTRL_C = "\x03"
LOOKS = 5
"""A program that rests at so many looks in a row waits for keys, and not for a lock of its own threads."""
RESTING = (psutil.STATUS_SLEEPING, psutil.STATUS_ZOMBIE)
_TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the program's own, so that Ctrl-C reaches all that it starts."""


def converse(
    command: Sequence[str], keys: Sequence[tuple[str, str]], folder: Path, environment: Mapping[str, str]
) -> tuple[str, int]:
    """Run a program on a terminal of its own; return what is seen there, and its status.

    Args:
        command: the program and its arguments.
        keys: each text that is waited for, with what is typed when it comes.
        folder: where it runs.
        environment: its variables.
    """
    ours, its = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _TAKE, *command], cwd=folder, env={**environment, "TERM": "dumb"}, stdin=its, stdout=its,
        stderr=its, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(its)
        try:
            seen = _talk(ours, keys)
            return seen.replace("\r", ""), process.wait(LIMIT)
        finally:
            process.kill()
            os.close(ours)


def _talk(terminal: int, keys: Sequence[tuple[str, str]]) -> str:
    """Type each answer when its text was seen after the one before; return all that was seen until the end."""
    waiting, seen, place, started = list(keys), "", 0, time.monotonic()
    while time.monotonic() - started < LIMIT:
        if wait([terminal], 0.1):
            read = b""
            with contextlib.suppress(OSError):  # the last program that had the terminal is gone
                read = os.read(terminal, 1 << 16)
            if not read:
                break
            seen += read.decode(errors="replace")
        if waiting and waiting[0][0] in seen[place:]:
            awaited, typed = waiting.pop(0)
            place = seen.index(awaited, place) + len(awaited)
            _wait_until_it_reads(terminal, started)
            os.write(terminal, typed.encode())
    assert not waiting, f"never seen: {waiting[0][0]!r} in\n{seen[-3000:]}"
    return seen


def _wait_until_it_reads(terminal: int, started: float) -> None:
    """Wait until all programs in front rest: Ctrl-C between a prompt and the wait for keys is kept until the next key.

    Python's readline writes the prompt first and waits for keys then; a signal between the two wakes nothing.
    """
    looks = 0
    while looks < LOOKS and time.monotonic() - started < LIMIT:
        looks = looks + 1 if all(status in RESTING for status in _in_front(terminal)) else 0
        time.sleep(0.01)


def _in_front(terminal: int) -> Iterator[str]:
    """Yield what each process does that Ctrl-C at the terminal reaches."""
    group = os.tcgetpgrp(terminal)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group:
                yield process.status()
