"""The server that follows the copy's origin, as `./mainline serve --follow` starts it anywhere."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from mainline import local_server
from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.exchange.status import Entry, Status
from mainline.local_server import Server
from mainline.rehearsal.fork import Fork, RehearsalError
from mainline.rollout import status
from mainline.serving.answering import keys

LIMIT = 300.0
"""Seconds after which something that should happen counts as never."""
MORE = ". `./mainline rehearse --keep FOLDER` keeps all that it says, in FOLDER/service.txt."
"""Where to look if the server is at fault."""


@dataclass(frozen=True)
class Service:
    """The server, what it keeps, and the key of its one client."""

    place: Place
    server: Server
    key: str

    def ask(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Send rows in one request; return the answer's document.

        Raises:
            ServerError: with the server's words, if it refuses them.
        """
        return local_server.ask(self.server.address, self.key, rows)

    @property
    def status(self) -> Status | None:
        """What the follower says; None before it said anything."""
        with suppress(MainlineError):
            return status.read(self.place.folder)
        return None

    def wait(self, version: str, stop: Callable[[], None] = lambda: None) -> None:
        """Wait until a version is stable, and the server has taken that in; `stop` may end the wait by an error.

        Raises:
            RehearsalError: if it is aborted, if the server ends, or if it takes too long.
        """
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            stop()
            told = self.status
            if told and told["stable"] and told["stable"]["version"] == version and told["served"] == told["revision"]:
                return
            last = self.last("aborted", version)
            if last:
                raise RehearsalError(
                    f"the rollout of {version} was aborted: {last['detail'].rstrip('.')}. Its analysis is declared in "
                    "deploy/; two versions of the same model differ by chance and by the machine alone."
                )
            if not self.server.alive():
                raise RehearsalError(f"the server ended: {self.server.last_line}{MORE}")
            time.sleep(0.05)
        said = told["rollout"]["said"] if told and told["rollout"] else self.server.last_line
        raise RehearsalError(
            f"{version} did not take over within {LIMIT:g} s; the last word is: {said.rstrip('.')}{MORE}"
        )

    def last(self, what: str, version: str) -> Entry | None:
        """Return the newest line of the rollout's history of a kind about a version; None if there is none."""
        told = self.status
        lines = told["history"] if told else []
        return next((line for line in lines if line["what"] == what and line["version"] == version), None)


@contextmanager
def serve(fork: Fork) -> Iterator[Service]:
    """Serve what the origin's environment has until the block ends.

    Raises:
        ServerError: with the server's words, if it does not begin.
    """
    state, settings, words = fork.folder / "follower", fork.folder / "service.yaml", fork.folder / "service.txt"
    key = keys.make(fork.folder / "keys.yaml", "rehearsal", "predict")
    options = ["--follow", str(fork.origin), "--environment", fork.environment, "--state", str(state)]
    with local_server.serve([*options, "--settings", str(settings)], fork.folder, fork.variables, words) as server:
        yield Service(Place(state), server, key)
