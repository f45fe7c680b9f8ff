"""A receiver of webhooks on this machine: keeps what it gets, and answers as it is told."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


class Holding(ThreadingHTTPServer):
    """A server on this machine that can keep who asks it waiting, until `ended` is set."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.ended = threading.Event()

    def hold(self, handler: BaseHTTPRequestHandler, answer: object) -> None:
        """Answer nothing; at -1 send a byte of an answer now and then."""
        if answer == 0:
            self.ended.wait()
            return
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        with contextlib.suppress(OSError):
            while not self.ended.wait(0.05):
                handler.wfile.write(b".")


Server = TypeVar("Server", bound=Holding)


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run one, and let go of those that it holds at the end."""
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


class Receiver(Holding):
    """`taken` are the documents that were answered with 200, `asked` all paths; `answers` come first, then 200.

    An answer is a status, or an address to which it redirects by `moved`; 0 answers nothing until `ended` is set, and
    -1 sends a byte of an answer now and then, so that no limit of a single read ends it.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.taken: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answers: list[int | str] = []
        self.moved = 307

    @property
    def url(self) -> str:
        """Its address, with a secret in its path."""
        return f"http://127.0.0.1:{self.server_address[1]}/services/SECRET"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        """Take note of a request that brings no message."""
        self.server.asked.append(self.path)
        self.send_error(405)

    def do_POST(self) -> None:
        """Answer one message."""
        self.server.asked.append(self.path)
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer in (0, -1):
            self.server.hold(self, answer)
            return
        if answer == 200:
            self.server.taken.append(document)
        self.send_response(self.server.moved if isinstance(answer, str) else answer)
        if isinstance(answer, str):
            self.send_header("Location", answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def receiving() -> AbstractContextManager[Receiver]:
    """Run one."""
    return serving(Receiver())
