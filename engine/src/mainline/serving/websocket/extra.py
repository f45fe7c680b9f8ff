"""What there is of the WebSocket without its library: the path, who may ask for it, and the line that installs it."""

from typing import TYPE_CHECKING

from mainline.declared.service import Settings
from mainline.serving import extras
from mainline.serving.answering.problems import Problem

if TYPE_CHECKING:
    from mainline.serving.answering.messages import Reply, Request
    from mainline.serving.service import Service

PATH = "/predict/stream"
VERSION = b"13"
"""The only one that RFC 6455 has."""


def check(settings: Settings) -> None:
    """Hold what is declared to what is installed.

    Raises:
        MainlineError: when the library is not.
    """
    if settings.websocket:
        extras.require("websocket", "websockets", "websockets")


async def refuse(_service: "Service", _request: "Request") -> "Reply":
    """Tell a client that asked for the path by plain HTTP what to ask for.

    Raises:
        Problem: upgrade-required.
    """
    raise upgrade_required("Nothing else is answered here; open a WebSocket, or send rows to /predict.")


def upgrade_required(detail: str) -> Problem:
    """Return the problem of a request that does not begin a WebSocket."""
    headers = [(b"connection", b"upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-version", VERSION)]
    return Problem("upgrade-required", detail, headers=headers)
