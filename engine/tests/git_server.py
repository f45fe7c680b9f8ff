"""git's own server over HTTP for the tests: `git http-backend` behind a plain server, on this machine only."""

import gzip
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def serve(folder: Path) -> Iterator[int]:
    """Serve the bare repositories of a folder, to be read and written by anybody here; yield the port."""

    class Handler(_Handler):
        root = folder

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def read(handler: BaseHTTPRequestHandler) -> bytes:
    """Return the body of a request of git's."""
    if handler.headers.get("Transfer-Encoding", "").lower() == "chunked":
        pieces = []
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            pieces.append(handler.rfile.read(size))
            handler.rfile.readline()
        handler.rfile.readline()
        raw = b"".join(pieces)
    else:
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    return gzip.decompress(raw) if handler.headers.get("Content-Encoding") == "gzip" else raw


def answer(
    root: Path, handler: BaseHTTPRequestHandler, path: str, query: str, raw: bytes
) -> tuple[int, bytes, dict[str, str]]:
    """Let git answer a request for a repository below a folder; return status, body and headers."""
    environment = {
        "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
        "QUERY_STRING": query, "REMOTE_USER": "token", "REQUEST_METHOD": handler.command,
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(raw)),
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
    }  # fmt: skip
    done = subprocess.run(["git", "http-backend"], input=raw, env=environment, capture_output=True, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return int(headers.pop("Status", "200").split()[0]), body, headers


def send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send an answer."""
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root = Path()

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        status, body, headers = answer(self.root, self, path, query, read(self))
        send(self, status, body, headers.pop("Content-Type", "text/plain"), headers)

    do_GET = do_POST = _answer  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""
