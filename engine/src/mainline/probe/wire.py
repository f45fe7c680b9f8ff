"""Requests over HTTP or TLS to a service that runs somewhere; each over a connection of its own, and no redirect."""

import http.client
import json
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mainline.errors import MainlineError
from mainline.text import clean

SECONDS = 30.0
"""How long an answer may take."""
_LARGEST = 20_000_000
"""Bytes of an answer that are read."""


KEY = "MAINLINE_API_KEY"
"""The variable that has the key, since others of the machine can read a command line."""
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_PROBLEM = "application/problem+json"
_REMEDIES: Mapping[int, str] = {
    404: "add the path that the proxy shows the service under",
    413: "its limit of a body is below service.limits.body_bytes",
    429: "its limit of requests is below what was sent",
    502: "it reaches no server, or lost one while it answered",
    503: "it has a limit of requests below what was sent, or reaches no server",
    504: "the service answered later than the proxy waits",
}
_ITS_OWN = "the request did not come to the service"
_UNVOUCHED = (18, 19, 20, 21)
"""X509_V_ERR of OpenSSL: self-signed, itself or what is above it, and an issuer that is not there."""
_ANOTHERS = (62, 64)
"""Of another host name, of another address."""
_OWN_AUTHORITY = (
    " If an authority of your own signed it, name that authority's certificate (--ca FILE); if a public one did, the "
    "server leaves out the certificates between its own and the authority's."
)
_CERTIFICATES: Mapping[int, str] = {
    **dict.fromkeys(_UNVOUCHED, _OWN_AUTHORITY),
    **dict.fromkeys(_ANOTHERS, " Ask the service by a name that its certificate has."),
}


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

    @property
    def author(self) -> str:
        """Who answered, if it was not the service, whose refusals are problem documents: a proxy; else ''."""
        return author(self.status, self.headers.get("content-type", ""), self.headers.get("server", ""))

    def said(self) -> str:
        """Return the status, and who answered if it was a proxy; '' stands for nobody else."""
        return f"{self.status} by {self.author}" if self.author else str(self.status)

    def remedy(self) -> str:
        """Say what to do about an answer that is not the service's, or not to a client it knows; '' if it is not so."""
        if 300 <= self.status < 400:
            return f": it leads to {clean(self.headers.get('location', 'nowhere'))[:200]}; ask the address it leads to"
        if self.status == 401:
            return f": name a key ({KEY})"
        return f": {_REMEDIES.get(self.status, _ITS_OWN)}" if self.author else ""

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
            remedy = _CERTIFICATES.get(error.verify_code, "")
            said = error.verify_message.rstrip(".")
            raise ProbeError(f"the certificate of {self.host} is not trusted: {said}.{remedy}") from error
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


def author(status: int, kind: str, server: str) -> str:
    """Return who gave an answer, if that was not the service: the name that a proxy goes by, or 'a proxy'.

    Args:
        status: of the answer.
        kind: its content type; the service refuses by a problem document, proxies by pages or plain text.
        server: what it says of its server; most proxies write their name.
    """
    if status < 300 or kind.startswith(_PROBLEM):
        return ""
    named = _NAMED.match(server)
    return named[0] if named else "a proxy"


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
