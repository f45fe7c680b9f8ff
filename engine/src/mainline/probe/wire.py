"""Requests over HTTP or TLS to a service that runs somewhere; each over a connection of its own, and no redirect."""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mainline.errors import MainlineError

SECONDS = 30.0
"""How long an answer may take."""
_LARGEST = 20_000_000
"""Bytes of an answer that are read."""


class ProbeError(MainlineError):
    """The service cannot be asked, or is not as it should be."""


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in small letters, `tls` and `days` are of the connection, if it has any.

    `days` is how long the certificate is valid.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    tls: str = ""
    days: float = 0.0

    def json(self) -> Any:
        """Return the body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Target:
    """Where a service answers: `prefix` is the path that a proxy shows it under; `context` says whom TLS trusts."""

    host: str
    port: int
    prefix: str
    secure: bool
    key: str = field(default="", repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def ask(
        self, path: str, content: Any = None, *, raw: bytes | None = None, key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """Send one request: a POST of JSON or of raw bytes, or else a GET.

        Raises:
            ProbeError: when there is no answer.
        """
        body = raw if raw is not None else None if content is None else json.dumps(content).encode()
        used = self.key if key is None else key
        sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {used}"} if used else {})}
        connection = self._connection()
        try:
            connection.request("GET" if body is None else "POST", self.prefix + path, body, sent | dict(headers or {}))
            tls, days = _peer(connection)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, found, reply.read(_LARGEST), tls, days)
        except ssl.SSLCertVerificationError as error:
            raise ProbeError(f"the certificate of {self.host} is not trusted: {error.verify_message}.") from error
        except ssl.SSLError as error:
            raise ProbeError(
                f"{self.host}:{self.port} does not answer over TLS ({error.reason or error}). If it speaks plain HTTP, "
                "write http://."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise ProbeError(
                f"{self.host}:{self.port} does not answer {path}: {error or type(error).__name__}."
            ) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=SECONDS, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)


def target(url: str, key: str, authority: Path | None) -> Target:
    """Read an address such as https://models.example.org/churn.

    Args:
        url: the address, with the path that a proxy shows the service under.
        key: of an API; '' for a service that asks for none.
        authority: a file of certificates that are trusted instead of the system's.

    Raises:
        ProbeError: when it is not such an address, or the file cannot be read.
    """
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ProbeError("an address with a password in it ends up in logs; give the key by MAINLINE_API_KEY instead.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except ValueError as error:
        raise ProbeError(f"'{url[:80]}' is not an address: {error}.") from error
    known = parts.scheme in ("http", "https") and host and port != 0 and is_plain(parts.path)
    if not known or parts.query or parts.fragment:
        raise ProbeError(f"'{url[:80]}' is not an address of a service; write one such as http://127.0.0.1:8080.")
    secure = parts.scheme == "https"
    if authority and not secure:
        raise ProbeError(f"--ca is for https://, and {url[:80]} is not asked over TLS.")
    try:
        context = ssl.create_default_context(cafile=authority) if secure else None
    except (OSError, ssl.SSLError) as error:
        raise ProbeError(f"{authority} cannot be read as certificates: {error}.") from error
    return Target(host, port or (443 if secure else 80), parts.path.rstrip("/"), secure, key, context)


def is_plain(text: str) -> bool:
    """Say whether all characters may stand in the head of a request: ASCII, no space and no line break."""
    return all("!" <= character <= "~" for character in text)


def _peer(connection: http.client.HTTPConnection) -> tuple[str, float]:
    """Return the protocol of a connection over TLS, and for how many days its certificate is valid."""
    if not isinstance(connection.sock, ssl.SSLSocket):
        return "", 0.0
    ends = ssl.cert_time_to_seconds(str((connection.sock.getpeercert() or {}).get("notAfter")))
    return connection.sock.version() or "", (ends - time.time()) / 86_400
