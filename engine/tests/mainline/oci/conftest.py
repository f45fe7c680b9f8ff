"""A real registry, and a stand-in that answers as a test wants it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mainline.oci import access, credentials
from tests import container_registry
from tests.container_registry import ContainerRegistry

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class StandIn:
    """Answers each request by a function of method, path and headers."""

    host: str = ""
    reply: Callable[[str, str, dict[str, str]], Reply] = lambda *_: (404, {}, b"")
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and Authorization of each request."""


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of whoever runs this, and no waits."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in (credentials.USERNAME, credentials.PASSWORD, credentials.REALM):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(access, "SHORTEST", 0.0)
    monkeypatch.setattr(access, "LONGEST", 0.0)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerRegistry]:
    """A registry that everybody may write to; shared, so each test has a repository of its own."""
    with container_registry.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A server on this machine."""
    found = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
            status, headers, body = found.reply(self.command, self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    found.host = f"127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
