"""Behind a real proxy the service sees the requests that were sent, and none that was hidden in another one."""

import contextlib
import http.client
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.mainline.serving.http.proxies import PREFIX, proxy
from tests.mainline.serving.running import Running, running
from tests.project import LIMIT

Rows = list[dict[str, Any]]
HIDDEN = b"GET /flights/hidden HTTP/1.1\r\nHost: x\r\nX-Request-Id: hidden\r\n\r\n"
NUMBER = count()
RECORD = """
from mainline.serving.answering import messages
made = messages.Request.__init__
def record(self, method, path, given, receive=None):
    made(self, method, path, given, receive)
    with open({file!r}, 'a') as seen:
        print(method, path, self.id, file=seen)
messages.Request.__init__ = record
"""
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SIZE = b"Content-Length: %d\r\n"
CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
END = b"0\r\n\r\n"
WISH = b"Connection: Upgrade\r\nUpgrade: %b\r\n"
FORMS: dict[str, tuple[bytes, bytes]] = {
    "CL.TE": (SIZE % len(END + HIDDEN) + CHUNKED, END + HIDDEN),
    "TE.CL": (SIZE % 4 + CHUNKED, CHUNK),
    "TE of no coding": (SIZE % len(END + HIDDEN) + b"Transfer-Encoding: xchunked\r\n", END + HIDDEN),
    "TE with a space before the colon": (SIZE % len(END + HIDDEN) + b"Transfer-Encoding : chunked\r\n", END + HIDDEN),
    "TE after a vertical tab": (SIZE % len(END + HIDDEN) + b"Transfer-Encoding:\x0bchunked\r\n", END + HIDDEN),
    "TE that ends otherwise": (SIZE % 4 + b"Transfer-Encoding: chunked, identity\r\n", CHUNK),
    "TE twice": (CHUNKED + b"Transfer-Encoding: identity\r\n", CHUNK),
    "TE in quotes": (SIZE % 4 + b'Transfer-Encoding: "chunked"\r\n', CHUNK),
    "TE in a folded line": (SIZE % len(END + HIDDEN) + b"Transfer-Encoding:\r\n chunked\r\n", END + HIDDEN),
    "TE behind a folded line": (SIZE % len(END + HIDDEN) + b"X: a\r\n Transfer-Encoding: chunked\r\n", END + HIDDEN),
    "TE behind a bare LF": (SIZE % len(END + HIDDEN) + b"X: a\nTransfer-Encoding: chunked\r\n", END + HIDDEN),
    "TE behind a bare CR": (SIZE % len(END + HIDDEN) + b"X: a\rTransfer-Encoding: chunked\r\n", END + HIDDEN),
    "TE behind a NUL": (SIZE % len(END + HIDDEN) + b"X: a\0\r\n" + CHUNKED, END + HIDDEN),
    "two lengths": (SIZE % 0 + SIZE % len(HIDDEN), HIDDEN),
    "two lengths, the other way": (SIZE % len(HIDDEN) + SIZE % 0, HIDDEN),
    "two lengths in one": (b"Content-Length: 0, %d\r\n" % len(HIDDEN), HIDDEN),
    "length with a sign": (b"Content-Length: +%d\r\n" % len(HIDDEN), HIDDEN),
    "length in hexadecimals": (b"Content-Length: 0x%x\r\n" % len(HIDDEN), HIDDEN),
    "length with a space before the colon": (b"Content-Length : %d\r\n" % len(HIDDEN), HIDDEN),
    "length below zero": (b"Content-Length: -1\r\n", HIDDEN),
    "chunk larger than a number": (CHUNKED, b"f" * 17 + b"\r\n" + HIDDEN),
    "chunk without its end": (CHUNKED, b"1\r\na" + END + HIDDEN),
    "chunk that ends in a bare LF": (CHUNKED, b"1\na\n0\n\n" + HIDDEN),
    "chunk extension with a bare LF": (CHUNKED, b"1;\nx\r\n" + CHUNK),
    "chunk of a sign": (CHUNKED, b"+1\r\na\r\n" + END),
    "headers without an end": (b"X: " + b"x" * 70_000, b""),
    "a body past the limit": (SIZE % 40_000, HIDDEN * 40_000),
}
"""Headers and body of requests that two readers may understand in two ways, or that are too large."""
SOUND: dict[str, tuple[bytes, bytes]] = {
    "hidden in a body": (SIZE % len(HIDDEN), HIDDEN),
    "hidden in a chunk": (CHUNKED, CHUNK),
    "chunk extensions": (CHUNKED, b"%x;a=b;c\r\n%b\r\n0;d\r\n\r\n" % (len(HIDDEN), HIDDEN)),
    "trailers": (CHUNKED, CHUNK[:-2] + b"X: %b\r\n\r\n" % HIDDEN[:20]),
    "leading zeros": (b"Content-Length: 000%d\r\n" % len(HIDDEN), HIDDEN),
    "WebSocket": (WISH % b"websocket" + SIZE % len(HIDDEN), HIDDEN),
    "WebSocket in chunks": (WISH % b"websocket" + CHUNKED, CHUNK),
    "HTTP/2": (WISH % b"h2c" + b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n" + SIZE % len(HIDDEN), HIDDEN),
    "asks first": (b"Expect: 100-continue\r\n" + SIZE % len(HIDDEN), HIDDEN),
}
"""Right requests whose body looks like a request."""


@dataclass
class Front:
    """What clients see, and what the service behind it has seen."""

    server: Running
    port: int
    file: Path

    def send(self, sent: bytes, *, ends: bool = False) -> bytes:
        """Send bytes, and `ends` the sending there; return all that comes until the end of the connection."""
        came = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT) as client:
            with contextlib.suppress(OSError):  # refused before all was sent
                client.sendall(sent)
            if ends:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while part := client.recv(65536):
                    came += part
        return came

    def ask(self, name: str) -> None:
        """Send a plain request, and see that the answer is its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        connection.request("GET", f"{PREFIX}/livez", headers={"X-Request-Id": name})
        reply = connection.getresponse()
        assert (reply.status, reply.headers["X-Request-Id"], reply.read()) == (200, name, b'{"status":"live"}')
        connection.close()

    def seen(self) -> list[str]:
        """Return the requests that the service has seen since the last call."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        self.file.write_text("")
        return lines


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server under a prefix that writes down each request."""
    folder = tmp_path_factory.mktemp("behind")
    wrap = f"exec({RECORD.format(file=str(folder / 'seen'))!r})"
    limits = {"body_bytes": 30_000, "read_seconds": 2.0, "first_request_seconds": 2.0, "idle_seconds": 2.0}
    with running(folder, package_dir, prefix=PREFIX, limits=limits, wrap=wrap) as made:
        yield made


@pytest.fixture(scope="module", params=["none", "nginx", "haproxy"])
def front(request: pytest.FixtureRequest, server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The server itself, and behind each proxy."""
    file = server.directory / "seen"
    if request.param == "none":
        yield Front(server, server.port, file)
        return
    with proxy(request.param, server.port, tmp_path_factory.mktemp("proxy") / "run") as port:
        yield Front(server, port, file)


