"""What a command prints, as its reader takes it: a terminal's colours and width, a plain pipe, a reader that leaves."""

import io
import os
import select
import shutil
import signal
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

STATUS = 128 + signal.SIGPIPE
"""The status of a program that nobody reads any more, as a shell knows it."""

ENDLESS = 100_000
"""Columns where nothing is broken into lines: what comes next takes a line as one thing."""

PAGE = 100
"""Columns of text that are read with ease; a terminal may be wider, text is not."""


class ReaderLeft(SystemExit):
    """Nobody reads any more what is printed, so the process ends; nothing that handles errors takes it for one."""

    def __init__(self) -> None:
        super().__init__(STATUS)


def is_coloured() -> bool:
    """Whether colours are shown: at a terminal that has them, unless NO_COLOR says no or FORCE_COLOR yes.

    The conventions of no-color.org and force-color.org: a variable that is empty says nothing, and no is stronger.
    """
    return not os.environ.get("NO_COLOR") and (bool(os.environ.get("FORCE_COLOR")) or is_redrawn())


def is_redrawn() -> bool:
    """Whether what was printed can be printed over: at a terminal that is not TERM=dumb, such as an editor's."""
    return is_terminal() and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """Return how many columns a line may have: what COLUMNS says, else the terminal's; through a pipe no line ends."""
    asked = os.environ.get("COLUMNS", "")
    if is_terminal() or (asked.isdecimal() and int(asked)):
        return max(shutil.get_terminal_size((PAGE, 24)).columns, 20)
    return ENDLESS


def page() -> int:
    """Return the columns of a page of text: at a terminal `PAGE` at most; through a pipe no line ends."""
    found = columns()
    return found if found == ENDLESS else min(found, PAGE)


def fold(text: str) -> str:
    """Break lines that the terminal would break anyhow, but at a blank, and the rest further in than the line."""
    width = columns()
    return "\n".join(line if len(line) <= width else _folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def check_reader() -> None:
    """Find out whether somebody still reads, without a write.

    Raises:
        ReaderLeft: if standard output is a pipe whose other end is closed.
    """
    if sys.stdout is None or is_terminal():
        return
    poll = select.poll()
    poll.register(1, 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise ReaderLeft


def is_terminal() -> bool:
    """Whether a person reads; Python has no standard output at all where it was closed, as by `>&-`."""
    return sys.stdout is not None and sys.stdout.isatty()


class _Pipe(io.FileIO):
    """Standard output; the first write without a reader ends the process, and later ones go nowhere."""

    def write(self, content: Any, /) -> int:
        """Write as `FileIO` does.

        Raises:
            ReaderLeft: when nobody reads.
        """
        try:
            return super().write(content) or 0
        except BrokenPipeError:
            self._leave()

    def _leave(self) -> NoReturn:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        raise ReaderLeft


@contextmanager
def watched() -> Iterator[None]:
    """End what runs here in silence when the reader of its output goes away, as `| head` does.

    Python raises BrokenPipeError, which libraries report as failures of their own work.

    Raises:
        ReaderLeft: from whatever writes to the reader that went away.
    """
    before = sys.stdout
    if before is not None and not before.isatty():
        pipe = io.BufferedWriter(_Pipe(before.fileno(), "w", closefd=False))
        by_line = bool(getattr(before, "write_through", False))  # as PYTHONUNBUFFERED asks for
        sys.stdout = io.TextIOWrapper(pipe, encoding=before.encoding, errors=before.errors, line_buffering=by_line)
    try:
        yield
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()  # what waits for the interpreter's end has nobody to report to
