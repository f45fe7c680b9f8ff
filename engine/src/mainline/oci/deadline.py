"""A moment by which the head of an answer has come: a timeout of a socket begins again with each byte."""

import contextlib
import http.client
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def watched(seconds: float | None) -> Iterator[list[urllib.request.BaseHandler]]:
    """Yield handlers for urllib whose connections are shut after so many seconds within this block; None: never."""
    made: list[http.client.HTTPConnection] = []
    late = threading.Timer(seconds or 0.0, _shut, (made,))
    late.daemon = True
    if seconds is not None:
        late.start()
    try:
        yield [_Plain(made), _Secure(made)]
    finally:
        late.cancel()


class _Noting(urllib.request.AbstractHTTPHandler):
    """Notes the connections that it makes."""

    def __init__(self, made: list[http.client.HTTPConnection]) -> None:
        super().__init__()
        self._made = made

    def do_open(self, http_class: Any, req: urllib.request.Request, **given: Any) -> Any:
        """Send a request over a connection that is noted."""

        def make(*address: Any, **named: Any) -> http.client.HTTPConnection:
            self._made.append(connection := http_class(*address, **named))
            return connection

        return super().do_open(make, req, **given)


class _Plain(_Noting, urllib.request.HTTPHandler):
    pass


class _Secure(_Noting, urllib.request.HTTPSHandler):
    pass


def _shut(made: list[http.client.HTTPConnection]) -> None:
    for connection in made:
        with contextlib.suppress(OSError, AttributeError):  # one that is not connected has no socket
            connection.sock.shutdown(socket.SHUT_RDWR)
