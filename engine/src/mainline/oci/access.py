"""Requests to one registry: with its credentials, again if it was busy, and each failure in one line."""

import http.client
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from mainline import backoff
from mainline.errors import MainlineError
from mainline.oci import credentials, deadline
from mainline.text import clean

Answer = http.client.HTTPResponse
Body = bytes | IO[bytes]

SECONDS = 30.0
"""How long a registry may be silent."""
TRIES, SHORTEST, LONGEST = 3, 0.5, 4.0
"""How often a request is sent, and the seconds between two tries."""
REDIRECTS = 5
PIECE = 2**20
"""Bytes that are read at once."""
MOST_WORDS = 65_536
"""Bytes that are read of an answer that says why, or that holds a token."""
_REDIRECTED = (301, 302, 303, 307, 308)
_BUSY = (429, 500, 502, 503, 504)
_REFUSED = (http.client.UNAUTHORIZED, http.client.FORBIDDEN)


class RegistryError(MainlineError):
    """A registry does not give or take what it is asked for; the text names the registry, and says why in a line."""


class _Plain(urllib.request.HTTPErrorProcessor):
    """Hands out every answer as it is. urllib would follow a redirect, with credentials, to whatever host it names."""

    def http_response(self, _: urllib.request.Request, response: Any) -> Any:
        """Return the answer."""
        return response

    https_response = http_response  # type: ignore[assignment]


