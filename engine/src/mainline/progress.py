"""Progress of a stage, for people: a line per step, a ticking clock if a step is long."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import count
from typing import TypeVar

from mainline import display

REFRESH = 0.5  # seconds
CLEAR = "\r\033[K"
"""Goes back to where the line begins, and empties it (ECMA-48)."""

Item = TypeVar("Item")


def say(text: str) -> None:
    """Print one line."""
    print(f"  {text}", flush=True)


def each(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items; on a terminal count them in place, elsewhere stay silent until `say`."""
    with counted(len(items), what) as show:
        for item in items:
            show(item)
            yield item


@contextmanager
def counted(total: int, what: str) -> Iterator[Callable[[object], None]]:
    """Offer a function that counts so many items, on a terminal in place, each when it is begun; elsewhere silent."""
    numbers = count(1)

    def show(item: object) -> None:
        number = next(numbers)
        if display.is_redrawn():
            _redraw(f"{what} {number}/{total}: {_told(item)}")

    yield show
    if display.is_redrawn():
        _clear()


@contextmanager
def aside() -> Iterator[None]:
    """Let what runs here say how far it is on standard error, where standard output is for what was asked for."""
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def clock(what: str) -> Iterator[None]:
    """Show how long a single long step has been going on, on a terminal in place."""
    started, stopped = time.monotonic(), threading.Event()

    def tick() -> None:
        while not stopped.wait(REFRESH):
            _redraw(what, f" ... {time.monotonic() - started:.0f} s")

    ticking = threading.Thread(target=tick, daemon=True)
    if display.is_redrawn():
        ticking.start()
    else:
        say(f"{what} ...")
    try:
        yield
    finally:
        stopped.set()
        if ticking.is_alive():
            ticking.join()
            _clear()


def _redraw(text: str, end: str = "") -> None:
    """Write a line over the one before; it is cut to the terminal, which could not take back a second line."""
    room = display.columns() - len(end) - 3  # the indent, and a last column in which no terminal breaks the line
    print(f"{CLEAR}  {text[: max(room, 0)]}{end}", end="", flush=True)


def _clear() -> None:
    print(CLEAR, end="", flush=True)


def _told(item: object) -> str:
    """Name an item, such as a batch by its table and its period."""
    return " ".join(map(str, item)).strip() if isinstance(item, tuple) else str(item)
