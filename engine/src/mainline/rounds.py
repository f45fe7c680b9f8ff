"""A process of two threads: one looks, and may wait for a network; the other drives what was found, and never does."""

import signal
import threading
from collections.abc import Callable

from mainline import processes

TICK_SECONDS = 0.2
ENDING = 5.0
"""Seconds that a look has to put away what it began, once the programs that it waits for were ended."""


class Rounds:
    """Looks and drives until the process is told to stop."""

    def __init__(self, look: Callable[[], float], drive: Callable[[], None]) -> None:
        """Nothing runs yet.

        Args:
            look: looks once, and returns the seconds until the next look, unless it is woken.
            drive: does what is to be done by the last look, some times a second.
        """
        self._look, self._drive = look, drive
        self.woken, self.stopped = threading.Event(), threading.Event()

    def run(self, begin: Callable[[], None] = lambda: None, end: Callable[[], None] = lambda: None) -> None:
        """Go on until SIGTERM or SIGINT; SIGHUP makes it look at once.

        Args:
            begin: is done before the first look, when signals end nothing any more.
            end: puts away what was driven.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopped.set())
        signal.signal(signal.SIGHUP, lambda *_: self.woken.set())
        begin()
        looking = threading.Thread(target=self._keep_looking, name="look", daemon=True)
        looking.start()
        try:
            while not self.stopped.is_set():
                self._drive()
                self.stopped.wait(TICK_SECONDS)
        finally:
            self.stopped.set()
            self.woken.set()
            processes.close()
            end()
            looking.join(ENDING)

    def _keep_looking(self) -> None:
        while not self.stopped.is_set():
            self.woken.wait(self._look())
            self.woken.clear()