@dataclass
class Access:
    """One host. `base` is its address with http or https; `until` ends what lasts too long, by `time.monotonic`."""

    base: str
    until: float = float("inf")
    _header: dict[str, str] = field(default_factory=dict)
    """The Authorization that the host took last, by the method's right: pull or push."""

    @property
    def host(self) -> str:
        """The host with its port."""
        return urllib.parse.urlsplit(self.base).netloc

    def ask(
        self,
        method: str,
        url: str,
        body: Callable[[], Body] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, and return the answer whatever it says, except for refused credentials and a busy host.

        Args:
            method: GET, HEAD, POST or PUT.
            url: a path at this host, or an address that the host named.
            body: makes what is sent, anew for each try.
            headers: beside those of this class.

        Raises:
            RegistryError: when the host does not answer, stays busy, or refuses the credentials.
        """
        address = urllib.parse.urljoin(self.base, url)
        for number in range(1, TRIES + 1):
            try:
                answer = self._authorized(method, address, body, headers or {})
            except (OSError, http.client.HTTPException) as error:
                problem = f"does not answer ({_reason(error)})"
            except ValueError as error:
                reason = clean(str(error))[:200]
                raise RegistryError(f"registry {self.host} names an address that cannot be used: {reason}.") from error
            else:
                if answer.status not in _BUSY:
                    return answer
                problem = f"is busy: it answers {answer.status}{self._words(answer)}"
            if number < TRIES:
                time.sleep(min(backoff.wait(number, SHORTEST, LONGEST), self._left()))
        raise RegistryError(f"registry {self.host} {problem}.")

    def refusal(self, answer: Answer) -> str:
        """Say in a few words what an answer refuses."""
        return f"{answer.status}{self._words(answer)}"

    def _authorized(
        self, method: str, address: str, body: Callable[[], Body] | None, headers: Mapping[str, str]
    ) -> Answer:
        right = "pull" if method in ("GET", "HEAD") else "push"
        answer = self._followed(method, address, body, headers, self._header.get(right, ""))
        asker = urllib.parse.urlsplit(answer.url).netloc
        if answer.status in _REFUSED and asker != self.host:
            raise RegistryError(f"registry {self.host} leads to {asker}, which refuses it ({self.refusal(answer)}).")
        if answer.status == http.client.UNAUTHORIZED:
            challenge = answer.headers.get("WWW-Authenticate", "")
            header = self._answer_to(challenge)
            if header:
                answer.close()
                self._header[right] = header
                answer = self._followed(method, address, body, headers, header)
        if answer.status in _REFUSED:
            said = self.refusal(answer)
            known = credentials.find(self.host) is not None
            remedy = "check them" if known else "none are known here"
            raise RegistryError(
                f"registry {self.host} refuses these credentials ({said}); {remedy}: `docker login {self.host}`, or "
                f"{credentials.USERNAME} and {credentials.PASSWORD}."
            )
        return answer

    def _followed(
        self, method: str, address: str, body: Callable[[], Body] | None, headers: Mapping[str, str], header: str
    ) -> Answer:
        """Send a request where the host redirects it to; another host sees no credentials."""
        for _ in range(REDIRECTS):
            if self.base.startswith("https:") and not address.startswith("https:"):
                raise RegistryError(f"registry {self.host} leads from https to {_shown(address)}, which is not safe.")
            mine = urllib.parse.urlsplit(address).netloc == self.host
            sent = {**headers, **({"Authorization": header} if header and mine else {})}
            answer = self._sent(method, address, body, sent)
            place = answer.headers.get("Location", "")
            if answer.status not in _REDIRECTED or not place:
                return answer
            answer.close()
            address = urllib.parse.urljoin(address, place)
        raise RegistryError(f"registry {self.host} redirects {REDIRECTS} times.")

    def _sent(self, method: str, address: str, body: Callable[[], Body] | None, headers: Mapping[str, str]) -> Answer:
        if not address.startswith(("http://", "https://")):
            raise RegistryError(f"registry {self.host} names an address that is not http: {_shown(address)}.")
        data = body() if body else None
        request = urllib.request.Request(address, data, dict(headers), method=method)  # noqa: S310 - checked above
        try:
            seconds = max(self._left(), 0.1)
            with deadline.watched(None if seconds == float("inf") else seconds) as handlers:
                opener = urllib.request.build_opener(_Plain, *handlers)
                answer: Answer = opener.open(request, timeout=min(SECONDS, seconds))
                if time.monotonic() > self.until:  # shut, so what came of it may look like a whole head
                    answer.close()
                    self.check_time()
        finally:
            if data is not None and not isinstance(data, bytes):
                data.close()
        return answer

    def _answer_to(self, challenge: str) -> str:
        """Return the Authorization that answers a challenge (RFC 6750, RFC 7617); '' if there is none."""
        scheme, _, rest = challenge.partition(" ")
        pair = credentials.find(self.host)
        if scheme.lower() == "basic" and pair:
            return credentials.basic(pair)
        asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        realm = asked.pop("realm", "")
        if scheme.lower() != "bearer" or not realm:
            return ""
        if self.base.startswith("https:") and not realm.startswith("https:"):
            raise RegistryError(f"registry {self.host} asks for credentials at {_shown(realm)}, which is not https.")
        place = urllib.parse.urlsplit(realm).hostname or ""
        if pair and not credentials.may_have(place, urllib.parse.urlsplit(self.base).hostname or ""):
            raise RegistryError(
                f"registry {self.host} asks for credentials at {_shown(place)}, which is of another domain; if that is "
                f"right, declare {credentials.REALM}={_shown(place)}."
            )
        query = urllib.parse.urlencode({key: asked[key] for key in ("service", "scope") if key in asked})
        sent = {"Authorization": credentials.basic(pair)} if pair else {}
        answer = self._sent("GET", f"{realm}{'&' if '?' in realm else '?'}{query}", None, sent)
        with answer:
            if answer.status != http.client.OK:
                return ""
            try:
                given = json.loads(b"".join(read(self, answer, MOST_WORDS)))
                return f"Bearer {given.get('token') or given['access_token']}"
            except (ValueError, KeyError, AttributeError):
                return ""

    def _words(self, answer: Answer) -> str:
        """Return what a registry says of a failure, as the specification has it: a list of errors with messages."""
        try:
            with answer:
                errors = json.loads(b"".join(read(self, answer, MOST_WORDS)))["errors"]
            return ": " + clean(str(errors[0].get("message") or errors[0]["code"]))[:160]
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, AttributeError):
            return ""

    def _left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise RegistryError(f"registry {self.host} took too long, so it was given up.")
        return left

    def check_time(self) -> None:
        """Give up if what is done lasts too long.

        Raises:
            RegistryError: when `until` has passed.
        """
        self._left()


def read(access: Access, answer: Answer, most: int) -> Iterator[bytes]:
    """Yield what arrives of an answer, piece by piece, up to `most` bytes or a piece more.

    Each piece is what there is, so a host that sends a byte now and then is given up in time as well.

    Raises:
        RegistryError: when `until` of the access has passed.
    """
    arrived = 0
    while arrived <= most and (piece := answer.read1(PIECE)):
        access.check_time()
        arrived += len(piece)
        yield piece


def _shown(address: str) -> str:
    return clean(address)[:100]


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, BrokenPipeError | ConnectionResetError):
        return "it ended the connection, as some do if a file is larger than they take"
    return clean(str(getattr(reason, "strerror", None) or reason or type(error).__name__))[:200]
