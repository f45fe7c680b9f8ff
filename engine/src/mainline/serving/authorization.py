"""Who may ask: the key of a request, its throttle and its role, whichever protocol it came by."""

from time import monotonic
from typing import Literal

from mainline.serving.answering.keys import Key, Keys
from mainline.serving.answering.messages import Head, Request
from mainline.serving.answering.problems import Problem
from mainline.serving.service import Service

Access = Literal["open", "any", "predict", "admin"]


def admit(service: Service, request: Request, access: Access | None) -> None:
    """Take a token of the request's key, and note the key in the request; None for a path that is not there.

    Raises:
        Problem: unauthorized, forbidden, throttled.
    """
    key = find(service.keys, request.head)
    if key is None:
        found = "is not valid" if request.head.authorization else "is missing"
        detail = f"The API key {found}; send 'Authorization: Bearer KEY'."
        raise Problem("unauthorized", detail, headers=[(b"www-authenticate", b"Bearer")])
    wait = key.bucket.take(monotonic())
    if wait:
        detail = f"This key may send {key.bucket.rate:g} requests a second; wait {wait:.3f} s."
        raise Problem("throttled", detail, headers=[(b"retry-after", b"%d" % (int(wait) + 1))])
    if access and access not in ("any", key.role):
        raise Problem("forbidden", f"This needs a key of the role '{access}'; this key's is '{key.role}'.")
    request.key = key


def find(keys: Keys, head: Head) -> Key | None:
    """Return the key of a head that is valid now; looked for again only once the keys are others."""
    if head.known is None or head.known[0] is not keys:
        key = keys.find(head.authorization)
        if key is None:
            return None
        head.known = keys, key
    return head.known[1]
