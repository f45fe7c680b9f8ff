"""The wish for another protocol (`Upgrade`): a WebSocket that is declared, or nothing.

RFC 9110 (7.8) lets a server ignore the wish. Then it is taken out of the request, which is read once more.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mainline.serving.admission import Guard
from mainline.serving.answering.messages import Header
from mainline.serving.answering.problems import Problem

if TYPE_CHECKING:
    from mainline.serving.websocket.handshake import Handshake
    from mainline.serving.websocket.stream import Stream

Bytes = bytes | memoryview


class UpgradingProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which gives its connection to a WebSocket, and to no other protocol."""

    guard: Guard
    handshake: "Handshake | None" = None
    """What begins a WebSocket, if they are declared."""
    address: str | None = None
    reserved = False
    _again = b""
    """The head of a request that asked for another protocol, without that wish; it is read once more."""
    _stream: "Stream | None" = None
    """The WebSocket that the connection becomes behind the head that is being read."""

    def parse(self, data: Bytes) -> Bytes:
        """Parse what came; return what is left of it where a request asked for another protocol.

        The parser takes all that follows such a request for the other protocol, so its body would be read as the
        next request if the wish is ignored.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as found:
            if self._stream:
                self._hand_over(self._stream, data[found.args[0] :])
                return b""
            head, self._again = self._again, b""
            if head:
                self.parser = another_parser(self)
                self.parser.feed_data(head)
            return memoryview(data)[found.args[0] :]
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        return b""

    def upgrade(self) -> None:
        """Begin a WebSocket, or have the head read again without the wish.

        Raises:
            ValueError: it ends the parser of a request that is refused, which the client knows already.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.refuse(Problem("method-not-allowed", "This is not a proxy; CONNECT leads nowhere."))
            raise ValueError(method)
        version = self.parser.get_http_version().encode()
        is_free = not self.reserved and (self.cycle is None or self.cycle.response_complete)
        asked = self.handshake and version == b"1.1" and self.handshake.is_asked(method, self.url, self.headers)
        if self.handshake and asked and is_free:
            self._begin_stream(self.handshake)
            return
        self._again = without_upgrade(b"%b %b HTTP/%b" % (method, self.url, version), self.headers)

    def _begin_stream(self, handshake: "Handshake") -> None:
        assert self.address is not None  # known since the connection was taken
        try:
            self._stream = handshake.begin(self.url, self.headers, self.address)
        except Problem as problem:
            self.refuse(problem)
            raise ValueError(problem.detail) from problem

    def _hand_over(self, stream: "Stream", behind: Bytes) -> None:
        """Let a WebSocket have the connection, with its place and with what came behind the head."""
        self.guard.connections.discard(self)
        self.connections.discard(self)
        stream.connections = self.connections
        self.transport.set_protocol(stream)
        stream.connection_made(self.transport)
        if behind:
            stream.data_received(bytes(behind))

    def refuse(self, problem: Problem) -> None:
        """End the connection with a problem."""
        raise NotImplementedError


def another_parser(protocol: object) -> httptools.HttpRequestParser:
    """Make a parser as uvicorn makes a connection's first."""
    made = httptools.HttpRequestParser(protocol)
    made.set_dangerous_leniencies(lenient_data_after_close=True)
    return made


def without_upgrade(line: bytes, headers: Sequence[Header]) -> bytes:
    """Write the head of a request again, without its wish for another protocol."""
    lines = [line]
    for name, value in headers:
        if name == b"connection":
            value = b", ".join(part for part in value.split(b",") if part.strip().lower() != b"upgrade")
        if name != b"upgrade":
            lines.append(name + b": " + value)
    return b"\r\n".join([*lines, b"", b""])
