"""Who may begin a WebSocket, and what everybody else is told."""

import importlib.util
import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from mainline.declared.service import Settings, WebSocket
from mainline.errors import MainlineError
from mainline.serving.websocket import extra
from tests.mainline.serving.running import Running, running, wait_for
from tests.mainline.serving.websocket.clients import head, opened, raw, told
from tests.project import LIMIT

SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that lets the pages of one origin ask."""
    folder = tmp_path_factory.mktemp("handshake")
    with running(folder, package_dir, websocket={}, origins=[SHOP]) as made:
        yield made
        assert "Traceback" not in (folder / "errors").read_text()


def exchange(server: Running, sent: bytes, answers: int = 1) -> tuple[list[int], bytes]:
    """Send bytes; return the statuses of so many answers, or of those until the end of the connection, and all."""
    came = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.sendall(sent)
        while (came.count(b"HTTP/1.1 ") < answers or not came.endswith(b"}")) and (part := client.recv(65536)):
            came += part
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", came)], came


@pytest.mark.parametrize(
    ("key", "headers", "status", "kind"),
    [
        ("", {}, 401, "unauthorized"),
        ("mainline_000000000000_" + "x" * 43, {}, 401, "unauthorized"),
        ("admin", {}, 403, "forbidden"),
        (None, {"Origin": "https://other.example"}, 403, "forbidden"),
        (None, {"Origin": "null"}, 403, "forbidden"),
        (None, {"Origin": f"{SHOP}.example"}, 403, "forbidden"),
        (None, {"Origin": "http://["}, 403, "forbidden"),
    ],
)
def test_refusals_are_those_of_http(
    server: Running, key: str | None, headers: dict[str, str], status: int, kind: str
) -> None:
    """A key that is not good, and pages that are not declared, are told so before there is a WebSocket."""
    key = server.admin if key == "admin" else key
    with pytest.raises(InvalidStatus) as refusal, opened(server, key, headers=headers):
        pass
    response = refusal.value.response
    assert (response.status_code, told(response)["type"]) == (status, f"/docs#{kind}")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_pages_that_are_declared_may_ask(server: Running) -> None:
    """A declared origin is let in, and so is the service's own, which some clients name without being a page."""
    for origin in (SHOP, f"http://127.0.0.1:{server.port}"):
        with opened(server, headers={"Origin": origin}) as client:
            assert client.response is not None


def test_request_id_of_the_handshake_is_given_back(server: Running) -> None:
    """The answer to the handshake has it, as every answer of HTTP has."""
    with opened(server, headers={"X-Request-Id": "mine"}) as client:
        assert client.response is not None
        assert client.response.headers["X-Request-Id"] == "mine"
        assert "Sec-WebSocket-Extensions" not in client.response.headers  # nothing is compressed


@pytest.mark.parametrize(
    ("was", "becomes", "status", "said"),
    [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426, "Sec-WebSocket-Version: 13"),
        ("Sec-WebSocket-Version: 13\r\n", "", 426, "Sec-WebSocket-Version: 13"),
        ("Sec-WebSocket-Key:", "X-Key:", 400, "missing Sec-WebSocket-Key header"),
        ("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: x", 400, "invalid Sec-WebSocket-Key header"),
        ("\r\n\r\n", "\r\n" + "X: y\r\n" * 200 + "\r\n", 400, "This does not begin a WebSocket"),
        ("Upgrade: websocket", "Upgrade: h2c", 426, "Nothing else is answered here"),
        ("Upgrade: websocket\r\n", "", 426, "Nothing else is answered here"),
        ("GET ", "POST ", 405, "Use GET here"),
        ("HTTP/1.1", "HTTP/1.0", 426, "Nothing else is answered here"),
        ("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\n{}", 426, "Nothing else is answered here"),
        ("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 426, "Nothing else is answered here"),
    ],
)  # fmt: skip
def test_request_that_begins_no_websocket_is_told_why(
    server: Running, was: str, becomes: str, status: int, said: str
) -> None:
    """What is not right of a handshake is named; a body never becomes frames."""
    asked = head(server).decode()
    assert was in asked
    statuses, came = exchange(server, asked.replace(was, becomes, 1).encode())
    assert statuses == [status]
    assert said.encode() in came


def test_websocket_behind_a_request_under_way_is_not_begun(server: Running) -> None:
    """On a connection whose last request is not answered yet the wish is ignored, and both are answered in order."""
    live = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    assert exchange(server, live + head(server), answers=2)[0] == [200, 426]


def test_websocket_may_follow_requests_that_are_answered(server: Running) -> None:
    """A connection that was kept becomes one."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        came = b""
        while not came.endswith(b"}") and (part := client.recv(65536)):
            came += part
        assert came.startswith(b"HTTP/1.1 200 ")
        client.sendall(head(server))
        assert client.recv(65536).startswith(b"HTTP/1.1 101 ")


def test_without_the_section_there_is_none(package_dir: Path, tmp_path: Path) -> None:
    """A service that does not declare it has no such path."""
    with (
        running(tmp_path, package_dir) as server,
        pytest.raises(InvalidStatus) as refusal,
        opened(server),
    ):
        pass
    assert refusal.value.response.status_code == 404


def test_connections_are_those_of_http(package_dir: Path, tmp_path: Path) -> None:
    """WebSockets count as connections, of all and of their address, and give back their places, each once."""
    limits = {"connections": 3, "connections_reserved": 5}
    with running(tmp_path, package_dir, websocket={}, limits=limits) as made:

        def are_taken() -> bool:
            return made.ask("/v2")[0] == 503

        for times in range(3):
            with ExitStack() as kept:
                for _ in range(3):
                    kept.enter_context(opened(made) if times else raw(made))
                wait_for(are_taken)
                with pytest.raises(InvalidStatus) as refusal, opened(made):
                    pass
                assert told(refusal.value.response)["type"] == "/docs#overloaded"
                assert made.ask("/livez")[0] == 200
            wait_for(lambda: not are_taken())


def test_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A declared WebSocket without its extra is one sentence that says which line to write; without it nothing is."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    extra.check(Settings())
    with pytest.raises(MainlineError, match=r"needs websockets, .*; write `-r extras/websocket\.in` into"):
        extra.check(Settings(websocket=WebSocket()))


def test_problem_without_websocket_is_json(server: Running) -> None:
    """Plain HTTP at the path is answered by a problem that names what to do, with a key alone."""
    status, body = server.ask("/predict/stream")
    assert (status, json.loads(body)["type"]) == (426, "/docs#upgrade-required")
    assert server.ask("/predict/stream", key="")[0] == 401
