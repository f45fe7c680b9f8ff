"""A server of Mainline on this machine, as a child: started until it says where it answers, asked, and ended."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from mainline import children
from mainline.errors import MainlineError

BEGIN, END, ANSWER = 600.0, 30.0, 600.0
"""The most seconds until it answers, from the wish to its end, and for one answer; a few are usual."""
_SERVING = re.compile(r"^Serving .* on (http://\S+)$", re.MULTILINE)


class ServerError(MainlineError):
    """A server did not begin, or refused what it was asked."""


@dataclass(frozen=True)
class Server:
    """Where it answers, whether it runs, and the file of what it says."""

    address: str
    alive: Callable[[], bool]
    words: Path

    @property
    def last_line(self) -> str:
        """The last line that it said."""
        return _last_line(self.words)


@contextmanager
def serve(options: Sequence[str], folder: Path, variables: Mapping[str, str], words: Path) -> Iterator[Server]:
    """Run `./mainline serve` with options in a folder until the block, or this process, ends; its words go into a file.

    Raises:
        ServerError: with its last line, if it does not begin.
    """
    command = children.command("mainline.tether", "serve", *options)
    with words.open("w", encoding="utf-8") as said:
        server = subprocess.Popen(command, cwd=folder, env=variables, stdin=subprocess.PIPE, stdout=said, stderr=said)
        try:
            yield Server(_address(server, words), lambda: server.poll() is None, words)
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(END)
            server.kill()
            server.communicate()  # and its input is closed


def ask(address: str, key: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Send rows in one request, as a client does; return the answer's document.

    Raises:
        ServerError: with the server's words, if it refuses them.
    """
    connection = HTTPConnection(address.removeprefix("http://"), timeout=ANSWER)
    with closing(connection):
        connection.request("POST", "/predict", json.dumps(rows), headers(key))
        answer = connection.getresponse()
        said = answer.read()
    if answer.status != HTTPStatus.OK:
        raise ServerError(f"the server answers rows of this use case with {answer.status}: {said[:300]!r}")
    return json.loads(said)


def headers(key: str) -> dict[str, str]:
    """Return the headers of a request with a key."""
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def _address(server: "subprocess.Popen[bytes]", words: Path) -> str:
    """Wait until the server says where it answers."""
    ends = time.monotonic() + BEGIN
    while time.monotonic() < ends:
        found = _SERVING.search(words.read_text(encoding="utf-8"))
        if found:
            return found[1]
        if server.poll() is not None:
            raise ServerError(f"the server ended: {_last_line(words)}")
        time.sleep(0.05)
    raise ServerError(f"the server did not begin within {BEGIN:g} seconds: {_last_line(words)}")


def _last_line(words: Path) -> str:
    return (words.read_text(encoding="utf-8").strip() or "it said nothing").splitlines()[-1][:300].rstrip(".")
