"""The short way for `POST /predict`: from the parser to the application and back, without uvicorn's task per request.

Everything else, and a prediction that is not a plain HTTP/1.1 request (pipelined behind another, with
`Expect: 100-continue`, to a client that does not read, without a valid key), goes the usual way through ASGI.
"""

from collections.abc import Sequence
from http import HTTPStatus
from math import inf
from time import monotonic
from typing import Any

from mainline.serving.answering.messages import Head, Header
from mainline.serving.http.app import Application
from mainline.serving.http.connection import GuardedProtocol
from mainline.serving.http.repeated_heads import END, Found, RepeatedHeads

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class _Nothing:
    """Stands in for the event by which uvicorn wakes a task; here is none."""

    def set(self) -> None:
        """Do nothing."""


class Direct:
    """A request under way, with what uvicorn's protocol asks of one."""

    message_event = _Nothing()
    response_complete = False
    disconnected = False
    more_body = True

    def __init__(self, keep_alive: bool, head: Head) -> None:
        self.keep_alive = keep_alive
        self.head = head
        self.parts: list[bytes] = []
        self.size = 0


class DirectProtocol(GuardedProtocol):
    """A guarded connection that takes the short way where it can."""

    application: Application
    security: bytes
    """The lines of the headers that every answer has."""
    body_bytes: int
    short_ways: frozenset[bytes]

    def connection_made(self, transport: Any) -> None:
        """Take the connection."""
        self._heads = RepeatedHeads(self.guard.limits.header_bytes)
        self._parsed: tuple[bytes, int, object] | None = None
        self._held: tuple[bytes, Found] | None = None
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the connection, and count a client that goes away within its request."""
        if self._held or (self._reading and isinstance(self.cycle, Direct) and not self.cycle.response_complete):
            self.guard.refused["disconnected"] += 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer a request whose head has the form of one that the connection sent; the parser reads any other."""
        if self._held:
            _, known = self._held
            if len(data) == known.length:
                self._held, self._reading, self._in_head = None, False, False
                self._take(known.head, data)
            else:
                self._release()
                super().data_received(data)
            return
        if not (self._heads.is_worth_it and self.is_between()):
            super().data_received(data)
            return
        self._remember()
        found = self._heads.find(data)
        if found and self._is_free():
            given = len(data) - found.end
            if given == found.length:
                self._take(found.head, data[found.end :])
                return
            if not given and self.application.awaits_body(found.head):
                self._hold(data, found)
                return
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and isinstance(self.cycle, Direct):
            start = data[: data.find(END) + len(END)]
            self._parsed = start, len(data) - len(start), self.cycle

    def _remember(self) -> None:
        """Remember the head that was parsed last, if its request was answered, and its key is valid.

        The parser calls for the same bytes what it called before, since between two requests it has no state.
        """
        if self._parsed:
            (start, more, cycle), self._parsed = self._parsed, None
            if cycle is not self.cycle or not isinstance(cycle, Direct):
                return
            if cycle.response_complete and cycle.keep_alive and cycle.head.known:
                self._heads.add(start, more, cycle.head)

    def _take(self, head: Head, body: bytes) -> None:
        """Answer a request that is whole."""
        self.until = inf
        self.cycle = cycle = Direct(not self.guard.is_leaving, head)  # type: ignore[assignment]
        self._answer(cycle, body)

    def _hold(self, data: bytes, found: Found) -> None:
        """Wait for a body that its client sends behind a head that is known: many clients write the two apart."""
        self._held, self._reading, self._in_head = (data, found), True, True  # no answer went out yet
        self.until = monotonic() + self.guard.read_seconds

    def _release(self) -> None:
        """Have the parser read the head that is held; the time until its request must be here runs on."""
        assert self._held
        data, self._held, until = self._held[0], None, self.until
        super().data_received(data)
        self.until = until

    def on_headers_complete(self) -> None:
        """Choose the way."""
        if self.url in self.short_ways and self._is_plain():
            head = Head(self.headers)
            if self.application.awaits_body(head):
                self.check_head()
                keep_alive = self.parser.should_keep_alive() and not self.guard.is_leaving
                self.cycle = Direct(keep_alive, head)  # type: ignore[assignment]
                self.end_head()
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep the body, but no more of it than is allowed."""
        cycle = self.cycle
        if not isinstance(cycle, Direct):
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.size += len(body)
            if cycle.size > self.body_bytes:
                self._answer(cycle, b" " * (self.body_bytes + 1))  # refused by its size, whatever is in it
            else:
                cycle.parts.append(body)

    def on_message_complete(self) -> None:
        """Answer."""
        if self._again or self._stream:  # only the head was here
            return
        cycle = self.cycle
        super().on_message_complete()
        if isinstance(cycle, Direct) and not cycle.response_complete:
            body = b"".join(cycle.parts)
            cycle.parts.clear()  # a connection that waits for its next request keeps none of this one
            self._answer(cycle, body)

    def _is_plain(self) -> bool:
        parser = self.parser
        return (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and self._is_free()
        )

    def _is_free(self) -> bool:
        """Say whether nothing before a request holds up its answer."""
        before = self.cycle
        return (before is None or before.response_complete) and not self.flow.write_paused and not self.reserved

    def _answer(self, cycle: Direct, body: bytes) -> None:
        def write(status: int, headers: Sequence[Header], content: bytes) -> None:
            if cycle.response_complete:
                return
            cycle.response_complete = True
            if cycle.disconnected or self.transport.is_closing():
                return
            says_so = (b"connection", b"close") in headers
            keep_alive = cycle.keep_alive and not says_so
            lines = [name + b": " + value for name, value in (*self.server_state.default_headers, *headers)]
            if not (keep_alive or says_so):
                lines.append(b"connection: close")
            self.transport.write(_STATUS_LINES[status] + self.security + b"\r\n".join([*lines, b"", content]))
            if not keep_alive:
                self.end()
            self.on_response_complete()

        self.application.predict_directly(cycle.head, body, write)