def written(front: Front, name: str, headers: bytes, path: str = "/predict", method: str = "POST") -> bytes:
    """Write the head of a request."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {name}\r\nAuthorization: Bearer {front.server.key}\r\n"
        "Content-Type: application/json\r\n"
    ).encode() + headers + b"\r\n"  # fmt: skip


@pytest.mark.parametrize("path", ["/predict", "/nothing"])
@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_smuggled(front: Front, form: str, path: str) -> None:
    """A doubtful request is refused or seen once as it was sent, and the requests of others keep their answers."""
    headers, body = FORMS[form]
    front.seen()
    name = f"doubtful-{next(NUMBER)}"
    front.send(written(front, name, headers, PREFIX + path) + body, ends=True)
    others = [f"other-{next(NUMBER)}" for _ in range(3)]
    for other in others:
        front.ask(other)
    seen = front.seen()
    assert [line for line in seen if not line.endswith(name)] == [f"GET /livez {other}" for other in others]
    assert seen[:-3] in ([], [f"POST {path} {name}"])


@pytest.mark.parametrize("path", ["/predict", "/nothing"])
@pytest.mark.parametrize("form", SOUND)
def test_body_stays_a_body(front: Front, form: str, path: str) -> None:
    """A right request is seen and answered once, and its body is not taken for a request, if another follows it."""
    headers, body = SOUND[form]
    front.seen()
    names = [f"sound-{next(NUMBER)}" for _ in range(2)]
    sent = written(front, names[0], headers, PREFIX + path) + body
    came = front.send(sent + written(front, names[1], b"Connection: close\r\n", f"{PREFIX}/livez", "GET"))
    assert front.seen() == [f"POST {path} {names[0]}", f"GET /livez {names[1]}"]
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", came) if status != b"100"]
    assert statuses == [400 if path == "/predict" else 404, 200]


def test_pipelined_requests_are_seen_in_order(front: Front, rows: Rows) -> None:
    """Ten predictions that are sent at once are answered as ten, in their order."""
    content = json.dumps(rows[0]).encode()
    names = [f"piped-{next(NUMBER)}" for _ in range(10)]
    front.seen()
    ends = [b""] * 9 + [b"Connection: close\r\n"]
    sent = [written(front, name, SIZE % len(content) + end, f"{PREFIX}/predict") + content
            for name, end in zip(names, ends, strict=True)]  # fmt: skip
    came = front.send(b"".join(sent))
    assert front.seen() == [f"POST /predict {name}" for name in names]
    assert re.findall(rb'"request_id":"(piped-\d+)","predictions"', came) == [name.encode() for name in names]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET http://x/flights/livez HTTP/1.1", [200]),
        (b"GET /flights/livez HTTP/1.0", [200]),
        (b"CONNECT x:80 HTTP/1.1", [405, 400]),
        (b"GET  /flights/livez HTTP/1.1", [200, 400]),
        (b"GET /flights/livez HTTP/2.0", [200, 400, 505]),
        (b"GET /flights/livez http/1.1", [400]),
        (b"G\x01T /flights/livez HTTP/1.1", [400]),
        (b"GET /flights/li vez HTTP/1.1", [400]),
        (b"GET /flights/livez", [400]),
    ],
)  # fmt: skip
def test_odd_request_lines_are_answered_once(front: Front, line: bytes, expected: list[int]) -> None:
    """Whatever the first line is, there is one answer or none, and what is behind it is not a request."""
    front.seen()
    came = front.send(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n" + HIDDEN, ends=True)
    front.ask("afterwards")
    seen = front.seen()
    assert seen[-1] == "GET /livez afterwards"
    assert len(seen) <= 2
    assert not any("hidden" in line for line in seen)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", came)]
    assert statuses in [[], *([status] for status in expected)]
