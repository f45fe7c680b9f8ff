"""The real server, in a process of its own on a free port of this machine."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from mainline.serving.answering import keys
from tests.project import LIMIT, ROOT, SEARCH_PATH


@dataclass
class Running:
    """A server, where it listens, and a key for it."""

    process: subprocess.Popen[str]
    port: int
    key: str
    admin: str
    directory: Path
    tls: ssl.SSLContext | None = None

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, timeout=LIMIT, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)

    def ask(self, path: str, content: Any = None, key: str | None = None) -> tuple[int, bytes]:
        """Send one request over a connection of its own; return status and body."""
        connection = self.connect()
        try:
            body = None if content is None else json.dumps(content)
            headers = {
                "Authorization": f"Bearer {self.key if key is None else key}",
                "Content-Type": "application/json",
            }
            connection.request("POST" if body else "GET", path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """Sum a metric over its labels."""
        _, page = self.ask("/metrics", key=self.admin)
        lines = [line for line in page.decode().splitlines() if re.match(rf"{re.escape(name)}(\{{| )", line)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell the server to stop and wait until it has."""
        self.process.send_signal(how)
        return self.process.wait(LIMIT)


@contextmanager
def running(directory: Path, package: Path | None, *options: str, wrap: str = "", **section: Any) -> Iterator[Running]:
    """Run a server with these settings; `wrap` is Python to run in it first."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "keys.yaml"
    client, admin = keys.make(file, "client", "predict"), keys.make(file, "boss", "admin")
    settings = directory / "production.yaml"
    settings.write_text(yaml.safe_dump({"service": {"port": 0, "keys": str(file), **section}}))
    code = f"import sys; {wrap or 'pass'}\nfrom mainline.__main__ import main; sys.exit(main())"
    named = [str(package)] if package else []
    command = [sys.executable, "-W", "error", "-c", code, "serve", *named, "--settings", str(settings), *options]
    with (directory / "errors").open("w") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True,
            env=os.environ | {"PYTHONPATH": SEARCH_PATH, "PYTHONUNBUFFERED": ""},  # lines may wait in a buffer
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r":(\d+)$", line.strip())
        assert found, (line, (directory / "errors").read_text())
        yield Running(process, int(found[1]), client, admin, directory)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def refused(package: Path, settings: Path) -> str:
    """Start a server that cannot serve; return the one line that it says, with which it ends with 1."""
    command = [sys.executable, "-P", "-m", "mainline", "serve", str(package), "--settings", str(settings)]
    environment = os.environ | {"PYTHONPATH": SEARCH_PATH}
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, env=environment)
    assert ended.returncode == 1, ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


def are_more(things: Sized, than: int) -> bool:
    """Say whether there are more things than so many."""
    return len(things) > than


def wait_for(condition: Callable[[], bool], limit: float = 60.0) -> None:
    """Return when something is so; fail when it never is."""
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def lives(number: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked after does not."""
    with suppress(psutil.Error):
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    return False


def words(process: psutil.Process) -> list[str]:
    """Return what a process was started with; nothing if it ended meanwhile."""
    with suppress(psutil.Error):
        return process.cmdline()
    return []
