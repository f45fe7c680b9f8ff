"""A load client in a process of its own: N keep-alive connections that send the same request again and again.

`python -m benchmarks.client HOST PORT` reads what to do from standard input and prints what it measured, both JSON.
"""

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import uvloop


@dataclass(frozen=True)
class Load:
    """What to send: a whole HTTP request, over how many connections, for how long."""

    port: int
    request: str
    connections: int
    seconds: float
    rate: float = 0.0
    """Requests a second over all connections, as evenly as possible; 0: as fast as answers come."""


@dataclass(frozen=True)
class Result:
    """What came back. Latencies in seconds."""

    answers: int
    seconds: float
    statuses: dict[str, int]
    p50: float
    p99: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


class Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, request: bytes, until: float, interval: float, found: "Found") -> None:
        self._request, self._until, self._interval, self._found = request, until, interval, found
        self._buffer = b""
        self._due = time.perf_counter()
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer and go on."""
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or len(self._buffer) < head + 4 + _length(self._buffer[:head]):
            return
        now = time.perf_counter()
        self._found.add(self._buffer[9:12], now - self._sent)
        self._buffer = b""
        if now >= self._until:
            self._transport.close()
        elif self._interval:
            self._due = max(self._due + self._interval, now - 1)
            asyncio.get_running_loop().call_later(max(0.0, self._due - now), self._send)
        else:
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        """Note a connection that the server ended."""
        if time.perf_counter() < self._until:
            self._found.lost += 1
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)


class Found:
    """Answers of all connections."""

    def __init__(self) -> None:
        self.statuses: dict[bytes, int] = {}
        self.latencies: list[float] = []
        self.lost = 0

    def add(self, status: bytes, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(seconds)


def run(load: Load) -> Result:
    """Load a server from another process.

    Raises:
        SystemExit: when the client failed.
    """
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"], input=json.dumps(asdict(load)), capture_output=True, text=True
    )
    if finished.returncode:
        sys.exit(f"the load client failed:\n{finished.stderr}")
    return Result(**json.loads(finished.stdout))


async def _drive(load: Load) -> Result:
    loop, found = asyncio.get_running_loop(), Found()
    started = time.perf_counter()
    interval = load.connections / load.rate if load.rate else 0.0
    made = []
    for _ in range(load.connections):
        _, connection = await loop.create_connection(
            lambda: Connection(load.request.encode(), started + load.seconds, interval, found), "127.0.0.1", load.port
        )
        made.append(connection.done)
    await asyncio.wait_for(asyncio.gather(*made), load.seconds + 60)
    seconds = time.perf_counter() - started
    cuts = statistics.quantiles(found.latencies, n=100) if len(found.latencies) > 1 else [0.0] * 99
    statuses = {status.decode(): count for status, count in found.statuses.items()} | {"lost": found.lost}
    return Result(len(found.latencies), seconds, statuses, cuts[49], cuts[98])


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 : head.find(b"\r", at) if b"\r" in head[at:] else len(head)]) if at >= 0 else 0


def main() -> None:
    """Do what standard input says."""
    print(json.dumps(asdict(uvloop.run(_drive(Load(**json.load(sys.stdin)))))))


if __name__ == "__main__":
    main()
