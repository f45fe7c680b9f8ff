"""The short way answers as the usual one does, whatever HTTP allows."""

import asyncio
import contextlib
import json
import re
import select
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from mainline.serving import answer_log
from mainline.serving.http.app import Application
from mainline.serving.prediction_line import log_line
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client
from tests.mainline.serving.running import Running, running, wait_for
from tests.project import LIMIT

Rows = list[dict[str, Any]]
HEAD = (
    "POST {path} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\n{more}\r\n"
)
USUAL = "/predict?"
"""The same path with an empty query goes through ASGI."""


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a small limit on bodies."""
    with running(tmp_path_factory.mktemp("direct"), package_dir, limits={"body_bytes": 20_000}) as made:
        yield made


def request(server: Running, body: bytes, path: str = "/predict", version: str = "1.1", more: str = "") -> bytes:
    """Write a request."""
    length = "" if "Transfer-Encoding" in more else f"Content-Length: {len(body)}\r\n"
    return HEAD.format(path=path, version=version, key=server.key, more=length + more).encode() + body


def exchange(server: Running, sent: bytes | Sequence[bytes], answers: int = 1) -> tuple[list[int], list[bytes], bytes]:
    """Send bytes; return statuses, bodies and all that came, up to so many answers or the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in [sent] if isinstance(sent, bytes) else sent:
            client.sendall(part)
        came, bodies = b"", list[bytes]()
        while len(bodies) < answers and (part := client.recv(65536)):
            came += part
            bodies = _bodies(came)
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", came)], bodies, came


def _bodies(came: bytes) -> list[bytes]:
    found = []
    while b"\r\n\r\n" in came:
        head, _, rest = came.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if head.startswith(b"HTTP/1.1 100"):
            came = rest
            continue
        assert length
        if len(rest) < int(length[1]):
            break
        found.append(rest[: int(length[1])])
        came = rest[int(length[1]) :]
    return found


def stable(body: bytes) -> Any:
    """Return an answer without what differs between two requests."""
    return {name: value for name, value in json.loads(body).items() if name not in ("request_id", "instance")}


@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
@pytest.mark.parametrize("body", [b"ROW", b"ROWS", b"{", b"[]", b'{"a": NaN}', b'{"bad": 1}', b"", b" " * 20_001])
def test_both_ways_say_the_same(server: Running, rows: Rows, body: bytes, more: str) -> None:
    """Status, headers, each of them once, and body are the same by the short way and by ASGI."""
    sent = {b"ROW": json.dumps(rows[0]).encode(), b"ROWS": json.dumps(rows).encode()}.get(body, body)
    answers = [exchange(server, request(server, sent, path, more=more)) for path in ("/predict", USUAL)]
    assert answers[0][0] == answers[1][0]
    assert stable(answers[0][1][0]) == stable(answers[1][1][0])
    names = [sorted(re.findall(rb"^([a-z-]+): ", came, re.MULTILINE)) for _, _, came in answers]
    assert names[0] == names[1]


@pytest.mark.parametrize("path", ["/predict", USUAL])
def test_client_without_a_key_is_refused_by_its_head(server: Running, path: str) -> None:
    """Who has no valid key is told so before the body comes, and nothing is kept of it."""
    head = request(server, b"", path).replace(b"Bearer", b"Basic")
    assert exchange(server, head.replace(b"Content-Length: 0", b"Content-Length: 10000"))[0] == [401]


def test_client_that_sends_too_large_a_body_reads_the_answer(server: Running) -> None:
    """Up to the limit the body is taken, so that who sends it in one go is not cut off before the answer."""
    parts = [request(server, b" " * 20_001)[:-1], b" "]
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.sendall(parts[0])
        server.ask("/livez")  # by then the head was read
        assert not select.select([client], [], [], 0)[0]
        client.sendall(parts[1])
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/predict", USUAL])
def test_client_that_goes_away_within_its_request_is_counted(package_dir: Path, tmp_path: Path, path: str) -> None:
    """A request whose client is gone before its body is whole is counted as such, once."""
    with running(tmp_path, package_dir) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
            client.sendall(request(server, b" " * 100, path)[:-50])
        wait_for(lambda: b'{reason="disconnected"} 1\n' in server.ask("/metrics", key=server.admin)[1])


