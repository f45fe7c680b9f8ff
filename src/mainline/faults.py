"""Failures that nobody raised on purpose and that are expected all the same: each becomes one line."""

import traceback
from pathlib import Path

from mainline.errors import MainlineError, OutOfMemoryError, UseCaseError

TRACEBACK = "MAINLINE_TRACEBACK"
"""The variable that asks for the traceback of an expected failure; `mainline --traceback` sets it."""

USE_CASE = ("src", "usecase")


def explain(error: Exception) -> MainlineError | None:
    """Return an expected failure as an error of one line, or None for a bug, which keeps its traceback.

    Expected are too little memory, code of the use case that fails, and a file that cannot be read or written.
    """
    if isinstance(error, MainlineError):
        return error
    if isinstance(error, MemoryError):
        return OutOfMemoryError(str(error))
    said = _of_use_case(error)
    if said:
        return UseCaseError(said)
    if isinstance(error, ConnectionError | TimeoutError):
        return MainlineError(f"{error}. Is it there, and may it be asked?")
    return MainlineError(f"{error}. Is the disk full, or a file not readable?") if isinstance(error, OSError) else None


def _of_use_case(error: Exception) -> str:
    """Say what is wrong with the use case: a name that it does not offer, or a line of it that fails; '' if nothing."""
    module = _module(error)
    if module.partition(".")[0] == "usecase":
        lack = f"offers no '{error.name}'" if isinstance(error, AttributeError) else f"cannot be imported: {error}"
        return f"src/{module.replace('.', '/')}.py {lack}; src/mainline/contract.py lists what it must offer."
    place = _place(error)
    reason = " ".join(str(error).split())[:300]
    return place and (
        f"{place}: {type(error).__name__}{f': {reason}' if reason else ''}. Correct it, or what it reads; "
        "`python -m mainline --traceback repro` shows the whole way there."
    )


def _module(error: Exception) -> str:
    """Name the module that lacks a name or is lacking itself; '' for any other error."""
    if isinstance(error, AttributeError):
        return str(getattr(error.obj, "__name__", ""))
    return str(error.name or "") if isinstance(error, ImportError) else ""


def _place(error: Exception) -> str:
    """Name the file and line of the use case that an error comes from; '' where it comes from elsewhere."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno))
    own = [(Path(name), line) for name, line in places if Path(name).parts[-3:-1] == USE_CASE]
    return f"{'/'.join(USE_CASE)}/{own[-1][0].name}, line {own[-1][1]}" if own else ""
