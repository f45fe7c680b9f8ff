"""Sends spans to a receiver of OpenTelemetry by a thread of its own: no request waits for it or fails by it.

What waits is bounded. If the receiver is away or slow, spans are tried again for a while, then dropped; if the queue is
full, new ones are dropped. Both are counted.
"""

import contextlib
import http.client
import socket
import threading
from collections import Counter, deque
from http import HTTPStatus
from typing import Literal, get_args
from urllib.parse import urlsplit

from mainline import backoff
from mainline.serving.logs import say, warn
from mainline.serving.spans import Answered, Encoder

Fate = Literal["sent", "queue-full", "not-taken"]
FATES: tuple[Fate, ...] = get_args(Fate)
QUEUED = 2048
"""Requests whose spans may wait."""
TOGETHER = 256
"""Requests whose spans are sent together."""
PAUSE_SECONDS = 1.0
"""How long spans wait for others."""
SECONDS = 5.0
"""Until a receiver has answered, whatever it sends meanwhile."""
TRIES = 3
SHORTEST, LONGEST = 0.5, 5.0
"""Seconds between two tries."""
MOST_ANSWER = 65_536
"""Bytes that are read of a receiver's answer."""
END_SECONDS = 2.0
"""For what waits when the service stops."""
_AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which OpenTelemetry lets a client try again."""


class SpanSender:
    """The queue and the thread that empties it."""

    def __init__(self, endpoint: str, encoder: Encoder) -> None:
        """Prepare it; `start` begins."""
        self._encoder = encoder
        self._address = urlsplit(f"{endpoint.rstrip('/')}/v1/traces")
        self._waiting: deque[Answered] = deque()
        self._awake, self._ended = threading.Event(), threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="spans", daemon=True)
        self.counted: Counter[Fate] = Counter()
        """Requests by what became of their spans."""

    @property
    def waiting(self) -> int:
        """Requests whose spans wait."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send what waits, if that goes fast."""
        self._ended.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)
        if self._waiting:
            warn("traces are left unsent", requests=len(self._waiting))

    def put(self, answered: Answered) -> None:
        """Let the spans of a request be sent, unless too many wait."""
        if len(self._waiting) >= QUEUED:
            self.counted["queue-full"] += 1
            return
        self._waiting.append(answered)
        if len(self._waiting) == TOGETHER:
            self._awake.set()

    def _work(self) -> None:
        while not (self._ended.is_set() and not self._waiting):
            self._awake.wait(PAUSE_SECONDS)
            self._awake.clear()
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                self._deliver(together)
                if len(self._waiting) < TOGETHER and not self._ended.is_set():
                    break

    def _deliver(self, together: list[Answered]) -> None:
        """Send some; as often as allowed if the receiver is away."""
        try:
            body = self._encoder.request_of(together)
            for number in range(1, TRIES + 1):
                problem, again = self._send(body)
                if not problem:
                    break
                self._report(problem)
                if not again or number == TRIES or self._ended.wait(backoff.wait(number, SHORTEST, LONGEST)):
                    self.counted["not-taken"] += len(together)
                    return
        except Exception as error:  # whatever it is, the next ones are sent
            self._report(repr(error))
            self.counted["not-taken"] += len(together)
            return
        self.counted["sent"] += len(together)
        if self._failing:
            self._failing = False
            say("traces are taken again", endpoint=self._address.netloc)

    def _report(self, problem: str) -> None:
        """Say once that the receiver does not take spans."""
        if not self._failing:
            self._failing = True
            warn("traces are not taken", endpoint=self._address.netloc, error=problem)

    def _send(self, body: bytes) -> tuple[str, bool]:
        """Send once; return what went wrong, and whether to try again."""
        address = self._address
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=SECONDS)
        cut = threading.Event()
        late = threading.Timer(SECONDS, _cut, (connection, cut))  # a timeout of a socket begins again with each byte
        late.start()
        try:
            connection.request("POST", address.path, body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            content = answer.read(MOST_ANSWER)
            if cut.is_set():  # half an answer may look like a whole one
                return "it does not answer in time", True
        except (OSError, http.client.HTTPException) as error:
            return repr(error), True
        finally:
            late.cancel()
            connection.close()
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return f"it answers {answer.status}", answer.status in _AGAIN
        refused = self._encoder.refused(content)
        return (f"it refuses {refused} spans", False) if refused else ("", False)


def _cut(connection: http.client.HTTPConnection, cut: threading.Event) -> None:
    cut.set()
    with contextlib.suppress(Exception):
        connection.sock.shutdown(socket.SHUT_RDWR)
