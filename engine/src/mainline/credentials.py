"""Credentials of the environment, taken out of what is printed: a driver's error may repeat the address that it got."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

HIDDEN = "***"
_NAMES = re.compile(
    r"PASS(WORD|WD|PHRASE)?(_|$)|SECRET|TOKEN|CREDENTIAL|KEY(_|$)|DSN|_UR[LI]$|CONNECTION", re.IGNORECASE
)
"""Names of variables that hold a credential, or an address with one in it."""
_SHORTEST = 4
"""Letters of a text that is hidden: shorter ones are words of any sentence."""


def hide(text: str) -> str:
    """Return a text with `***` in the place of each credential of the environment, as it is or as an address has it."""
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python does, without credentials; for `sys.excepthook`."""
    print(hide("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _secrets() -> Iterator[str]:
    for name, value in os.environ.items():
        if not _NAMES.search(name):
            continue
        found = _of_address(value) if "://" in value else () if _is_place(value) else (value,)
        yield from (secret for secret in found if len(secret) >= _SHORTEST)


def _of_address(address: str) -> tuple[str, ...]:
    """Return the password of an address as it is written and as it is meant, and the values of its query."""
    try:
        parts = urlsplit(address)
        password = parts.password or ""
    except ValueError:  # it is not an address after all
        return (address,)
    queried = tuple(
        value for name, _, value in (pair.partition("=") for pair in parts.query.split("&")) if _NAMES.search(name)
    )
    return password, unquote(password), *queried


def _is_place(value: str) -> bool:
    """Say whether a value is a file that is there, such as that of a key; where it lies is no secret."""
    try:
        return Path(value).exists()
    except OSError:  # longer than a name can be
        return False
