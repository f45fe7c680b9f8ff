"""Ask the application without a socket."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mainline.serving.http.app import Application
from mainline.serving.service import Service

JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """The kind of a problem."""
        return str(self.json["type"]).removeprefix("/docs#")


@dataclass
class Client:
    """Asks one service, with a key unless told otherwise."""

    service: Service
    key: str = ""
    admin: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, content: Any = None, *, body: bytes | None = None, **given: Any) -> Reply:
        """Send one request; see `ask_all`."""
        return self.ask_all([(path, content, body, given)])[0]

    def ask_all(self, requests: Sequence[tuple[str, Any, bytes | None, dict[str, Any]]]) -> list[Reply]:
        """Send requests at the same moment; each is a path, what becomes its JSON body, or its body, and settings.

        Settings are `method`, `key` ('' for none), `headers` and `chunks`, the parts in which the body arrives.
        """
        application = Application(self.service)

        async def together() -> list[Reply]:
            return await asyncio.gather(*[self._one(application, *request) for request in requests])

        return asyncio.run(together())

    def predict(self, rows: Any, **given: Any) -> Reply:
        """Ask for predictions."""
        return self.ask("/predict", rows, **given)

    async def _one(self, app: Application, path: str, content: Any, body: bytes | None, given: dict[str, Any]) -> Reply:
        sent = body if body is not None else b"" if content is None else json.dumps(content).encode()
        chunks = given.get("chunks") or [sent]
        key = given.get("key", self.key)
        headers = {"content-type": JSON} if sent else {}
        headers |= {"authorization": f"Bearer {key}"} if key else {}
        headers |= self.headers | given.get("headers", {})
        messages = [{"type": "http.request", "body": part, "more_body": part is not chunks[-1]} for part in chunks]
        if given.get("hang_up"):
            messages[-1] = {"type": "http.disconnect"}
        sending = iter(messages)
        answered: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return next(sending)

        async def send(message: dict[str, Any]) -> None:
            answered.append(message)

        scope = {
            "type": "http", "method": given.get("method", "GET" if not sent else "POST"), "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value is not None],
        }  # fmt: skip
        await app(scope, receive, send)
        if not answered:
            return Reply(0, {}, b"")
        start, *bodies = answered
        named = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], named, b"".join(part["body"] for part in bodies))
