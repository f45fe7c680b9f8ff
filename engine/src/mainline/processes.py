"""Programs that this one runs: each has a limit, and none outlives the process that started it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from mainline import interrupts
from mainline.errors import MainlineError

_GRACE = 2.0
"""Seconds that a program has to end by itself."""
_running: dict[subprocess.Popen[Any], bool] = {}
"""The programs that run, each with whether it has a group of its own."""
_closed = False


class SecondsError(MainlineError):
    """A variable that names a limit holds something else."""


def seconds(variable: str, usual: float) -> float:
    """Return the limit that a variable names, and the usual one where it names none.

    Raises:
        SecondsError: when it holds something else than a number of seconds.
    """
    named = os.environ.get(variable, "")
    if not named:
        return usual
    if not named.isdecimal() or not int(named):
        raise SecondsError(f"{variable} is '{named}'; it is a number of seconds, such as 900.")
    return float(named)


def run(
    command: Sequence[str], limit: float | None, given: Any = None, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end and return its status and what it prints.

    If a person sits at a terminal, the program stays in the group of this process, so that it may ask there (as ssh
    does) and Ctrl-C reaches it. Otherwise it has a group of its own, which is ended with all that it started.

    Args:
        command: the program and its arguments.
        limit: seconds after which it is ended; None for work that takes as long as a person's own code does.
        given: what it reads from its standard input; None if nothing.
        options: of `subprocess.Popen`; `stdout` and `stderr` are returned if they are not told to go elsewhere.

    Raises:
        TimeoutExpired: if it was ended, at its limit or by `close`.
        OSError: if there is no such program.
    """
    alone = not (sys.stdin and sys.stdin.isatty())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    asked = subprocess.DEVNULL if given is None else subprocess.PIPE
    process = subprocess.Popen(command, stdin=asked, start_new_session=alone, **pipes)
    with process, _held(process, alone):
        if _closed:
            raise subprocess.TimeoutExpired(command, 0)
        output, errors = process.communicate(given, limit)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def show(command: Sequence[str], **options: Any) -> int:
    """Run a program that prints where this one prints, and return its status.

    Through a pipe its lines are passed on, so a reader that leaves ends the program, which never learns why.

    Args:
        command: the program and its arguments.
        options: of `subprocess.Popen`.

    Raises:
        ReaderLeft: when nobody reads any more.
        OSError: if there is no such program.
    """
    if sys.stdout is None or sys.stdout.isatty():
        return run(command, None, stdout=None, stderr=None, **options).returncode
    alone = not (sys.stdin and sys.stdin.isatty())
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=alone, text=True,
        errors="replace", **options,
    )  # fmt: skip
    with process, _held(process, alone):
        for line in process.stdout or ():
            print(line, end="", flush=True)
        return process.wait()


@contextlib.contextmanager
def _held(process: subprocess.Popen[Any], alone: bool) -> Iterator[None]:
    """Keep a program among those that run while this one waits for it, and end it if the wait ends otherwise."""
    _running[process] = alone
    try:
        yield
    except BaseException:
        _end(process, alone)
        raise
    finally:
        _running.pop(process, None)


def close() -> None:
    """End every program that runs, also those that other threads wait for; those started later end at once."""
    global _closed
    _closed = True
    for process, alone in list(_running.items()):
        _end(process, alone)


def kill() -> None:
    """Kill every program that runs, and wait for none."""
    for process, alone in list(_running.items()):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if alone else process.kill()


def _end(process: subprocess.Popen[Any], alone: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number) if alone else process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


interrupts.before_the_end.append(kill)
