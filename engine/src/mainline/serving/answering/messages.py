"""A request as handlers see it, and a reply as they give it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from mainline.serving.answering import tracing
from mainline.serving.answering.batching import Share
from mainline.serving.answering.experiment import Unit
from mainline.serving.answering.keys import Key, Keys
from mainline.serving.answering.metrics import ModelMetrics
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem
from mainline.serving.answering.stages import Traced

Receive = Callable[[], Awaitable[dict[str, Any]]]
Header = tuple[bytes, bytes]
JSON = b"application/json"
_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})


class Disconnected(Exception):  # noqa: N818 - no error of ours
    """The client went away before its request was whole."""


class Head:
    """The headers of a request; requests that begin with the same bytes may share it."""

    __slots__ = (
        "authorization", "content_encoding", "content_length", "content_type", "headers", "id", "known", "trace",
    )  # fmt: skip

    def __init__(self, given: Iterable[Header]) -> None:
        self.headers = headers = dict(given)
        self.authorization: bytes = headers.get(b"authorization", b"")
        self.content_type: bytes = headers.get(b"content-type", b"")
        self.content_length: bytes = headers.get(b"content-length", b"")
        self.content_encoding: bytes = headers.get(b"content-encoding", b"")
        self.id: bytes = headers.get(b"x-request-id", b"")
        self.trace: bytes = headers.get(b"traceparent", b"")
        self.known: tuple[Keys, Key] | None = None
        """The keys in which its key was looked for, and the key; None if none was found."""

    def but(self, changed: Mapping[bytes, bytes]) -> "Head":
        """Return the same head with other values of some headers, which its key is none of."""
        made = Head({**self.headers, **changed}.items())
        made.known = self.known
        return made


class Request:
    """One request; its body is read when a handler asks for it."""

    __slots__ = (
        "_receive", "experiment", "given_trace", "head", "headers", "id", "key", "method", "named", "path", "started",
        "trace", "traced",
    )  # fmt: skip
    key: Key
    named: bool
    """Whether the path names the version that answers; such requests say nothing of a rollout."""
    experiment: tuple[str, Unit] | None
    """The experiment that the answer belongs to, and who was dealt the version; None if it belongs to none."""
    traced: Traced | None
    """When its stages were, if it is traced."""

    def __init__(self, method: str, path: str, given: Head | Iterable[Header], receive: Receive | None = None) -> None:
        self.started = perf_counter()
        self._receive = receive
        self.method = method
        self.path = path
        self.named = False
        self.experiment = None
        self.traced = None
        self.head = head = given if isinstance(given, Head) else Head(given)
        self.headers = head.headers
        self.id = tracing.request_id(head.id)
        self.trace = tracing.traceparent(head.trace)

    def check_json(self) -> None:
        """Refuse a request that does not say it is plain JSON.

        Raises:
            Problem: unsupported-media-type.
        """
        if self.head.content_type not in _JSON_TYPES and self.head.content_type.lower() not in _JSON_TYPES:
            given = self.head.content_type.decode("latin-1")[:100] or "not given"
            raise Problem("unsupported-media-type", f"content-type is {given}; send application/json in UTF-8.")
        if self.head.content_encoding not in (b"", b"identity"):
            raise Problem("unsupported-media-type", "The body is compressed; send it as it is.")

    def check_size(self, size: int, limit: int) -> None:
        """Refuse a body that is, or says it is, larger than allowed.

        Raises:
            Problem: body-too-large.
        """
        if size > limit or (self.head.content_length.isdigit() and int(self.head.content_length[:20]) > limit):
            close = [(b"connection", b"close")]
            raise Problem("body-too-large", f"The body is larger than {limit} bytes; send fewer rows.", headers=close)

    async def json_body(self, limit: int) -> bytes:
        """Return the body of a request that says it is JSON.

        Raises:
            Problem: unsupported-media-type, body-too-large.
            Disconnected: when it does not come.
        """
        self.check_json()
        self.check_size(0, limit)
        assert self._receive is not None  # without it the body is with whoever made the request
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message["body"]
        else:
            body = await self._rest(message, self._receive, limit)
        self.check_size(len(body), limit)
        return body

    async def _rest(self, message: dict[str, Any], receive: Receive, limit: int) -> bytes:
        parts, size = [], 0
        while True:
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts.append(message["body"])
            size += len(parts[-1])
            self.check_size(size, limit)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await receive()


@dataclass(slots=True)
class Reply:
    """The response, and its values to count and to log."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Sequence[Header] = ()
    model: Model | None = None
    counters: ModelMetrics | None = None
    """Those of the model that was asked, also if it did not answer."""
    rows: int = 0
    outcome: str = "ok"
    share: Share | None = None
    """What the prediction log is to hold of it."""


class Sent(NamedTuple):
    """An answer that is on its way."""

    reply: Reply
    request: Request
    seconds: float
    """What it took."""
