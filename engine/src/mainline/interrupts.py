"""Ctrl-C ends a command once: it puts away what it began, and a second Ctrl-C, sent in impatience, changes nothing."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

ENOUGH = 3
"""The Ctrl-C that ends a command at once, such as one whose store does not let go of it."""
AGAIN = 0.1
"""Seconds until one that came at a bad moment, or that a library swallowed, is tried again."""
_IMPORTING = "<frozen importlib"
_DEBUGGERS = ("bdb", "pdb")
"""Modules of which one is on the stack while a debugger waits for a person, also below others such as ipdb."""
before_the_end: list[Callable[[], None]] = []
"""Actions before a command ends at once, such as ending the programs that it runs."""
_count = 0
_allowed = False


def catch() -> None:
    """Take Ctrl-C from Python, which lets each one raise anywhere: in imports, in what ends a command, at the exit.

    Where it is ignored, as in the background of a script, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGALRM, _try)


def allow() -> None:
    """Let Ctrl-C end what runs from here on.

    Raises:
        KeyboardInterrupt: if it came before.
    """
    global _allowed
    _allowed = True
    check()


def check() -> None:
    """End what runs if there was one that a library has made a status of.

    Raises:
        KeyboardInterrupt: if so.
    """
    if came():
        raise KeyboardInterrupt


def came() -> bool:
    """Whether there was one; an error that follows may come of it."""
    return _count > 0


def end() -> None:
    """Let no other one do anything: the command is at its end."""
    global _allowed
    _allowed = False
    signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _count
    if _is_debugged(frame):  # it clears the line that is typed there, and nothing else
        raise KeyboardInterrupt
    _count += 1
    if _count == ENOUGH:
        for act in before_the_end:
            act()
        os.write(2, b"mainline: ended at once; run the command again to go on.\n")
        os._exit(128 + signal.SIGINT)
    _try(number, frame)


def _try(_number: int, frame: FrameType | None) -> None:
    """Raise, unless what an earlier one raised ends the command by now; later if libraries are being loaded."""
    if not _allowed or _is_ending(sys.exc_info()[1]) or _is_debugged(frame):
        return
    owner = signal.getsignal(signal.SIGINT)
    if owner not in (_interrupt, signal.SIG_IGN):  # a server has its own way to end by now
        signal.raise_signal(signal.SIGINT)
        return
    signal.setitimer(signal.ITIMER_REAL, AGAIN)
    if owner is _interrupt and not _is_importing(frame):
        raise KeyboardInterrupt


def _is_ending(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being loaded: compiled ones crash if they are stopped in the middle."""
    while frame is not None and not frame.f_code.co_filename.startswith(_IMPORTING):
        frame = frame.f_back
    return frame is not None


def _is_debugged(frame: FrameType | None) -> bool:
    """Whether a person is asked by a debugger."""
    while frame is not None and frame.f_globals.get("__name__") not in _DEBUGGERS:
        frame = frame.f_back
    return frame is not None
