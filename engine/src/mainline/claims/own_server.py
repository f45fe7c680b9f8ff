"""The shipped server on a free port of this machine, as a claim starts and asks it."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import yaml

from mainline import children, processes
from mainline.errors import UseCaseError
from mainline.stages.harness import PINNED

LIMIT = 600.0
"""Seconds that the server may take until it answers; a few are usual."""


@contextmanager
def serve(place: Path) -> Iterator[tuple[str, str]]:
    """Serve the folder's package on a free port of this machine; yield address and API key, and end it.

    Raises:
        UseCaseError: with the server's words, if it does not begin.
    """
    settings = {"service": {"host": "127.0.0.1", "port": 0, "keys": "keys.yaml", "log": {"directory": "log"}}}
    (place / "service.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    made = children.command("mainline", "api-key", "test", "--settings", "service.yaml")
    key = processes.run(made, LIMIT, cwd=place, env=os.environ | PINNED, text=True).stdout.splitlines()[0]
    command = children.command("mainline.tether", "serve", "--settings", "service.yaml")
    with (place / "served.txt").open("w+", encoding="utf-8") as said:
        server = subprocess.Popen(
            command, cwd=place, env=os.environ | PINNED, stdin=subprocess.PIPE, stdout=said, stderr=said
        )
        try:
            yield _address(server, place / "served.txt"), key
        finally:
            server.terminate()
            server.communicate(timeout=LIMIT)  # and its input is closed


def _address(server: "subprocess.Popen[bytes]", file: Path) -> str:
    """Wait until the server says where it answers."""
    ends = time.monotonic() + LIMIT
    while time.monotonic() < ends:
        said = file.read_text(encoding="utf-8")
        found = re.search(r"^Serving .* on (http://\S+)$", said, re.MULTILINE)
        if found:
            return found[1]
        if server.poll() is not None:
            raise UseCaseError(f"the server of few rows ended: {(said.strip() or 'it said nothing').splitlines()[-1]}")
        time.sleep(0.05)
    raise UseCaseError(f"the server of few rows did not begin within {LIMIT:g} seconds.")


def ask(address: str, key: str, rows: list[dict[str, Any]]) -> Any:
    """Send rows in one request, as a client does.

    Raises:
        UseCaseError: with the server's answer, if it refuses them.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = HTTPConnection(address.removeprefix("http://"), timeout=LIMIT)
    with closing(connection):
        connection.request("POST", "/predict", json.dumps(rows), headers)
        answer = connection.getresponse()
        said = answer.read()
    if answer.status != HTTPStatus.OK:
        raise UseCaseError(f"the server answers its own golden requests with {answer.status}: {said[:300]!r}")
    return json.loads(said)