def test_plain_predictions_take_the_short_way(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """With the usual way broken, plain predictions are answered all the same."""
    broken = "from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as P\nP._start_asgi_task = None"
    with running(tmp_path, package_dir, wrap=broken) as server:
        assert server.ask("/predict", rows[0])[0] == 200


def test_all_answers_of_a_batch_are_sent_before_any_is_logged(
    make_client: Callable[..., Client], rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the end every request is counted, and is given to the log, also behind one that could not be logged."""
    client = make_client(log={"directory": str(tmp_path / "log")})
    events: list[str] = []

    def line(*given: Any) -> bytes:
        events.append("logged")
        if events.count("logged") == 1:
            raise TypeError("no JSON")
        return log_line(*given)

    async def together() -> None:
        application = Application(client.service)
        headers = [(b"authorization", f"Bearer {client.key}".encode()), (b"content-type", b"application/json")]
        for row in rows[:3]:
            application.predict_directly(
                headers, json.dumps(row).encode(), lambda status, *_: events.append(str(status))
            )
        while len(events) < 6:
            await asyncio.sleep(0)

    monkeypatch.setattr(answer_log, "log_line", line)
    client.service.start()
    asyncio.run(asyncio.wait_for(together(), LIMIT))
    client.service.stop()
    assert events == ["200"] * 3 + ["logged"] * 3
    assert client.service.models()[0].metrics.outcomes["ok"] == 3
    assert len(log_reader.rows(tmp_path / "log")) == client.service.metrics.log_rows == 2


def test_pipelined_predictions_are_answered_in_order(server: Running, rows: Rows, golden: dict[str, Any]) -> None:
    """Predictions, health checks and bad requests sent at once are answered one after the other."""
    sent, expected = b"", []
    for row, prediction in zip(rows[:5], golden["predictions"], strict=False):
        sent += (
            request(server, json.dumps(row).encode())
            + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
            + request(server, b"{")
        )
        expected += [prediction, None, None]
    statuses, bodies, _ = exchange(server, sent, answers=15)
    assert statuses == [200, 200, 400] * 5
    found = [json.loads(body).get("predictions", [{}])[0].get("arr_delay") for body in bodies]
    assert found == expected


@pytest.mark.parametrize("more", ["Connection: close\r\n", ""])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_connection_ends_when_the_client_says_so(server: Running, rows: Rows, version: str, more: str) -> None:
    """HTTP/1.0 and `Connection: close` end the connection after the answer; otherwise it stays."""
    sent = request(server, json.dumps(rows[0]).encode(), version=version, more=more)
    closes = version == "1.0" or bool(more)
    statuses, _, _ = exchange(server, sent * (1 if closes else 2), answers=2)
    assert statuses == [200] * (1 if closes else 2)


def test_body_in_chunks_is_read(server: Running, rows: Rows) -> None:
    """A chunked body is the same request; one that grows past the limit is refused before it ends."""
    body = json.dumps(rows[0]).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:50], body[50:]))
    more = "Transfer-Encoding: chunked\r\n"
    statuses, _, _ = exchange(server, request(server, chunks + b"0\r\n\r\n", more=more))
    assert statuses == [200]
    endless = b"".join(b"1000\r\n" + b" " * 4096 + b"\r\n" for _ in range(5))
    statuses, _, came = exchange(server, request(server, endless, more=more))
    assert statuses == [413]
    assert b"connection: close" in came


def test_client_that_reads_no_answers_fills_no_memory(server: Running, rows: Rows) -> None:
    """Who sends request after request and takes no answer is not read any further."""
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    with socket.create_connection(("127.0.0.1", server.port), timeout=3) as client, contextlib.suppress(TimeoutError):
        for _ in range(600):
            client.sendall(request(server, json.dumps(rows[0]).encode()) * 100)
    assert process.memory_info().rss - before < 80 * 2**20


@pytest.mark.parametrize("path", ["/predict", USUAL])
def test_trailers_are_no_headers(server: Running, rows: Rows, path: str) -> None:
    """A key that comes after the body is none: who looks at the headers on the way sees all that count."""
    body = json.dumps(rows[0]).encode()
    head = f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    trailer = f"0\r\nAuthorization: Bearer {server.key}\r\n\r\n".encode()
    assert exchange(server, head + b"%x\r\n%s\r\n" % (len(body), body) + trailer)[0] == [401]


@pytest.mark.parametrize("path", ["/predict", USUAL])
@pytest.mark.parametrize("part", [b"a: b\r\n" * 1000, b"x" * 6000], ids=["many", "long"])
def test_endless_trailers_are_refused(server: Running, path: str, part: bytes) -> None:
    """Who sends trailers without an end is refused after a few, and fills no memory."""
    started = request(server, b"1\r\n{\r\n0\r\nX: ", path, more="Transfer-Encoding: chunked\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        answer = b""
        with contextlib.suppress(OSError):  # the server has ended the connection, maybe before its answer was read
            client.sendall(started + part * 200)
            answer = client.recv(65536)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")


def test_client_that_asks_first_is_told_to_go_on(server: Running, rows: Rows) -> None:
    """`Expect: 100-continue` is answered as HTTP asks."""
    _, bodies, came = exchange(server, request(server, json.dumps(rows[0]).encode(), more="Expect: 100-continue\r\n"))
    assert came.startswith(b"HTTP/1.1 100 Continue")
    assert "predictions" in json.loads(bodies[0])
