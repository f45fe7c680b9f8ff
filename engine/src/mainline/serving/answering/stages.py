"""When the stages of an answer began and ended; noted only of requests that are traced."""

from time import perf_counter
from typing import NamedTuple


class Stage(NamedTuple):
    """One stage, in seconds of `perf_counter`."""

    name: str
    began: float
    ended: float


class Stages:
    """Stages one after the other: each begins when the one before ended, unless `begin` says otherwise."""

    __slots__ = ("_at", "done")

    def __init__(self) -> None:
        """Begin the first one."""
        self.done: list[Stage] = []
        self._at = perf_counter()

    def begin(self) -> None:
        """Begin a stage now; the time since the last one belongs to none."""
        self._at = perf_counter()

    def end(self, name: str) -> None:
        """End a stage, and begin the next one."""
        now = perf_counter()
        self.done.append(Stage(name, self._at, now))
        self._at = now


class Traced(Stages):
    """The stages of a request that is traced, and what names it."""

    __slots__ = ("model", "parent", "route", "version")

    def __init__(self, parent: str, route: str) -> None:
        """Begin.

        Args:
            parent: the span of the caller; empty if the trace begins here.
            route: the path as the table of paths has it, or the method of gRPC; empty if there is none.
        """
        super().__init__()
        self.parent, self.route = parent, route
        self.model = self.version = ""
        """Those that were asked; empty before that."""

    def read(self, model: str, version: str) -> None:
        """Note that the request is read, and who answers it."""
        self.end("parse")
        self.model, self.version = model, version
