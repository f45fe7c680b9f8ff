"""Servers of one file, and of a data set as the Hugging Face hub lays it out."""

import http.server
import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pandas as pd

from tests.mainline.sources.examples import MONTHS, PLANTED, of_month, orders

COMMIT = "5f0c3a" + "0" * 34
LOADS = json.dumps({month: len(of_month(month)) for month in MONTHS}).encode()


def csv(rows: pd.DataFrame | None = None) -> dict[str, bytes]:
    """Return what a server of one file has."""
    told = (orders() if rows is None else rows).to_csv(index=False).encode()
    return {"/resolve/main/orders.csv": told, "/resolve/main/loads.json": LOADS}


def parquet(rows: pd.DataFrame) -> bytes:
    """Return rows as Parquet."""
    written = io.BytesIO()
    rows.to_parquet(written)
    return written.getvalue()


def dataset() -> dict[str, bytes]:
    """Return what the hub has: the files of a commit, behind a redirect to where their bytes are."""
    return {f"/bytes/{month}": parquet(of_month(month)) for month in MONTHS}


class _Server(http.server.BaseHTTPRequestHandler):
    """Files for whoever has the token."""

    files: Mapping[str, bytes]
    breaks: str
    """How a path ends whose answer breaks off in the middle; '' for none."""
    waits: str
    """How a path ends that is never answered; '' for none."""
    ended: threading.Event

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.waits and self.path.endswith(self.waits):
            self.ended.wait()
        elif self.headers["Authorization"] != f"Bearer {PLANTED}":
            self._send(403, {}, b"")
        elif self.path.startswith(tuple(f"/datasets/shop/orders/resolve/{name}/data/" for name in ("main", COMMIT))):
            name = self.path.rpartition("/")[2].removesuffix(".parquet")
            self._send(302, {"X-Repo-Commit": COMMIT, "Location": f"/bytes/{name}"}, b"")
        elif self.path in self.files:
            self._send(200, {"ETag": '"1f2e"'}, self.files[self.path] if body else b"")
        else:
            self._send(404, {}, b"")

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        is_broken = self.breaks and self.path.endswith(self.breaks)
        self.wfile.write(content[: len(content) // 2] if is_broken else content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(files: Mapping[str, bytes], breaks: str = "", waits: str = "") -> Iterator[dict[str, str]]:
    """Serve files; yield the variables that lead to them."""
    ended = threading.Event()
    own = {"files": files, "breaks": breaks, "waits": waits, "ended": ended}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Server", (_Server,), own)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield {"ORDERS_URL": address, "ORDERS_TOKEN": PLANTED, "HF_ENDPOINT": address, "HF_TOKEN": PLANTED}
        finally:
            ended.set()
            server.shutdown()
            thread.join()
