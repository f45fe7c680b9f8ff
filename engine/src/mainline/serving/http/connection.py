"""A connection that gives a client limited time and room: slow clients and half requests cost the others nothing."""

from time import monotonic
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mainline.serving.admission import Admission, address_of
from mainline.serving.answering.problems import Problem
from mainline.serving.http.flow import Flow
from mainline.serving.http.lingering import LastWrite, announces_more, linger
from mainline.serving.http.refusal import overloaded, written
from mainline.serving.http.upgrade import Bytes, UpgradingProtocol
from mainline.serving.logs import warn

VERSIONS = ("1.1", "1.0")
"""The parser knows others, too: a line without a version is HTTP/0.9 to it, even with headers behind."""


class GuardedProtocol(UpgradingProtocol):
    """uvicorn's protocol with limits on connections, headers, trailers, and the time a request may take to arrive."""

    admission: Admission = "refused"
    _started: RequestResponseCycle | None = None
    _last_word: Problem | None = None
    """What ends the connection once the requests before it are answered."""
    _is_last_unless_read = False
    """Whether an answer is the last if it goes out before the chunks have ended; nobody knows how many there are."""
    _has_ended = False
    """Whether the last answer is on its way; if the client still sends, nobody looks at that any more."""

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or refuse it when there are too many; with TLS it was taken before."""
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)
        self._last_write = LastWrite(self)
        self.until = monotonic() + self.guard.limits.first_request_seconds
        self.read_until = float("inf")
        self._reading = False
        self._bytes, self._part = 0, 0
        self._in_head = True
        if self.address is None:
            self.address = address_of(self.client)
            self.admission = self.guard.admit(self.address)
        if self.admission == "refused":
            self._write(overloaded())
            return
        self.reserved = self.admission == "reserved"
        self.guard.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the connection.

        A handler that still answers one of its requests must not write to it, even if later ones are queued.
        """
        self.guard.connections.discard(self)
        if self.address is not None and self.admission != "refused":
            self.guard.release(self.address)
        if self._started:
            self._started.disconnected = True
        self._last_write.close = self.transport.close  # nothing is to hold what is over
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the clock of a client that does not read."""
        self.read_until = monotonic() + self.guard.idle_seconds
        super().pause_writing()

    def resume_writing(self) -> None:
        """Stop it: the client has read."""
        self.read_until = float("inf")
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse what came, as long as the headers, and what stands around the body, stay small."""
        if self._last_word:
            return
        self._part = len(data)
        self._bytes += self._part
        rest: Bytes = data
        while rest:
            rest = self.parse(rest)
        limits = self.guard.limits
        if self._in_head:
            if self._bytes > limits.header_bytes:
                self.refuse(self._too_large())
        elif self._bytes > limits.header_bytes + 2 * limits.body_bytes:  # chunks and trailers without an end
            most = f"The body and what stands around it have {self._bytes} bytes; send larger chunks, and no trailers."
            self.refuse(Problem("body-too-large", most))

    def is_between(self) -> bool:
        """Say whether the next byte begins a request."""
        return not (self._reading or self._last_word)

    def is_idle(self) -> bool:
        """Say whether no request is under way."""
        return self._has_ended or (self.is_between() and (self.cycle is None or self.cycle.response_complete))

    def shutdown(self) -> None:
        """Let the answer under way be the last; uvicorn would end a connection, too, whose next request is coming."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_begin(self) -> None:
        """Start the clock of a request.

        Raises:
            ValueError: if it stands behind the last that is answered; it ends the parser.
        """
        if self._has_ended:
            raise ValueError(self.url)
        self.until = monotonic() + self.guard.read_seconds
        self._reading = self._in_head = True
        self._bytes = 0
        self._is_last_unless_read = False
        self.url, self.headers = b"", []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """From here on the application holds the body to its limit."""
        self.check_head()
        version = self.parser.get_http_version()
        if version not in VERSIONS:
            self.refuse(Problem("malformed-http", f"This is HTTP/{version}; send HTTP/1.1."))
            raise ValueError(version)
        if self.parser.should_upgrade():
            self.upgrade()
            return
        if self.reserved and not self.guard.is_open(self.url.partition(b"?")[0].decode("latin-1")):
            self.refuse(overloaded())
            raise ValueError(self.url)
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes ASGI's scope, which not every request needs
        self.url, self.expect_100_continue = url, expects
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()
        self.cycle.transport = self._last_write  # type: ignore[assignment]
        if self.reserved or self.guard.is_leaving or announces_more(headers, self.guard.limits.body_bytes):
            self.cycle.keep_alive = False
        self._is_last_unless_read = self.cycle.keep_alive and any(name == b"transfer-encoding" for name, _ in headers)
        if self._is_last_unless_read:
            self.cycle.keep_alive = False
        self.end_head()

    def check_head(self) -> None:
        """Refuse headers that came at once and are too large.

        Raises:
            ValueError: it ends the parser, and the client knows already.
        """
        limit = self.guard.limits.header_bytes
        if self._bytes + self._part > limit:  # the headers, and more
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > limit:
                problem = self._too_large()
                self.refuse(problem)
                raise ValueError(problem.detail)

    def end_head(self) -> None:
        """Take no more headers until the next request: what comes after the body are trailers, which nobody reads."""
        self._in_head = False
        self._bytes = 0
        self.headers = []

    def on_message_complete(self) -> None:
        """Stop the clock: the request is here."""
        if self._has_ended:
            self.transport.close()
            return
        self.until = float("inf")
        self._reading = False
        self._bytes = 0
        cycle = self.cycle
        if cycle.response_complete:
            self._rest()
        else:
            if self._is_last_unless_read and not (cycle.response_started or self.guard.is_leaving):
                cycle.keep_alive = True
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Do as uvicorn does, but leave idle connections to the sweep: a timer for each request costs more."""
        self.server_state.total_requests += 1
        if self._has_ended or self.transport.is_closing():
            return
        if self._last_word and (not self.pipeline or self.pipeline[-1][0].more_body):
            self._write(self._last_word)
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._reading:
            self._rest()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._started = cycle
        super()._start_asgi_task(cycle, app)

    def _rest(self) -> None:
        self.until = monotonic() + self.guard.idle_seconds

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP with an error."""
        self.refuse(Problem("malformed-http", msg))

    def end_late(self) -> None:
        """End a connection that is idle, or whose request did not arrive in time."""
        if self._has_ended or not self._reading:
            if self.cycle is None and not self._has_ended:
                self.guard.refused["no-request"] += 1
                warn("a connection was ended that sent nothing", address=self.address)
            self.transport.close()
            return
        seconds = self.guard.limits.read_seconds
        if self._is_behind():
            self.until = monotonic() + seconds
            return
        self.refuse(Problem("request-timeout", f"A request must arrive within {seconds:g} s."))

    def _is_behind(self) -> bool:
        """Return whether the request being read must wait for the answer to the one before it."""
        return bool(self.pipeline or (self._in_head and self.cycle and not self.cycle.response_complete))

    def _too_large(self) -> Problem:
        return Problem("headers-too-large", f"The headers are larger than {self.guard.limits.header_bytes} bytes.")

    def refuse(self, problem: Problem) -> None:
        """End the connection with a problem, after the answers to the requests before it: they are the client's.

        A request whose answer went out before its body was here gets no second one: its client, or a proxy, would take
        that for the answer to the next request.
        """
        if self._has_ended or self._last_word or self.transport.is_closing():
            return
        self.guard.refused[problem.kind] += 1
        if self._is_behind():
            self._last_word = problem
        elif self._reading and not self._in_head and self.cycle.response_complete:
            self.end()
        else:
            self._write(problem)

    def end(self) -> None:
        """Close the connection behind its last answer; a client that still sends is given time to read that."""
        if self._has_ended:
            return
        self._has_ended = True
        if self.reserved or self.transport.is_closing() or not (self._reading or self.pipeline):
            self.transport.close()
        else:
            linger(self)

    def _write(self, problem: Problem) -> None:
        self.transport.write(written(problem, self.guard.prefix))
        self.end()
