"""A receiver of webhooks on this machine: keeps what it gets, and answers as it is told."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """`taken` are the documents that were answered with 200, `asked` all paths; `answers` come first, then 200.

    An answer is a status, or an address to which it redirects by `moved`; 0 answers nothing until `ended` is set, and
    -1 sends a byte of an answer now and then, so that no limit of a single read ends it.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answers: list[int | str] = []
        self.moved = 307
        self.ended = threading.Event()

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
        if answer == 0:
            self.server.ended.wait()
            return
        if answer == -1:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            with contextlib.suppress(OSError):
                while not self.server.ended.wait(0.05):
                    self.wfile.write(b".")
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


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run one."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.ended.set()
            receiver.shutdown()
            thread.join()
