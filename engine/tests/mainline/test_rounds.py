"""A process that looks in one thread and drives in another."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from mainline import processes
from mainline.rounds import Rounds
from tests.project import LIMIT

FOREVER = 1e6
"""Seconds until the next look, if nothing wakes it."""


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what signals did before, and end no program of other tests."""
    monkeypatch.setattr(processes, "close", lambda: None)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def limited(drive: Callable[[], None]) -> Callable[[], None]:
    """Return a drive that fails if it is driven for too long: rounds that nothing ends are seen, and not waited for."""
    last = monotonic() + LIMIT

    def driven() -> None:
        assert monotonic() < last, "the rounds go on though they were told to end"
        drive()

    return driven


def send(number: signal.Signals, when: Callable[[], bool]) -> Callable[[], None]:
    """Return a drive that sends this process a signal, once something is so."""
    sent: list[signal.Signals] = []

    def drive() -> None:
        if when() and not sent:
            sent.append(number)
            os.kill(os.getpid(), number)

    return limited(drive)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(number: signal.Signals) -> None:
    """What begins is done first, and what is put away last, though the next look is far."""
    done: list[str] = []

    def look() -> float:
        done.append("look")
        return FOREVER

    rounds = Rounds(look, send(number, lambda: "look" in done))
    rounds.run(begin=lambda: done.append("begin"), end=lambda: done.append("end"))
    assert done == ["begin", "look", "end"]


def test_it_looks_at_once_when_it_is_woken() -> None:
    """SIGHUP ends the wait for the next look."""
    looks: list[float] = []

    def look() -> float:
        looks.append(FOREVER)
        if len(looks) == 2:
            rounds.stopped.set()
        return FOREVER

    rounds = Rounds(look, send(signal.SIGHUP, lambda: len(looks) == 1))
    rounds.run()
    assert len(looks) == 2


def test_a_look_that_waits_holds_up_nothing() -> None:
    """It is driven on meanwhile."""
    begun, held, driven = threading.Event(), threading.Event(), list[bool]()

    def look() -> float:
        begun.set()
        assert held.wait(LIMIT)
        return FOREVER

    def drive() -> None:
        driven.append(begun.is_set())
        if driven.count(True) == 3:
            held.set()
            rounds.stopped.set()

    rounds = Rounds(look, limited(drive))
    rounds.run()
    assert driven.count(True) == 3
