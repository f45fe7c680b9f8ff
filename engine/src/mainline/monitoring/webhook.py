"""A message to an address that is declared: within a time limit, to no other address, and its URL stays secret."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from mainline import redirects

SECONDS = 10.0
"""How long a message may take in all."""
_SCHEMES = ("https://", "http://")


_waiting: dict[str, threading.Thread] = {}
"""What still waits for an answer, by URL: it ends with the process, and nothing else is sent there meanwhile."""


def post(url: str, document: Mapping[str, Any], seconds: float = SECONDS) -> str:
    """Send a JSON document by POST; return what went wrong, or '' if it was taken.

    What is returned names no part of the URL: whoever knows it may write to the channel.
    """
    if not url.startswith(_SCHEMES):
        return "it does not hold an http or https address"
    if (before := _waiting.get(url)) and before.is_alive():
        return "the message before this one has no answer yet"
    outcome: list[str] = []
    sending = _waiting[url] = threading.Thread(
        target=lambda: outcome.append(_send(url, document, seconds)), daemon=True
    )
    sending.start()
    sending.join(seconds)
    return outcome[0] if outcome else f"no answer within {seconds:g} s"


def _send(url: str, document: Mapping[str, Any], seconds: float) -> str:
    content = json.dumps(document, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "mainline"}
    try:
        request = urllib.request.Request(url, content, headers, method="POST")  # noqa: S310 - one of two schemes
        with redirects.opened(request, seconds):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            moved = ", which points elsewhere and is not followed" if 300 <= error.code < 400 else ""
            return f"it answered {error.code}{moved}"
    except urllib.error.URLError as error:
        return f"it cannot be reached ({error.reason})"
    except OSError as error:
        return f"it did not answer ({error})"
    except Exception as error:  # its message may name the URL
        return f"it cannot be asked ({type(error).__name__})"
