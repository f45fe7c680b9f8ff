"""GitHub's REST interface, as far as the workflows need it: JSON, pages, files up and down."""

import http.client
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mainline import backoff
from mainline.errors import MainlineError
from mainline.registry import origin
from mainline.repository.git import ask as ask_git

SERVER, REST = "https://github.com", "https://api.github.com"
PAGE = 100  # items, the most that GitHub gives at once
SECONDS = 60.0  # until a request counts as lost
MAX_BYTES = 20_000_000  # of an answer in JSON
TRIES = 4  # of a question whose answer breaks off or is in PASSING
SHORTEST, LONGEST = 0.5, 2.0  # seconds until it is asked again
PASSING = (500, 502, 503, 504)
_ORIGIN = re.compile(r"^(?:https://(?:[^@/]+@)?|ssh://git@|git@)([\w.:-]+?)[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


class ApiError(MainlineError):
    """GitHub refused, or did not answer."""

    def __init__(self, asked: str, found: str, status: int = 0, passing: bool = False) -> None:
        super().__init__(f"GitHub: {asked}: {found}")
        self.status, self.passing = status, passing


@dataclass(frozen=True)
class Api:
    """One repository on GitHub; `url` is the REST interface's, `name` is OWNER/REPOSITORY."""

    name: str
    url: str = REST
    server: str = SERVER
    token: str = field(default="", repr=False)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request about the repository; `path` follows `/repos/OWNER/REPOSITORY`.

        Raises:
            ApiError: when GitHub refuses; `status` has its number.
        """
        content = None if body is None else json.dumps(body).encode()
        answer = self._send(method, f"{self.url}/repos/{self.name}{path}", content, "application/json", MAX_BYTES)
        return json.loads(answer) if answer.strip() else None

    def pages(self, path: str, key: str | None = None, **query: str | int) -> Iterator[Any]:
        """Yield each item of a list, page after page; `key` names the list where it is inside an object."""
        number = 1
        while True:
            asked = urllib.parse.urlencode({**query, "per_page": PAGE, "page": number})
            found = self.ask("GET", f"{path}?{asked}")
            items = found[key] if key else found
            yield from items
            if len(items) < PAGE:
                return
            number += 1

    def download(self, url: str, limit: int) -> bytes:
        """Return a file of at most so many bytes.

        Raises:
            ApiError: when it is larger, or not to be had.
        """
        return self._send("GET", url, None, "", limit, "application/octet-stream")

    def attach(self, release: Mapping[str, Any], name: str, content: bytes) -> Any:
        """Send a file to a release."""
        url = f"{release['upload_url'].partition('{')[0]}?{urllib.parse.urlencode({'name': name})}"
        return json.loads(self._send("POST", url, content, "application/octet-stream", MAX_BYTES))

    def _send(
        self, method: str, url: str, content: bytes | None, kind: str, limit: int, accept: str = "application/json"
    ) -> bytes:
        """Send a request; a question, which changes nothing, again if GitHub cannot answer at the moment."""
        for failures in range(1, TRIES if method == "GET" else 1):
            try:
                return self._try(method, url, content, kind, limit, accept)
            except ApiError as error:
                if not error.passing:
                    raise
                time.sleep(backoff.wait(failures, SHORTEST, LONGEST))
        return self._try(method, url, content, kind, limit, accept)

    def _try(self, method: str, url: str, content: bytes | None, kind: str, limit: int, accept: str) -> bytes:
        asked = f"{method} {urllib.parse.urlsplit(url).path}"
        if not url.startswith("https://"):
            raise ApiError(asked, "only https is spoken")
        request = urllib.request.Request(url, content, method=method)  # noqa: S310 - https, as checked above
        request.add_header("Accept", "application/vnd.github+json" if accept == "application/json" else accept)
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        if kind:
            request.add_header("Content-Type", kind)
        if self.token:
            # Not to where GitHub redirects to: files are with somebody else, who must not see it.
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=SECONDS, context=ssl.create_default_context()) as answer:  # noqa: S310
                found: bytes = answer.read(limit + 1)
                whole = int(answer.headers.get("Content-Length") or 0)
        except urllib.error.HTTPError as error:
            raise ApiError(asked, _explain(error), error.code, error.code in PASSING) from error
        except (ConnectionError, http.client.HTTPException) as error:
            raise ApiError(asked, f"the answer broke off ({type(error).__name__})", passing=True) from error
        except (OSError, ValueError) as error:
            raise ApiError(asked, f"no answer ({' '.join(str(error).split())[:200]})") from error
        if len(found) < min(whole, limit):
            raise ApiError(asked, f"the answer broke off after {len(found):,} of {whole:,} bytes", passing=True)
        if len(found) > limit:
            raise ApiError(asked, f"more than {limit:,} bytes, which is the limit")
        return found


def connect() -> Api:
    """Open this repository: what a run on GitHub names, or what `origin` points at; the token is GITHUB_TOKEN's.

    Raises:
        ApiError: when it is not on GitHub.
    """
    found = find()
    if found is None:
        raise ApiError(
            "which repository",
            "origin is not on GitHub. Set GITHUB_REPOSITORY=OWNER/REPOSITORY, and GITHUB_SERVER_URL on another server.",
        )
    return found


def find() -> Api | None:
    """Open this repository, as `connect`; None where it is not on GitHub."""
    token = os.environ.get("GITHUB_TOKEN", "")
    server = os.environ.get("GITHUB_SERVER_URL", SERVER).rstrip("/")
    interface = os.environ.get("GITHUB_API_URL") or _interface(server)
    name = os.environ.get("GITHUB_REPOSITORY", "")
    if name:
        return Api(name, interface, server, token)
    matched = _ORIGIN.match(ask_git("remote", "get-url", origin.remote()))
    about = urllib.parse.urlsplit(server.lower())
    known = matched is not None and matched[1].lower() in (about.netloc, about.hostname)
    return Api(matched[2], interface, server, token) if matched and known else None


def _interface(server: str) -> str:
    """Say where a server has its REST interface: github.com, one of GitHub's for an enterprise, or an own one."""
    host = (urllib.parse.urlsplit(server).hostname or "").lower()
    if host == "github.com":
        return REST
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"{server}/api/v3"


def _explain(error: urllib.error.HTTPError) -> str:
    """Say what was refused, in GitHub's words and what they usually mean."""
    try:
        said = str(json.loads(error.read(10_000)).get("message", ""))[:200]
    except (ValueError, AttributeError):
        said = ""
    hints = {
        401: "the token is not one of GitHub's",
        403: "the token may not",
        404: "not there, or the token may not see it",
    }
    return " ".join(f"{error.code} {said} ({hints.get(error.code, error.reason)})".split())
