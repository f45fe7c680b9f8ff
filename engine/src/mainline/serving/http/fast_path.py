"""The short way for `POST /predict`: from the parser to the application and back, without uvicorn's task per request.

Everything else, and a prediction that is not a plain HTTP/1.1 request (pipelined behind another, with
`Expect: 100-continue`, to a client that does not read), goes the usual way through ASGI.
"""

from collections.abc import Sequence
from http import HTTPStatus

from mainline.serving.answering.messages import Header
from mainline.serving.http.app import Application
from mainline.serving.http.connection import GuardedProtocol

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class _Nothing:
    """Stands in for the event by which uvicorn wakes a task; here is none."""

    def set(self) -> None:
        """Do nothing."""


class Direct:
    """A request under way, with what uvicorn's protocol asks of one."""

    message_event = _Nothing()

    def __init__(self, keep_alive: bool, headers: Sequence[Header]) -> None:
        self.keep_alive = keep_alive
        self.headers = headers
        self.response_complete = False
        self.disconnected = False
        self.more_body = True
        self.parts: list[bytes] = []
        self.size = 0


class DirectProtocol(GuardedProtocol):
    """A guarded connection that takes the short way where it can."""

    application: Application
    security: bytes
    """The lines of the headers that every answer has."""
    body_bytes: int
    short_ways: frozenset[bytes]

    def on_headers_complete(self) -> None:
        """Choose the way."""
        if self.url in self.short_ways and self._is_plain():
            self.check_head()
            self.cycle = Direct(self.parser.should_keep_alive(), self.headers)  # type: ignore[assignment]
            self.end_head()
        else:
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
            self._answer(cycle, b"".join(cycle.parts))

    def _is_plain(self) -> bool:
        parser, before = self.parser, self.cycle
        return (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and (before is None or before.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not parser.should_upgrade()
            and not self.reserved
        )

    def _answer(self, cycle: Direct, body: bytes) -> None:
        def write(status: int, headers: Sequence[Header], content: bytes) -> None:
            if cycle.response_complete:
                return
            cycle.response_complete = True
            if cycle.disconnected or self.transport.is_closing():
                return
            keep_alive = cycle.keep_alive and (b"connection", b"close") not in headers
            lines = [name + b": " + value for name, value in (*self.server_state.default_headers, *headers)]
            if not keep_alive and cycle.keep_alive is False:
                lines.append(b"connection: close")
            self.transport.write(_STATUS_LINES[status] + self.security + b"\r\n".join([*lines, b"", content]))
            if not keep_alive:
                self.transport.close()
            self.on_response_complete()

        self.application.predict_directly(cycle.headers, body, write)
