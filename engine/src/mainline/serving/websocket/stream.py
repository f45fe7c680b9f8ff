"""A WebSocket: messages that are answered in their order, and read no faster than the client reads their answers.

Framing is the library's, which neither reads nor writes; this is what does, and what waits and ends.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any

from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame
from websockets.protocol import OPEN, SEND_EOF
from websockets.server import ServerProtocol

from mainline.declared.service import WebSocket
from mainline.serving.admission import Guard
from mainline.serving.answering.messages import Header
from mainline.serving.logs import warn
from mainline.serving.websocket.answers import Answers
from mainline.serving.websocket.assembly import Assembly
from mainline.serving.websocket.backlog import Backlog
from mainline.serving.websocket.intake import Intake

CLOSE_SECONDS = 2.0
"""How long a client may take to answer a close."""
_NO_LONGER = frozenset({"unauthorized", "forbidden"})
"""Outcomes that end a connection: its key is not what it was."""
_NEVER = float("inf")


class Stream(asyncio.Protocol):
    """One connection, from the answer to its handshake on."""

    transport: Any

    def __init__(
        self, protocol: ServerProtocol, answers: Answers, headers: Sequence[Header], guard: Guard, address: str,
        declared: WebSocket,
    ) -> None:  # fmt: skip
        """Prepare it.

        Args:
            protocol: the framing; its answer to the handshake waits to be sent.
            answers: who answers messages.
            headers: those of the handshake, which hold for each message.
            guard: what holds connections to the limits; it gets back the place of the address at the end.
            address: whom the connection is from.
            declared: how many messages may be under way, and how often the client is asked whether it is there.
        """
        self._protocol, self._answers = protocol, answers
        self._guard, self._address, self._declared = guard, address, declared
        self.connections: set[Any] = set()
        """Those that end before the server does."""
        self.until = self.read_until = _NEVER
        self._assembly = Assembly()
        self._reading = False
        """Whether a message has begun to arrive."""
        self._pinged = False
        self._is_full = False
        """Whether nothing more can be written until the client has read."""
        self._paused = False
        """Whether nothing is read."""
        self._ending = False
        self._planned = False
        self._intake = Intake(protocol)
        self._backlog = Backlog(answers, headers, declared.under_way, self._plan)

    def connection_made(self, transport: Any) -> None:
        """Answer the handshake, and wait for messages."""
        self.transport = transport
        self.connections.add(self)
        self._guard.connections.add(self)
        self._answers.count(1)
        self._send()
        self._rest()

    def connection_lost(self, _: Exception | None) -> None:
        """Forget what is under way: nobody reads the answers."""
        self.connections.discard(self)
        self._guard.connections.discard(self)
        self._guard.release(self._address)
        self._answers.count(-1)
        self._ending = True
        self._backlog.drop()
        self._intake.drop()

    def pause_writing(self) -> None:
        """Read no more, and start the clock of a client that does not read."""
        self._is_full = True
        self.read_until = monotonic() + self._guard.idle_seconds
        self._hold()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self._is_full = False
        self.read_until = _NEVER
        self._plan()

    def data_received(self, data: bytes) -> None:
        """Take what came: messages, and what the library answers itself."""
        self._pinged = False
        self._intake.add(data)
        self._go_on()

    def shutdown(self) -> None:
        """Answer what is under way and begin nothing more: the server stops."""
        self._ending = True
        self._backlog.drop_waiting()
        self._plan()

    def end_late(self) -> None:
        """Do what is due: end a connection whose message or close is late, or ask whether the client is there."""
        if self._protocol.state is not OPEN or self.transport.is_closing():
            self.transport.abort()
        elif self._reading:
            seconds = self._guard.read_seconds
            self._fail("request-timeout", CloseCode.POLICY_VIOLATION, f"A message must arrive within {seconds:g} s.")
        elif self._pinged:
            self._guard.refused["no-pong"] += 1
            warn("a WebSocket was ended whose client does not answer", address=self._address)
            self.transport.abort()
        else:
            self._protocol.send_ping(b"")
            self._send()
            self._rest()
            self._pinged = True

    def _go_on(self) -> None:
        """Read as many messages as may be under way, and do what is to be done then."""
        self._planned = False
        self._read()
        self._send()
        self._advance()

    def _read(self) -> None:
        while self._intake and not self._has_enough:
            was_open = self._protocol.state is OPEN
            frames = self._intake.read()
            if was_open and (error := self._protocol.parser_exc):
                self._guard.refused["body-too-large" if isinstance(error, PayloadTooBig) else "malformed-message"] += 1
            self._take(frames)
            if self._protocol.state is OPEN:
                self._watch_message(bool(frames))

    @property
    def _has_enough(self) -> bool:
        """Whether as many messages are here as may be under way, or the client does not read their answers."""
        return self._protocol.state is OPEN and (self._is_full or self._backlog.is_full)

    @property
    def _is_busy(self) -> bool:
        return self._has_enough or (self._protocol.state is OPEN and self._backlog.waits)

    def _take(self, frames: Sequence[Frame]) -> None:
        """Let the messages wait that frames end."""
        for frame in frames:
            try:
                message = self._assembly.add(frame)
            except UnicodeDecodeError:
                self._fail("malformed-message", CloseCode.INVALID_DATA, "Text must be UTF-8.")
                return
            if message is not None and not self._ending:
                self._backlog.add(message)
            if self._assembly.is_flooded:
                self._end_flood()
                return

    def _end_flood(self) -> None:
        self._intake.drop()
        if self._protocol.state is OPEN:
            self._fail("too-many-frames", CloseCode.POLICY_VIOLATION, "Too many frames bring little; send messages.")
        else:
            self.transport.abort()

    def _watch_message(self, came_whole: bool) -> None:
        """Start the clock of a message that has begun to arrive; one that is here stops it.

        Bytes that end no frame are of one that has begun. What stands behind a whole frame is seen once more of it
        comes; if nothing comes, neither does the answer to a ping.
        """
        begun = self._assembly.begun or not came_whole
        if begun and self._reading:
            return
        self._reading = begun
        self._rest()

    def _advance(self) -> None:
        """Send the answers whose turn it is, begin messages, and read only as long as there is room for both."""
        if self._protocol.state is OPEN and not self.transport.is_closing():
            self._answer()
            if not self._is_full:
                self._backlog.begin()
        self._hold()
        if self._intake and not self._is_busy:
            self._plan()

    def _answer(self) -> None:
        while not self._is_full and (answer := self._backlog.next_answer()):
            self._protocol.send_text(answer.body)
            if answer.outcome in _NO_LONGER:
                self._close(CloseCode.POLICY_VIOLATION, "The key is not valid any more.")
                return
        if self._ending and not self._backlog.is_under_way:
            self._close(CloseCode.GOING_AWAY, "The server stops.")
            return
        self._send()

    def _plan(self) -> None:
        """Go on in the next turn of the event loop: with all answers of a batch at once."""
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _hold(self) -> None:
        """Read, or do not: whoever sends more than it reads, or than is answered, waits."""
        if self._is_busy:
            self.until = _NEVER  # what the client owes us we would not see
        elif self.until == _NEVER:
            self._pinged = False
            self._rest()
        holds = self._is_busy or bool(self._intake)
        if holds != self._paused and not self.transport.is_closing():
            self._paused = holds
            (self.transport.pause_reading if holds else self.transport.resume_reading)()

    def _rest(self) -> None:
        self.until = monotonic() + (self._guard.read_seconds if self._reading else self._declared.ping_seconds)

    def _close(self, code: CloseCode, reason: str) -> None:
        """Say that this is the end, and wait a little for the client to say so, too."""
        self._ending = True
        self._backlog.drop()
        self._protocol.send_close(code, reason)
        self._send()
        self._hold()
        self.until = monotonic() + CLOSE_SECONDS

    def _fail(self, kind: str, code: CloseCode, reason: str) -> None:
        """End the connection of a client that does not keep to the protocol."""
        self._guard.refused[kind] += 1
        self._protocol.fail(code, reason)
        self._send()

    def _send(self) -> None:
        """Write what the library has for the client; where that is the end, close."""
        sent = self._protocol.data_to_send()
        if not sent or self.transport.is_closing():
            return
        self.transport.write(b"".join(sent))
        if sent[-1] == SEND_EOF:
            self._hold()
            self.until = monotonic() + CLOSE_SECONDS
            self.transport.close()
