"""Requests that stay at their address: a redirect would take what is sent, or credentials, to one that nobody named."""

import http.client
import urllib.request
from typing import Any


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows none."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return no request, so that the redirect is a failure."""


def opened(request: urllib.request.Request, seconds: float) -> http.client.HTTPResponse:
    """Send a request to http or https and return the answer, which is to be closed.

    Raises:
        urllib.error.HTTPError: when the answer is a redirect or a refusal.
        OSError: when there is no answer.
    """
    answer: http.client.HTTPResponse = urllib.request.build_opener(_Stay).open(request, timeout=seconds)
    return answer
