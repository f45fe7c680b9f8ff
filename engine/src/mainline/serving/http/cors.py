"""Cross-origin requests of browsers, as the Fetch standard has them: only from origins that are declared.

Keys travel in a header that a page sets itself, never by cookie, so credentials are not allowed.
"""

import re
from collections.abc import Sequence

from mainline.serving.answering.messages import Header, Reply, Request
from mainline.serving.answering.problems import Problem

METHODS = b"GET, HEAD, POST"
EXPOSED = b"retry-after, traceparent, x-request-id"
"""Headers of an answer that a page may read."""
REMEMBERED_SECONDS = 600
"""How long a browser may go on without asking again."""
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+([ ]*,[ ]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")


class Cors:
    """The origins whose pages may ask."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, request: Request) -> list[Header]:
        """Return what an answer needs; also without an origin it says that it would differ by one."""
        origin = request.headers.get(b"origin", b"")
        if origin not in self._origins:
            return [(b"vary", b"Origin")]
        return [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED),
        ]

    def preflight(self, request: Request) -> Reply | None:
        """Answer a browser that asks whether a page may ask, the same for every path; None: it is another request.

        Raises:
            Problem: forbidden, where the origin is not declared.
        """
        headers = request.headers
        if request.method != "OPTIONS" or b"origin" not in headers or b"access-control-request-method" not in headers:
            return None
        if headers[b"origin"] not in self._origins:
            origin = headers[b"origin"].decode("latin-1")[:200]
            raise Problem("forbidden", f"Pages of the origin {origin!r} may not ask; service.origins declares who may.")
        allowed = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-max-age", b"%d" % REMEMBERED_SECONDS),
        ]
        asked = headers.get(b"access-control-request-headers", b"").strip()
        if _NAMES.fullmatch(asked):  # which headers a client of ours sends is its own affair
            allowed.append((b"access-control-allow-headers", asked))
        return Reply(b"", status=204, headers=allowed)
