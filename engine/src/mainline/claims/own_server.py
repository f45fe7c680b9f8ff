"""The shipped server on a free port of this machine, as a claim starts it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from mainline import children, local_server, processes
from mainline.stages.harness import PINNED

LIMIT = 600.0
"""Seconds that making a key may take; one is usual."""
SETTINGS = "service.yaml"


@contextmanager
def serve(place: Path) -> Iterator[tuple[str, str]]:
    """Serve the folder's package on a free port of this machine; yield address and API key, and end it.

    Raises:
        ServerError: with the server's words, if it does not begin.
    """
    settings = {"service": {"host": "127.0.0.1", "port": 0, "keys": "keys.yaml", "log": {"directory": "log"}}}
    (place / SETTINGS).write_text(yaml.safe_dump(settings), encoding="utf-8")
    made, variables = children.command("mainline", "api-key", "test", "--settings", SETTINGS), os.environ | PINNED
    key = processes.run(made, LIMIT, cwd=place, env=variables, text=True).stdout.splitlines()[0]
    with local_server.serve(["--settings", SETTINGS], place, variables, place / "served.txt") as server:
        yield server.address, key
