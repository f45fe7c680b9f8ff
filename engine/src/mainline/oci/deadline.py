"""A moment by which the head of an answer has come: a timeout of a socket begins again with each byte."""

import contextlib
import http.client
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
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


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, made: list[http.client.HTTPConnection]) -> None:
        super().__init__()
        self._made = made

    def do_open(self, http_class: Any, req: urllib.request.Request, **given: Any) -> Any:
        return super().do_open(_noted(http_class, self._made), req, **given)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, made: list[http.client.HTTPConnection]) -> None:
        super().__init__()
        self._made = made

    def do_open(self, http_class: Any, req: urllib.request.Request, **given: Any) -> Any:
        return super().do_open(_noted(http_class, self._made), req, **given)


def _noted(http_class: Any, made: list[http.client.HTTPConnection]) -> Callable[..., http.client.HTTPConnection]:
    def make(*given: Any, **named: Any) -> http.client.HTTPConnection:
        made.append(connection := http_class(*given, **named))
        return connection

    return make


def _shut(made: list[http.client.HTTPConnection]) -> None:
    for connection in made:
        with contextlib.suppress(OSError, AttributeError):  # one that is not connected has no socket
            connection.sock.shutdown(socket.SHUT_RDWR)
