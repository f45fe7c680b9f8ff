"""A real Redis for the tests: Debian's `redis-server`, on this machine only, which keeps nothing."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

LIMIT = 60.0
"""Seconds until a server that does not answer counts as failed."""
PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
needed = pytest.mark.skipif(PROGRAM is None, reason="there is no redis-server; on Debian: apt install it")


@dataclass(frozen=True)
class RedisServer:
    """Where it is, and its process."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


def _serves(port: int) -> bool:
    """Whether a server answers; one that still reads what it had kept listens already, and refuses or is silent."""
    with socket.create_connection(("127.0.0.1", port), 1) as asked:
        asked.sendall(b"PING\r\n")
        said = asked.recv(100)
        return bool(said) and not said.startswith(b"-LOADING")


@contextlib.contextmanager
def running(folder: Path, port: int = 0, password: str = "", more: Sequence[str] = ()) -> Iterator[RedisServer]:
    """Run a server, with more options such as those by which it keeps what it has."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    assert PROGRAM is not None
    command = [PROGRAM, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    command += more
    command += ["--requirepass", password] if password else []
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        late = time.monotonic() + LIMIT
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < late, "it does not listen"
            with contextlib.suppress(OSError):
                if _serves(port):
                    break
            time.sleep(0.02)
        yield RedisServer(port, process)
    finally:
        process.kill()
        process.wait()
