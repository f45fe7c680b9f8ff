"""How a request becomes a WebSocket: by key, origin and the words of RFC 6455, or not at all."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from websockets.http11 import Request as Asked
from websockets.server import ServerProtocol

from mainline.serving import authorization
from mainline.serving.admission import Guard
from mainline.serving.answering.messages import Header, Request
from mainline.serving.answering.problems import Problem
from mainline.serving.service import Service
from mainline.serving.websocket.answers import Answers
from mainline.serving.websocket.extra import PATH, VERSION, upgrade_required
from mainline.serving.websocket.stream import Stream


class Handshake:
    """Begins the WebSockets of a server."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self._service, self._guard = service, guard
        self._answers = Answers(service)
        settings = service.settings
        self._paths = {f"{prefix}{PATH}{slash}".encode() for prefix in {"", settings.prefix} for slash in ("", "/")}

    def is_asked(self, method: bytes, url: bytes, headers: Sequence[Header]) -> bool:
        """Say whether a request wants a WebSocket where there is one; one with a body does not."""
        found = dict(headers)
        return (
            method == b"GET"
            and url.partition(b"?")[0] in self._paths
            and found.get(b"upgrade", b"").lower() == b"websocket"
            and found.get(b"content-length", b"0") == b"0"
            and b"transfer-encoding" not in found
        )

    def begin(self, url: bytes, headers: Sequence[Header], address: str) -> Stream:
        """Return the connection that begins, with the answer to its request ready to be sent.

        Raises:
            Problem: unauthorized, throttled, forbidden, upgrade-required, malformed-http.
        """
        request = Request("GET", PATH, headers)
        authorization.admit(self._service, request, "predict")
        self._check_origin(request)
        if request.headers.get(b"sec-websocket-version") != VERSION:
            raise upgrade_required("Send 'Sec-WebSocket-Version: 13'.")
        protocol = ServerProtocol(max_size=self._service.settings.limits.body_bytes)  # and no compression
        lines = [b"GET %b HTTP/1.1" % url, *(name + b": " + value for name, value in headers), b"", b""]
        protocol.receive_data(b"\r\n".join(lines))
        response = next(
            (protocol.accept(asked) for asked in protocol.events_received() if isinstance(asked, Asked)), None
        )
        if response is None or protocol.handshake_exc:
            raise Problem("malformed-http", f"This does not begin a WebSocket: {protocol.handshake_exc}.")
        response.headers["X-Request-Id"] = request.id
        protocol.send_response(response)
        declared = self._service.settings.websocket
        assert declared is not None  # without it nobody begins
        kept = [header for header in headers if header[0] != b"x-request-id"]  # each message has its own
        return Stream(protocol, self._answers, kept, self._guard, address, declared)

    def _check_origin(self, request: Request) -> None:
        """Refuse the pages of other origins: browsers let every page open a WebSocket, whatever CORS says.

        Raises:
            Problem: forbidden.
        """
        origin = request.headers.get(b"origin", b"").decode("latin-1")
        host = request.headers.get(b"host", b"").decode("latin-1")
        if origin and origin not in self._service.settings.origins and _host_of(origin) != host.lower():
            detail = f"Pages of the origin {origin[:200]!r} may not ask; service.origins declares who may."
            raise Problem("forbidden", detail)


def _host_of(origin: str) -> str | None:
    """Return host and port of an origin; None if it has none, such as `null`."""
    try:
        return urlsplit(origin.lower()).netloc or None
    except ValueError:
        return None
