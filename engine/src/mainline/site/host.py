"""The site on this machine: answered from its folder at 127.0.0.1, and shown in a browser if there is a screen."""

import contextlib
import os
import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError

HOST = "127.0.0.1"
_PORTS = 65_536


class _Handler(SimpleHTTPRequestHandler):
    """Answers from the folder; says nothing of single requests, and lets nobody keep what is built again."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def do_GET(self) -> None:
        """Answer, unless a page of another site had its own name lead here to read this one."""
        if self._is_asked_by_name():
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answer the same without the content."""
        if self._is_asked_by_name():
            super().do_HEAD()

    def _is_asked_by_name(self) -> bool:
        known = self.headers.get("Host", "").partition(":")[0] in (HOST, "localhost")
        if not known:
            self.send_error(421)
        return known

    def log_message(self, *_: Any) -> None:
        return


def serve(folder: Path, port: int, show: bool) -> None:
    """Answer from a folder until Ctrl-C.

    Args:
        folder: the site.
        port: of 127.0.0.1; 0 takes a free one.
        show: open a browser, where there is a screen.

    Raises:
        MainlineError: when the port is not one, or is taken.
    """
    if not 0 <= port < _PORTS:
        raise MainlineError(f"--port {port} is not a port; name one from 1 to {_PORTS - 1}, or 0 for a free one.")
    try:
        server = ThreadingHTTPServer((HOST, port), partial(_Handler, directory=os.fspath(folder)))
    except OSError as error:
        raise MainlineError(
            f"port {port} of {HOST} cannot be had ({error.strerror}). Name another one (--port), or none."
        ) from error
    with server, contextlib.suppress(KeyboardInterrupt):
        address = f"http://{HOST}:{server.server_port}/"
        print(f"{address} shows {folder}. Ctrl-C ends it.", flush=True)
        if show and _has_screen():
            webbrowser.open(address)
        server.serve_forever()


def _has_screen() -> bool:
    """Say whether a browser has where to show itself; one for terminals would take this one."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
