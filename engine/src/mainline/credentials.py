"""Credentials of the environment, taken out of what is printed: a driver's error may repeat the address that it got."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
_NAMES = re.compile(
    r"PASS(WORD|WD|PHRASE|CODE)?S?\d*(_|$)|(^|_)(PWD?|PAT|SAS|O?AUTH|AUTHORIZATION|BEARER|COOKIE|JWT|SIG|SIGNATURE"
    r"|CRED|KEYS|HMAC|OTP)S?\d*(_|$)|SECRET|TOKENS?\d*(_|$)|CREDENTIAL|KEY\d*(_|$)|DSN|_UR[LI]$"
    r"|CONNECTION(_?STR(ING)?)?$",
    re.IGNORECASE,
)
"""Names of variables that hold a credential, or an address with one in it; hyphens count as `_`."""
_FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,}\.eyJ[\w-]+\.[\w-]*|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"
    r"|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}|\bA(KIA|SIA)[A-Z\d]{16}\b"
)
"""What credentials of some services look like, whatever they are called."""
_ADDRESS = re.compile(r"[a-z][a-z\d+.:-]*://[^\s{}\"']+", re.IGNORECASE)
_ONLY_ADDRESS = re.compile(r"_UR[LI]$", re.IGNORECASE)
"""Names of variables that hold an address, of which host and path are no secret."""
_PAIR = re.compile(r"""([\w-]+)["']?\s*[=:]\s*["']?([^;&,"'\s]+)""")
_PASSWORD = re.compile(r"(^|_)(PASS(WORD|WD|PHRASE)?|PWD|SECRET|TOKEN)$", re.IGNORECASE)
"""Names in a value that say so of what follows them, whatever the variable is called."""
_PLAIN = re.compile("true|false|none|null|auto", re.IGNORECASE)
"""Values of settings that are no credential whatever they are called."""
_SHORTEST = 4
"""Letters of a text that is hidden: shorter ones are words of any sentence."""


def hide(text: str) -> str:
    """Return a text with `***` in the place of each credential of the environment, as it is or as an address has it."""
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def is_secret(name: str, value: str) -> bool:
    """Whether a variable holds a credential, by its name, by an address or a pair in its value, or by its form."""
    found = [*_within(name, value)]
    if _says(name) and not _ADDRESS.fullmatch(value):
        found.append(value)  # also one that happens to be the name of a file here
    return any(secret and not _PLAIN.fullmatch(secret) for secret in found)


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python does, without credentials; for `sys.excepthook`."""
    print(hide("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _secrets() -> Iterator[str]:
    for name, value in os.environ.items():
        for secret in _within(name, value):
            if len(secret) >= _SHORTEST and not _PLAIN.fullmatch(secret):
                yield from (secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])


def _within(name: str, value: str) -> Iterator[str]:
    """Yield what is secret of a variable's value: all of it, or parts of an address."""
    if forms := [found.group() for found in _FORMS.finditer(value)]:
        yield from (value, *forms)
    if _ADDRESS.fullmatch(value):
        yield from _of_address(value)
        if not _says(name) or _ONLY_ADDRESS.search(name) or "@" in value or "?" in value:
            return
    if _says(name) and not _is_place(value):
        yield value
        yield from (part for key, part in _PAIR.findall(value) if _says(key))
    else:
        yield from (part for key, part in _PAIR.findall(value) if _PASSWORD.search(key))


def _of_address(address: str) -> Iterator[str]:
    """Yield who is let in by an address, as it is written and as it is meant, and the secret values of its query."""
    head, at, _ = address.partition("://")[2].rpartition("@")
    if at and "?" not in head:
        user, colon, password = head.partition(":")
        yield from (password, unquote(password)) if colon else (user, unquote(user))
    for pair in address.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if _says(name):
            yield from (value, unquote(value))


def _says(name: str) -> bool:
    """Say whether a name says that what it names is a credential."""
    return bool(_NAMES.search(name.replace("-", "_")))


def _is_place(value: str) -> bool:
    """Say whether a value is a file that is there, such as that of a key; where it lies is no secret."""
    try:
        return Path(value).exists()
    except OSError:  # longer than a name can be
        return False
