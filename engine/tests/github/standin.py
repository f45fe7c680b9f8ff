"""A GitHub of one repository on this machine: REST and git over HTTPS, held against GitHub's own description.

Tokens may only what their permissions say. Each request and each answer is checked; what does not conform is answered
with 500 and kept in `nonconform`, so that a test can say that there was none.
"""

import base64
import json
import re
import ssl
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests import git_server
from tests.github import certificate, conform
from tests.github.repository import BOT, FULL, OPERATIONS, Item, RefusedError, Repository

API, UPLOADS, STORAGE = "/api/v3", "/api/uploads", "/storage"
Permissions = Mapping[str, str]


@dataclass
class GitHub:
    """The stand-in: `url` is the server, `authority` the file with its certificate authority."""

    url: str
    authority: Path
    repository: Repository
    tokens: dict[str, tuple[Permissions, Item]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    nonconform: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    faults: list[str] = field(default_factory=list)
    """What the next answers of REST are instead: a status, or `cut` after the first bytes."""
    private: bool = False
    """Whether nobody may read without a token."""

    def grant(self, token: str, permissions: Permissions, user: Item = BOT) -> str:
        """Make a token that may what its permissions say, such as {"contents": "read"}."""
        self.tokens[token] = (permissions, user)
        return token

    def environment(self, token: str) -> dict[str, str]:
        """Return what a step on GitHub would see, and what makes programs trust this server."""
        return {
            "GITHUB_TOKEN": token, "GITHUB_REPOSITORY": FULL, "GITHUB_SERVER_URL": self.url,
            "GITHUB_API_URL": self.url + API, "GITHUB_ACTOR": "you", "CI": "true",
            "SSL_CERT_FILE": str(self.authority), "NODE_EXTRA_CA_CERTS": str(self.authority),
            "GIT_SSL_CAINFO": str(self.authority), "GIT_TERMINAL_PROMPT": "0",
        }  # fmt: skip


@contextmanager
def serve(folder: Path) -> Iterator[GitHub]:
    """Run the stand-in on a free port of 127.0.0.1 until the block ends."""
    authority, own = certificate.make(folder)
    bare = folder / "git" / f"{FULL}.git"
    bare.parent.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], check=True)
    for name, value in (("http.receivepack", "true"), ("uploadpack.allowAnySHA1InWant", "true")):
        subprocess.run(["git", "-C", str(bare), "config", name, value], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    url = f"https://127.0.0.1:{server.server_address[1]}"
    server.github = GitHub(url, authority, Repository(bare, folder / "artifacts", url))  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.github  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith((API, UPLOADS)):
            self._rest(re.sub(f"^({API}|{UPLOADS})", "", path), dict(urllib.parse.parse_qsl(query)))
        elif path.startswith(STORAGE):
            self._storage(path)
        elif ".git/" in path or path.startswith(f"/{FULL}/"):
            self._git(path, query)
        else:
            self._send(404, b"", "text/plain")

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    @property
    def github(self) -> GitHub:
        return self.server.github  # type: ignore[attr-defined]

    def _rest(self, path: str, query: dict[str, str]) -> None:
        raw = self._read()
        with self.github.lock:
            self.github.requests.append(f"{self.command} {path}")
            try:
                status, body = self._operate(path, query, raw)
            except RefusedError as error:
                status, body = error.status, {"message": str(error)}
            except conform.NonconformError as error:
                self.github.nonconform.append(str(error))
                status, body = 500, {"message": str(error)}
        fault = self.github.faults.pop(0) if self.github.faults else ""
        if fault == "cut":
            self._send(200, b'{"na', "application/json", {"Content-Length": "100", "Connection": "close"})
        elif fault:
            self._send(int(fault), b"", "text/plain")
        elif isinstance(body, str):
            self._send(302, b"", "text/plain", {"Location": self.github.url + body})
        else:
            self._send(status, b"" if body is None else json.dumps(body).encode(), "application/json")

    def _operate(self, path: str, query: dict[str, str], raw: bytes) -> tuple[int, Any]:
        permissions, user = self._who()
        artifact = re.fullmatch(rf"/repos/{FULL}/actions/artifacts/(\d+)/zip", path)
        if artifact:
            self._allow(permissions, "actions")
            return 302, f"{STORAGE}/artifacts/{artifact[1]}"
        template, _ = conform.find(self.command, path)
        operation, permission = OPERATIONS[template]
        self._allow(permissions, permission)
        asset = re.fullmatch(rf"/repos/{FULL}/releases/assets/(\d+)", path)
        if asset and self.headers.get("Accept") == "application/octet-stream":
            return 302, f"{STORAGE}/assets/{asset[1]}"
        if asset and self.command == "DELETE":
            self.github.repository.assets.pop(int(asset[1]))
            return 204, None
        binary = self.headers.get("Content-Type") == "application/octet-stream"
        body = raw if binary else json.loads(raw) if raw else None
        conform.check_request(self.command, path, query, None if binary else body)
        numbers = [int(part) for part in path.split("/")[4:] if part.isdigit()]
        named = {**query, **_named(path)}
        status, found = operation(self.github.repository, numbers, named, body, user)
        found = conform.answer(self.command, path, status, _page(found, query))
        conform.check_answer(self.command, path, status, found)
        return status, found

    def _who(self) -> tuple[Permissions, Item]:
        """Return what the sender may; nobody in particular may read what is public."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        if not value and self.github.private:
            raise RefusedError(404, "Not Found")
        if not value:
            return {"contents": "read", "pull-requests": "read", "metadata": "read"}, {"login": "nobody"}
        if value not in self.github.tokens:
            raise RefusedError(401, "Bad credentials")
        permissions, user = self.github.tokens[value]
        return {"metadata": "read", **permissions}, user

    def _allow(self, permissions: Permissions, name: str) -> None:
        wanted = ("read", "write") if self.command == "GET" else ("write",)
        name = name.split(", ")[0 if self.command == "GET" else -1]
        if permissions.get(name) not in wanted:
            raise RefusedError(403, "Resource not accessible by integration")

    def _storage(self, path: str) -> None:
        """Hand out a file as GitHub's storage does, which refuses a token that is not its own."""
        kind, number = path.removeprefix(f"{STORAGE}/").split("/")
        if "Authorization" in self.headers:
            self._send(400, b"", "text/plain")
            return
        repository = self.github.repository
        content = repository.archive(int(number)) if kind == "artifacts" else repository.assets[int(number)][2]
        self._send(200, content, "application/octet-stream")

    def _git(self, path: str, query: str) -> None:
        writes = "receive-pack" in path or "receive-pack" in query
        raw = self._read()
        try:
            permissions, _ = self._who()
        except RefusedError:
            permissions = {}
        if permissions.get("contents") not in (("write",) if writes else ("read", "write")):
            self._send(401, b"", "text/plain", {"WWW-Authenticate": 'Basic realm="GitHub"'})
            return
        path = path if ".git/" in path else path.replace(FULL, f"{FULL}.git", 1)
        status, body, headers = git_server.answer(self.github.repository.bare.parents[1], self, path, query, raw)
        self._send(status, body, headers.pop("Content-Type", "text/plain"), headers)

    def _read(self) -> bytes:
        return git_server.read(self)

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        git_server.send(self, status, body, kind, headers)


def _named(path: str) -> dict[str, str]:
    """Return what a path names that is not a number."""
    if "/git/" in path:
        return {"sha": path.rpartition("/")[2]}
    if "/compare/" in path:
        return {"basehead": path.rpartition("/")[2]}
    environment = re.search(r"/environments/([^/]+)", path)
    return {"name": environment[1]} if environment else {}


def _page(found: Any, query: Mapping[str, str]) -> Any:
    """Cut a list as GitHub does: 30 items a page unless asked otherwise, at most 100."""
    size, number = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    if isinstance(found, list):
        return found[(number - 1) * size : number * size]
    for key in ("artifacts", "workflow_runs", "branch_policies"):
        if isinstance(found, dict) and key in found:
            return {**found, key: found[key][(number - 1) * size : number * size]}
    return found
