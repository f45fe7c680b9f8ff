"""Clients of a WebSocket: the library's own, and one that writes bytes as it likes."""

import base64
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from mainline.serving.websocket.extra import PATH
from tests.mainline.serving.running import Running
from tests.project import LIMIT


def opened(server: Running, key: str | None = None, port: int = 0, prefix: str = "", **more: Any) -> ClientConnection:
    """Open a WebSocket by the library's client; `port` and `prefix` are those of a proxy in front.

    Raises:
        InvalidStatus: when the server does not.
    """
    key = server.key if key is None else key
    headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **more.pop("headers", {})}
    address = f"localhost:{server.port}" if server.tls else f"127.0.0.1:{port or server.port}"
    return connect(
        f"ws{'s' if server.tls else ''}://{address}{prefix}{PATH}", additional_headers=headers, proxy=None,
        open_timeout=LIMIT, close_timeout=LIMIT, ssl=server.tls, **more,
    )  # fmt: skip


def told(response: Response) -> Any:
    """Return the problem that a refused handshake is answered with."""
    assert response.body is not None
    return json.loads(response.body)


class Raw:
    """A connection that is a WebSocket, and sends whatever it is told to."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._came = b""

    def send(self, *frames: Frame) -> None:
        """Send frames in one piece."""
        self.connection.sendall(written(*frames))

    def until_end(self) -> list[Frame]:
        """Return the frames that come until the server closes the connection; fail when it never does."""
        until = time.monotonic() + LIMIT
        with suppress(ConnectionResetError):
            while part := self.connection.recv(65536):
                assert time.monotonic() < until, "the server goes on"
                self._came += part
        return [*self._frames()]

    def next(self) -> Frame:
        """Return the next frame."""
        while True:
            for frame in self._frames():
                return frame
            part = self.connection.recv(65536)
            assert part, "the server closed the connection"
            self._came += part

    def _frames(self) -> Iterator[Frame]:
        while len(self._came) >= 2:
            size, begin = self._came[1], 2
            if size in (126, 127):
                begin += 2 if size == 126 else 8
                size = int.from_bytes(self._came[2:begin], "big")
            if len(self._came) < begin + size:
                return
            head, content = self._came[0], self._came[begin : begin + size]
            self._came = self._came[begin + size :]
            yield Frame(Opcode(head & 15), content, bool(head & 128))


def written(*frames: Frame) -> bytes:
    """Write frames as a client does."""
    return b"".join(frame.serialize(mask=True) for frame in frames)


def text(content: Any, fin: bool = True) -> Frame:
    """Return a frame of text: JSON of the content, or the text itself."""
    return Frame(Opcode.TEXT, (content if isinstance(content, str) else json.dumps(content)).encode(), fin)


def close_of(frames: list[Frame]) -> tuple[int, str]:
    """Return code and reason of the close that frames end with."""
    last = frames[-1]
    assert last.opcode is Opcode.CLOSE, frames
    return int.from_bytes(last.data[:2], "big"), bytes(last.data[2:]).decode()


def head(server: Running, more: str = "", path: str = PATH) -> bytes:
    """Write the head of a request for a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n{more}\r\n"
    ).encode()


@contextmanager
def raw(server: Running, *behind: Frame, room: int = 0) -> Iterator[Raw]:
    """Open a WebSocket by hand, with frames in the same piece as the request, and so small a buffer for answers."""
    with socket.socket() as connection:
        if room:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        connection.settimeout(LIMIT)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(head(server) + written(*behind))
        made, came = Raw(connection), b""
        while b"\r\n\r\n" not in came:
            part = connection.recv(65536)
            assert part, came
            came += part
        answer, _, made._came = came.partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 "), came
        yield made
