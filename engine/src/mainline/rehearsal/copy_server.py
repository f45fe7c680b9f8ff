"""The server that follows the copy's origin, as `./mainline serve --follow` starts it anywhere."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mainline import children
from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.exchange.status import Entry, Status
from mainline.rehearsal.fork import Fork, RehearsalError
from mainline.rollout import status
from mainline.serving.answering import keys

LIMIT = 300.0
"""Seconds after which something that should happen counts as never."""
MORE = ". `./mainline rehearse --keep FOLDER` keeps all that it says, in FOLDER/service.txt."
"""Where to look if the server is at fault."""
_SERVING = re.compile(r"^Serving .* on (http://\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Service:
    """The server, where it answers, and the key of its one client."""

    place: Place
    address: str
    key: str
    alive: Callable[[], bool]
    words: Path

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
            if not self.alive():
                raise RehearsalError(f"the server ended: {_last_line(self.words)}{MORE}")
            time.sleep(0.05)
        said = told["rollout"]["said"] if told and told["rollout"] else _last_line(self.words)
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
        RehearsalError: with the server's words, if it does not begin.
    """
    state, settings, words = fork.folder / "follower", fork.folder / "service.yaml", fork.folder / "service.txt"
    key = keys.make(fork.folder / "keys.yaml", "rehearsal", "predict")
    command = children.command(
        "mainline.tether", "serve", "--follow", str(fork.origin), "--environment", fork.environment,
        "--state", str(state), "--settings", str(settings),
    )  # fmt: skip
    with words.open("w", encoding="utf-8") as said:
        server = subprocess.Popen(
            command, cwd=fork.folder, env=fork.variables, stdin=subprocess.PIPE, stdout=said, stderr=said
        )
        try:
            address = _address(server, words)
            yield Service(Place(state), address, key, lambda: server.poll() is None, words)
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(30)
            server.kill()
            server.communicate()  # and its input is closed


def _address(server: "subprocess.Popen[bytes]", words: Path) -> str:
    """Wait until the server says where it answers."""
    ends = time.monotonic() + LIMIT
    while time.monotonic() < ends:
        found = _SERVING.search(words.read_text(encoding="utf-8"))
        if found:
            return found[1]
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise RehearsalError(f"the server did not begin: {_last_line(words)}{MORE}")


def _last_line(words: Path) -> str:
    return (words.read_text(encoding="utf-8").strip() or "it said nothing").splitlines()[-1][:300].rstrip(".")
