"""The end of a connection whose client still sends: what comes is read and thrown away, so that the answer is read.

A socket that is closed with bytes unread resets the connection. Its client may then see a broken pipe, or lose the
answer, which says why. So the server closes its own half first, as other servers do, and waits for the client's.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from mainline.serving.answering.messages import Header

if TYPE_CHECKING:
    from mainline.serving.http.connection import GuardedProtocol

LINGER_SECONDS = 1.0
"""How long a client may go on at least; else as long as its request was allowed to take."""


class Lingering(asyncio.Protocol):
    """Takes the place of a protocol that has sent its last answer."""

    def __init__(self, ended: "GuardedProtocol") -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the connection."""
        self._ended.connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the clock of a client that does not read."""
        self._ended.pause_writing()

    def resume_writing(self) -> None:
        """Stop it: the client has read."""
        self._ended.resume_writing()


class LastWrite:
    """A transport as uvicorn's requests use it, which is not closed while the client still sends."""

    def __init__(self, protocol: "GuardedProtocol") -> None:
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.end


def announces_more(headers: Sequence[Header], limit: int) -> bool:
    """Say whether a body is not read to its end, so that no request can follow it, whatever its answer is."""
    sizes = (value for name, value in headers if name == b"content-length" and value.isdigit())
    return any(int(size[:20]) > limit for size in sizes)


def linger(ended: "GuardedProtocol") -> None:
    """Close the server's half of a connection, unless TLS stands on it, and throw away what still comes.

    The sweep ends it once `until` has passed: the request's own time, so that nobody holds a connection for longer.
    """
    if ended.cycle is not None and not ended.cycle.response_complete:
        ended.cycle.disconnected = True
        ended.cycle.message_event.set()
    least = monotonic() + LINGER_SECONDS
    ended.until = least if ended.guard.is_leaving or ended.is_between() else max(ended.until, least)
    ended.pipeline.clear()  # the requests behind the last answer
    ended.transport.set_protocol(Lingering(ended))
    if ended.transport.can_write_eof():
        ended.transport.write_eof()
    ended.flow.resume_reading()
