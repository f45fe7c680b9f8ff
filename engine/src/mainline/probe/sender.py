"""Load: keep-alive connections that send the same requests again and again, at a rate or as fast as answers come.

At a rate, latency counts from the moment that a request was due, not from when it was sent: a request that waited
behind a slow answer waited for its client, too (the "coordinated omission" of Tene's wrk2 counts it as fast).
"""

import asyncio
import socket
import ssl
import statistics
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mainline.probe import wire

PATIENCE = 30.0
"""Seconds that answers may take after the last request was sent."""
_AGAIN = 0.1
"""Seconds until a connection that was lost is made again."""


@dataclass(frozen=True)
class Plan:
    """What to send where: `rate` is requests a second over all connections, 0 as fast as answers come."""

    host: str
    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    rate: float = 0.0
    context: ssl.SSLContext | None = None


@dataclass(frozen=True)
class Result:
    """What came back: answers by status, latencies in seconds, and connections that were refused or lost."""

    seconds: float
    statuses: dict[str, int]
    latencies: Sequence[float]
    lost: int

    @property
    def answers(self) -> int:
        """Answers of any status."""
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def errors(self) -> float:
        """The share of what was tried that was not answered with 200."""
        tried = self.answers + self.lost
        return 1 - self.statuses.get("200", 0) / tried if tried else 1.0

    def percentile(self, percent: int) -> float:
        """Return a percentile of the latencies, in seconds; 0 without two of them."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1] if len(self.latencies) > 1 else 0.0


async def drive(plan: Plan) -> Result:
    """Send until the time is over, and wait for the last answers."""
    started = time.perf_counter()
    until = started + plan.seconds
    found = _Found()
    interval = plan.connections / plan.rate if plan.rate else 0.0
    async with asyncio.TaskGroup() as senders:
        for place in range(plan.connections):
            first = started + interval * place / plan.connections
            senders.create_task(_keep(plan, place, first, interval, until, found))
    return Result(max(time.perf_counter() - started, plan.seconds), found.statuses, found.latencies, found.lost)


class _Found:
    """Answers of all connections."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.latencies = array("d")  # 8 bytes each, of an hour's answers
        self.lost = 0

    def add(self, status: str, seconds: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(seconds)


async def _keep(plan: Plan, place: int, due: float, interval: float, until: float, found: _Found) -> None:
    """Keep one connection going until the time is over; one that ended is made again when its next request is due.

    A request that was lost, or that nobody was there for, is not sent again, and the pace does not make up for it.
    """
    loop = asyncio.get_running_loop()
    named = plan.host if plan.context else None
    number = place
    while due < until:
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        made: _Connection | None = None
        try:
            begun = loop.create_connection(
                partial(_Connection, plan.requests, number, due, until, interval, found),
                plan.host,
                plan.port,
                ssl=plan.context,
                server_hostname=named,
            )
            _, connection = await asyncio.wait_for(begun, PATIENCE)
            made = connection
            await asyncio.wait_for(connection.done, max(until + PATIENCE - time.perf_counter(), _AGAIN))
            if connection.is_over:
                return
        except (OSError, TimeoutError):
            if made:
                made.give_up()
            else:
                found.lost += 1
        number, due = (made.number, made.due) if made else (number, due)
        if made is None or made.is_lost:
            due = max(due + interval, time.perf_counter() + _AGAIN)


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole, and the next one is due."""

    def __init__(
        self, requests: Sequence[bytes], number: int, due: float, until: float, interval: float, found: _Found
    ) -> None:
        self._requests, self.number, self._until, self._interval, self._found = requests, number, until, interval, found
        self._buffer = b""
        self.due = due
        self._waits = self.is_over = self.is_lost = False
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not _is_whole(self._buffer):
            return
        now = time.perf_counter()
        self._found.add(_said(self._buffer), now - self.due)
        self._buffer, self._waits = b"", False
        self.due = self.due + self._interval if self._interval else now
        if max(now, self.due) >= self._until:
            self.is_over = True
            self.close()
        elif self.due > now:
            asyncio.get_running_loop().call_later(self.due - now, self._send)
        else:
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._waits:  # a server or a proxy may end a connection on which nothing is under way
            self._lose()
        if not self.done.done():
            self.done.set_result(None)

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def give_up(self) -> None:
        """End the connection, whose answer did not come in time."""
        self._lose()
        self._transport.abort()

    def _lose(self) -> None:
        self._found.lost += 1
        self._waits, self.is_lost = False, True

    def _send(self) -> None:
        if self._transport.is_closing():
            return
        self._waits = True
        self._transport.write(self._requests[self.number % len(self._requests)])
        self.number += 1


def _said(answer: bytes) -> str:
    """Return the status of an answer, and who gave it if that was not the service."""
    status = answer[9:12].decode("ascii", errors="replace")
    if status == "200" or not status.isdecimal():
        return status
    lines = answer[: answer.find(b"\r\n\r\n")].decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    by = wire.author(int(status), headers.get("content-type", ""), headers.get("server", ""))
    return f"{status} by {by}" if by else status


def _is_whole(answer: bytes) -> bool:
    """Say whether an answer has come, by its length or by its last chunk."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    for line in answer[:head].lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return len(answer) >= head + 4 + int(value)
        if name == b"transfer-encoding":
            return answer.endswith(b"0\r\n\r\n")
    return True
