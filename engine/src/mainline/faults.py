"""Failures that nobody raised on purpose and that are expected all the same: each becomes one line."""

import errno
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError, OutOfMemoryError, UseCaseError
from mainline.text import count

TRACEBACK = "MAINLINE_TRACEBACK"
"""The variable that asks for the traceback of an expected failure; `mainline --traceback` sets it."""

COMMAND = "MAINLINE_COMMAND"
"""The variable that holds the command which a person typed, with its arguments, for the processes that it starts."""

USE_CASE = ("src", "usecase")

_LONGEST = 300
_ADVICE = " You might want to try:"
"""What pandas says after a date that it cannot read: several lines about arguments of its own."""

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def explain(error: Exception) -> MainlineError | None:
    """Return an expected failure as an error of one line, or None for a bug, which keeps its traceback.

    Expected are too little memory, code of the use case that fails, a program that does not end, and a file that cannot
    be read or written.
    """
    if isinstance(error, MainlineError):
        return error
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return OutOfMemoryError(str(error))
    said = _of_use_case(error)
    if said:
        return UseCaseError(said)
    if isinstance(error, subprocess.TimeoutExpired):
        command = [error.cmd] if isinstance(error.cmd, str) else error.cmd
        words = " ".join([Path(command[0]).name, *command[1:4]])
        return MainlineError(f"`{words}` did not end within {error.timeout:g} s and was ended. Try again.")
    if isinstance(error, ConnectionError | TimeoutError):
        return MainlineError(f"{error}. Is it there, and may it be asked?")
    if not isinstance(error, OSError):
        return None
    is_of_file = error.filename is not None or error.errno in _DISK
    return MainlineError(f"{error}.{' Is the disk full, or a file not readable?' if is_of_file else ''}")


def ended(error: SystemExit) -> UseCaseError:
    """Return the failure of code that ended the process, with its file and line if that is code of the use case."""
    place = _place(error)
    return UseCaseError(
        f"{f'{place}: ' if place else ''}the code ended the process by itself (SystemExit: {error.code}); raise an "
        "error."
    )


def _of_use_case(error: Exception) -> str:
    """Say what is wrong with the use case: a name that it does not offer, or a line of it that fails; '' if nothing."""
    module = _module(error)
    if module.partition(".")[0] == "usecase":
        lack = f"offers no '{error.name}'" if isinstance(error, AttributeError) else f"cannot be imported: {error}"
        return f"{_file(module)} {lack}; engine/src/mainline/contract.py lists what it must offer."
    failed = _place(error)
    reason = _cut(" ".join(str(error).partition(_ADVICE)[0].split()).rstrip("."))
    noted = "".join(f" ({note})" for note in [*_columns(error), *getattr(error, "__notes__", ())])
    return failed and (
        f"{failed}: {type(error).__name__}{f': {reason}' if reason else ''}{noted}. Correct it, or what it reads; "
        f"`{_again()}` shows its traceback."
    )


def _columns(error: Exception) -> list[str]:
    """Name the columns of the table of pandas in which a key was looked up in vain, if it was in one."""
    if not isinstance(error, KeyError):
        return []
    looking: list[Any] = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
    columns = [table.columns for table in looking if type(table).__name__ == "DataFrame"]
    if not columns:
        return []
    names = ", ".join(map(repr, columns[-1]))
    return [f"the table has {count(len(columns[-1]), 'column')}: {_cut(names)}"]


def _cut(text: str) -> str:
    """Shorten what is too long for a line, and show it."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"


def _again() -> str:
    """Return what is typed to see the traceback."""
    return f"./mainline --traceback {_typed()}"


def _typed() -> str:
    """Name the command that shows the failure again; a stage by itself, as `dvc repro` runs it, is one of `repro`."""
    command = os.environ.get(COMMAND, "stage")
    return "repro" if command.split(maxsplit=1)[:1] == ["stage"] else command


def _module(error: Exception) -> str:
    """Name the module that lacks a name, or that is missing itself; '' for any other error."""
    if isinstance(error, AttributeError):
        return str(getattr(error.obj, "__name__", ""))
    return str(error.name or "") if isinstance(error, ImportError) else ""


def _file(module: str) -> str:
    """Name the file of a module, or the folder of a package."""
    is_package = hasattr(sys.modules.get(module), "__path__")
    return f"src/{module.replace('.', '/')}{'' if is_package else '.py'}"


def _place(error: BaseException) -> str:
    """Name the file and line of the use case that an error comes from; '' if it comes from elsewhere."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno))
    own = [said for said in (place(*each) for each in places) if said]
    return own[-1] if own else ""


def place(file: str, line: int | None) -> str:
    """Name a line of the use case for people; '' for a line of any other file."""
    own = _own(file)
    return own and f"{own}, line {line}"


def _own(name: str) -> str:
    """Name a file of the use case from the root of the repository; '' for any other file."""
    parts = Path(name).parts
    start = max((place for place in range(len(parts) - 2) if parts[place : place + 2] == USE_CASE), default=-1)
    return "/".join(parts[start:]) if start >= 0 else ""
