"""Names of requests: a request id, and W3C trace context (https://www.w3.org/TR/trace-context/)."""

import os
import random
import re
from itertools import count
from typing import NamedTuple

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""A client's id that is taken over: plain, short text."""
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_PROCESS = os.urandom(6).hex()
_NUMBER = count(1)
_SPANS = random.Random(os.urandom(16))  # noqa: S311 - names, not secrets


def request_id(given: bytes) -> str:
    """Return the client's id where it is plain, short text, else one of our own."""
    if given and GIVEN_ID.fullmatch(given):
        return given.decode()
    return f"{_PROCESS}-{next(_NUMBER):x}"


def traceparent(given: bytes) -> str:
    """Return our place in the client's trace, or in a new one where what was given is not valid."""
    matched = _PARENT.fullmatch(given) if given else None
    if matched and _valid(matched):
        return f"00-{matched[2].decode()}-{_SPANS.getrandbits(64) | 1:016x}-{int(matched[4], 16) & 1:02x}"
    drawn = f"{_SPANS.getrandbits(192) | 1 << 64 | 1:048x}"
    return f"00-{drawn[:32]}-{drawn[32:]}-00"


class Caller(NamedTuple):
    """The place in a trace from which a request came."""

    span: str
    sampled: bool


def caller(given: bytes) -> Caller | None:
    """Return the client's place in its trace; None where what was given is not valid."""
    matched = _PARENT.fullmatch(given) if given else None
    if matched is None or not _valid(matched):
        return None
    return Caller(matched[3].decode(), bool(int(matched[4], 16) & 1))


def _valid(matched: re.Match[bytes]) -> bool:
    version, trace, parent = matched[1], matched[2], matched[3]
    newer = version != b"00" or matched[5] is None  # version 00 has four parts, later ones may have more
    return version != b"ff" and newer and trace != b"0" * 32 and parent != b"0" * 16
