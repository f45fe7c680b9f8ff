"""The way in with TLS: connections are limited and counted from the first moment, before TLS has begun.

asyncio's own servers show a connection to nobody before its handshake has ended, and wait a minute for that.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from mainline.serving.admission import Admission, Guard, address_of
from mainline.serving.http.connection import GuardedProtocol
from mainline.serving.logs import warn
from mainline.serving.rpc.server import RpcServer

PAUSE_SECONDS = 1.0
"""How long nobody is let in where the system has no file left for a connection."""
AT_ONCE = 100
"""Connections that are let in before others are answered."""
FAREWELL_SECONDS = 1.0
"""How long idle connections stay open when the server stops: a client may be sending its next request just then."""


class Server(uvicorn.Server):
    """uvicorn's server, which stops once, within its limit, however often it is told to, and gRPC before HTTP."""

    def __init__(self, config: uvicorn.Config, rpc: RpcServer, guard: Guard) -> None:
        super().__init__(config)
        self._rpc, self._guard = rpc, guard

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let calls and requests be answered that are under way, within one limit; the application ends after both.

        A connection that was idle may send one more request for a moment, whose answer says that it is the last.
        """
        self._guard.is_leaving = True
        farewell = min(FAREWELL_SECONDS, self._guard.limits.drain_seconds)
        asyncio.get_running_loop().call_later(farewell, self._end_idle)
        calls, end = asyncio.create_task(self._rpc.stop()), self.lifespan.shutdown

        async def end_after_calls() -> None:
            await calls
            await end()

        self.lifespan.shutdown = end_after_calls
        await super().shutdown(sockets)
        await calls

    def _end_idle(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, GuardedProtocol) and connection.is_idle():
                connection.transport.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; uvicorn takes a second Ctrl-C for leave to cut off answers and to leave the log unwritten."""
        if not self.should_exit:
            super().handle_exit(sig, frame)


class SecureServer(Server):
    """The same with a door of its own on each socket."""

    def __init__(self, config: uvicorn.Config, rpc: RpcServer, guard: Guard, context: ssl.SSLContext) -> None:
        super().__init__(config, rpc, guard)
        self._context = context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and let connections in."""
        await super().startup([])

        def make() -> GuardedProtocol:
            made: GuardedProtocol = self.config.http_protocol_class(  # type: ignore[assignment, call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        self.servers = [Door(listening, self._guard, self._context, make) for listening in sockets or ()]  # type: ignore[misc]


class Door:
    """A listening socket whose connections begin TLS; it ends as asyncio's servers do."""

    def __init__(
        self, listening: socket.socket, guard: Guard, context: ssl.SSLContext, make: Callable[[], GuardedProtocol]
    ) -> None:
        """Let connections in from now on."""
        self._listening, self._guard, self._context, self._make = listening, guard, context, make
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[None]] = set()
        self._closed = False
        listening.setblocking(False)
        self._open()

    def close(self) -> None:
        """Let nobody in any more; connections that have not begun TLS are ended."""
        self._closed = True
        self._loop.remove_reader(self._listening)
        for task in self._beginning:
            task.cancel()

    async def wait_closed(self) -> None:
        """Return when they have ended."""
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _open(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listening, self._let_in)

    def _let_in(self) -> None:
        for _ in range(AT_ONCE):
            try:
                accepted, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file is left
                warn("no connection can be taken in", error=str(error))
                self._loop.remove_reader(self._listening)
                self._loop.call_later(PAUSE_SECONDS, self._open)
                return
            self._admit(accepted, peer)

    def _admit(self, accepted: socket.socket, peer: Any) -> None:
        address = address_of(peer)
        admission = self._guard.admit(address)
        if admission == "refused":
            accepted.close()
            return
        accepted.setblocking(False)
        task = self._loop.create_task(self._begin(accepted, address, admission))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _begin(self, accepted: socket.socket, address: str, admission: Admission) -> None:
        protocol = self._make()
        protocol.address, protocol.admission = address, admission
        try:
            await self._loop.connect_accepted_socket(
                lambda: protocol, accepted, ssl=self._context,
                ssl_handshake_timeout=self._guard.limits.handshake_seconds,
            )  # fmt: skip
        except (OSError, ssl.SSLError) as error:  # also a timeout, and the end of the connection
            self._guard.refused["tls-handshake"] += 1
            warn("no TLS was begun", address=address, error=str(error) or type(error).__name__)
        finally:
            if protocol.transport is None:  # who has begun gives the place back at the end
                self._guard.release(address)
                with contextlib.suppress(OSError):
                    accepted.close()
