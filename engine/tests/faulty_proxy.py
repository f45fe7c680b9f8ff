"""A TCP proxy between an S3 client and its server that breaks what passes, in ways that networks do.

It is not an HTTP proxy: a client takes its address for the server's. Requests and answers are told by how they begin;
a client that sends one after the other on a connection, as S3 clients do, is understood.
"""

import contextlib
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Literal, get_args

Kind = Literal["delay", "reset", "truncate", "flip", "flip sent", "black hole", "throttle", "error 500", "error 503"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MAX_CONNECTIONS = 64
_PIECE = 1 << 16  # bytes
_END_OF_HEAD = b"\r\n\r\n"
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
"""What S3 says with 503."""
_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.1\r\n")
_ANSWER = re.compile(rb"HTTP/1\.1 (?!100)\d")


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and how often: `times` requests or answers are hit, all of them where it is None.

    `skip` are let through before the first; `after` bytes of an answer arrive before it is reset or cut; `seconds` is
    what an answer is late by, or each of its pieces of `after` bytes where it is throttled.
    """

    kind: Kind
    times: int | None = None
    skip: int = 0
    after: int = 64
    seconds: float = 0.05


@dataclass
class _Hit:
    """What the request or answer under way is hit by, and how many bytes of the answer have arrived."""

    fault: Fault | None = None
    sent: int = 0


class FaultyProxy:
    """Listens on 127.0.0.1 from `with` to its end; `fault` may be set at any moment, None lets everything through."""

    def __init__(self, port: int, seed: int = 0) -> None:
        self._target = ("127.0.0.1", port)
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._fault: Fault | None = None
        self._seen = 0
        self.injected = 0
        """How many requests or answers were hit since the fault was set."""

    def __enter__(self) -> "FaultyProxy":
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=MAX_CONNECTIONS)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # Threads that wait are woken by shutdown(), not by close().
        for waiting in (self._listener, *self._clients):
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self._threads)

    def lead_to(self, port: int) -> None:
        """Take connections to come to another server; those that are there stay where they are."""
        self._target = ("127.0.0.1", port)

    @property
    def fault(self) -> Fault | None:
        """What goes wrong at present."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        with self._lock:
            self._fault, self._seen, self.injected = fault, 0, 0

    def _claim(self, *kinds: Kind) -> Fault | None:
        """Return the fault if the next request or answer is to be hit by one of these kinds."""
        with self._lock:
            fault = self._fault
            if fault is None or fault.kind not in kinds:
                return None
            self._seen += 1
            if self._seen <= fault.skip or (fault.times is not None and self.injected >= fault.times):
                return None
            self.injected += 1
            return fault

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if len(self._clients) < MAX_CONNECTIONS:
                self._clients.add(client)
                self._start(self._serve, client)
            else:
                client.close()

    def _serve(self, client: socket.socket) -> None:
        """Pass on what arrives until a side ends or a fault ends both.

        One thread has both sides: a socket on which another one waits would not be reset when it is closed.
        """
        hit = _Hit()
        with contextlib.suppress(OSError), client, socket.create_connection(self._target) as server:
            going = True
            while going:
                for ready in wait([client, server]):  # unlike select(), wait() takes files of any number
                    source, work = (client, self._request) if ready is client else (server, self._answer)
                    piece = source.recv(_PIECE)
                    going = going and bool(piece) and work(piece, client, server, hit)
        self._clients.discard(client)

    def _request(self, piece: bytes, client: socket.socket, server: socket.socket, hit: _Hit) -> bool:
        """Pass on a piece of a request; False ends the connection."""
        if _REQUEST.match(piece):
            hit.fault = self._claim("black hole", "error 500", "error 503")
        fault = hit.fault
        if fault is None:
            flips = _payload(piece) and self._claim("flip sent")
            server.sendall(self._flipped(piece) if flips else piece)
        elif fault.kind != "black hole":
            _refuse(client, fault.kind.split()[1])
            return False
        return True

    def _answer(self, piece: bytes, client: socket.socket, _: socket.socket, hit: _Hit) -> bool:
        """Pass on a piece of an answer; False ends the connection."""
        if _ANSWER.match(piece):
            hit.fault, hit.sent = self._claim("delay", "reset", "truncate", "throttle"), 0
        if hit.fault is not None:
            return _hinder(piece, client, hit, hit.fault)
        flips = _payload(piece) and self._claim("flip")
        client.sendall(self._flipped(piece) if flips else piece)
        return True

    def _flipped(self, piece: bytes) -> bytes:
        """Change one bit of a piece's payload."""
        changed = bytearray(piece)
        first = len(piece) - len(_payload(piece))
        changed[self._random.randrange(first, len(piece))] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()


def _payload(piece: bytes) -> bytes:
    """Return what of a piece is not part of a head."""
    _, found, body = piece.partition(_END_OF_HEAD)
    if _REQUEST.match(piece) or _ANSWER.match(piece):
        return body if found else b""
    return piece


def _hinder(piece: bytes, client: socket.socket, hit: _Hit, fault: Fault) -> bool:
    if fault.kind == "delay":
        time.sleep(fault.seconds)
        client.sendall(piece)
    elif fault.kind == "throttle":
        for start in range(0, len(piece), fault.after):
            client.sendall(piece[start : start + fault.after])
            time.sleep(fault.seconds)
    else:
        client.sendall(piece[: fault.after - hit.sent])
        hit.sent += len(piece)
        if hit.sent < fault.after:
            return True
        if fault.kind == "reset":  # closing without lingering sends RST
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        return False
    return True


def _refuse(client: socket.socket, status: str) -> None:
    """Answer an error, then wait for the rest of the request: closing before would take the answer back."""
    body = _SLOW_DOWN if status == "503" else b""
    head = f"HTTP/1.1 {status} Broken\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    client.sendall(head.encode() + body)
    client.shutdown(socket.SHUT_WR)
    client.settimeout(2)
    with contextlib.suppress(OSError):
        while client.recv(_PIECE):
            pass
