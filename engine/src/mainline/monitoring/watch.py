"""Production looked at again and again: when log, labels or packages change, or after a while, until told to stop."""

import io
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mainline import display, faults, interrupts, progress
from mainline.declared.monitoring import Watch
from mainline.monitoring import board
from mainline.monitoring.result import Monitored

POLL_SECONDS = 0.5
"""How long a change of a file may go unnoticed."""
_CLEAR = "\033[2J\033[H"
State = tuple[tuple[str, float, int], ...]
"""The files of some places, each with its time and size."""


@dataclass
class Looking:
    """Looks at production until Ctrl-C or SIGTERM. `look` looks once; `places` are files and folders that it reads."""

    look: Callable[[], Monitored]
    places: Sequence[Path]
    policy: Watch
    log: Path | None = None
    """A folder of which each file counts, however deep it lies, as a roll-up reads it."""
    found: Monitored | None = None
    """What the last look found that did not fail."""
    problem: str = ""
    """Why the last look failed; '' if it did not."""
    looks: int = 0
    told: bool = False
    """Whether somebody told it to stop."""

    def run(self) -> str:
        """Look until told to stop; say how often that was."""
        try:
            with _told_by(signal.SIGTERM, self.tell):
                while not self.told:
                    state, began = self.state(), time.monotonic()
                    self.once()
                    self.show()
                    self.wait(state, began)
        except KeyboardInterrupt:
            interrupts.end()
        return f"Stopped after {self.looks} look{'' if self.looks == 1 else 's'}."

    def tell(self) -> None:
        """Take note that it is to stop, whatever a library makes of what follows.

        Raises:
            KeyboardInterrupt: always.
        """
        self.told = True
        raise KeyboardInterrupt

    def once(self) -> None:
        """Look once; whatever goes wrong, the next look is tried.

        Raises:
            KeyboardInterrupt: when told to stop, also if a library has made an error of it.
        """
        self.looks += 1
        try:
            with redirect_stdout(io.StringIO()) if display.is_redrawn() else progress.aside():
                self.found, self.problem = self.look(), ""
        except Exception as error:
            interrupts.check()
            if self.told:
                raise KeyboardInterrupt from error
            self.problem = str(faults.explain(error) or f"a fault of the program: {error!r}")

    def show(self) -> None:
        """Draw the terminal anew; through a pipe write one line."""
        now = datetime.now(UTC)
        if not display.is_redrawn():
            print(board.line(self.found, self.problem, now), flush=True)
            return
        size = shutil.get_terminal_size()
        drawn = board.draw(self.found, self.problem, now, self.policy.every, display.is_coloured(), size.lines - 1)
        sys.stdout.write(_CLEAR + "\n".join(drawn) + "\n")
        sys.stdout.flush()

    def wait(self, state: State, began: float) -> None:
        """Return when a place is not as it was before the look, but not before the declared pause, or after a while."""
        ended = time.monotonic()
        while time.monotonic() - began < self.policy.every:
            rested = time.monotonic() - ended >= self.policy.pause
            if rested and self.state() != state:
                return
            time.sleep(min(POLL_SECONDS, self.policy.every))

    def state(self) -> State:
        """Tell one state of the places from another without reading a file."""
        found = []
        for path in self._paths():
            try:
                about = path.stat()
            except OSError:  # gone meanwhile
                continue
            found.append((str(path), about.st_mtime, about.st_size))
        return tuple(sorted(found))

    def _paths(self) -> Iterator[Path]:
        for place in self.places:
            yield place
            try:
                yield from sorted(place.iterdir()) if place.is_dir() else ()
            except OSError:  # gone meanwhile
                continue
        for folder, _, names in os.walk(self.log) if self.log else ():  # which leaves out what it cannot list
            yield Path(folder)
            yield from (Path(folder, name) for name in sorted(names))


@contextmanager
def _told_by(number: signal.Signals, tell: Callable[[], None]) -> Iterator[None]:
    """Let a signal tell what runs here to stop."""
    before = signal.signal(number, lambda _number, _frame: tell())
    try:
        yield
    finally:
        signal.signal(number, before)
