"""Who may connect: limits on all connections, and on those of one address."""

import asyncio
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any, Literal, Protocol

from mainline.declared.service import Limits
from mainline.serving.logs import warn

SWEEP_SECONDS = 0.5
Admission = Literal["admitted", "reserved", "refused"]
"""`reserved`: only health is answered."""


class Connection(Protocol):
    """The part of a connection that the sweep uses."""

    until: float
    """When it is late, as `time.monotonic` counts."""
    read_until: float
    """When its client must have read what is sent."""
    transport: Any

    def end_late(self) -> None:
        """End it, if nothing of its own holds it up."""
        ...


class Guard:
    """Shared by all connections of a server: limits, counters, and the sweep that ends late connections."""

    def __init__(self, limits: Limits, refused: Counter[str], is_open: Callable[[str], bool], prefix: str = "") -> None:
        """Hold connections to limits.

        Args:
            limits: what is allowed.
            refused: counts what is ended, by the reason that is given.
            is_open: tells the paths that a reserved connection may ask for.
            prefix: the path under which clients see the service.
        """
        self.limits, self.refused, self.is_open = limits, refused, is_open
        self.prefix = prefix
        self.read_seconds, self.idle_seconds = limits.read_seconds, limits.idle_seconds
        self.connections: set[Connection] = set()
        self.is_leaving = False
        """The server is told to stop: each connection's next answer is its last."""
        self.taken = 0
        self.by_address: Counter[str] = Counter()

    def admit(self, address: str) -> Admission:
        """Take in a connection of an address, for health only where all others are taken; `release` gives it back."""
        limits = self.limits
        if self.by_address[address] >= limits.connections_per_address:
            return self._turn_away("too-many-connections-of-an-address", address)
        if self.taken >= limits.connections + limits.connections_reserved:
            return self._turn_away("overloaded", address)
        self.taken += 1
        self.by_address[address] += 1
        if self.taken <= limits.connections:
            return "admitted"
        warn("all connections are taken; only health is answered", address=address, connections=self.taken)
        return "reserved"

    def release(self, address: str) -> None:
        """Give back the place of a connection that was taken in."""
        self.taken -= 1
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]

    async def sweep(self) -> None:
        """End connections whose request is late, that are idle, or whose answers nobody reads, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = monotonic()
            for connection in [late for late in self.connections if late.until < now]:
                connection.end_late()
            for connection in [stuck for stuck in self.connections if stuck.read_until < now]:
                connection.transport.abort()  # to close it would be to wait until the client reads

    def _turn_away(self, reason: str, address: str) -> Admission:
        self.refused[reason] += 1
        warn("connection refused", reason=reason, address=address, connections=self.by_address[address])
        return "refused"


def address_of(peer: Any) -> str:
    """Name whom a connection is from: an IPv4 address, or the network of an IPv6 address, which one client may own.

    Args:
        peer: the socket's name of the other end; None and text where it is not a TCP socket.
    """
    host = str(peer[0]) if isinstance(peer, tuple) else ""
    if ":" not in host:
        return host
    address = ip_address(host.partition("%")[0])
    assert isinstance(address, IPv6Address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
