"""A connection that sends the head of a request again has it read once, and is answered as if it were new."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mainline.serving.http.test_fast_path import Rows, _bodies, exchange, request
from tests.mainline.serving.running import Running, running, wait_for
from tests.project import LIMIT

PARSED_ONCE = """
from mainline.serving.http.fast_path import DirectProtocol
read = DirectProtocol.on_headers_complete
def read_once(self):
    assert len(self._heads) == 0
    read(self)
DirectProtocol.on_headers_complete = read_once
"""
"""A server in which the parser fails once a connection has sent a head that is remembered."""
FEW = """
from mainline.serving.http.fast_path import DirectProtocol
remember = DirectProtocol._remember
def remember_few(self, start, size):
    self.asked = getattr(self, "asked", 0) + 1
    assert self.asked <= 10
    remember(self, start, size)
    assert len(self._heads) <= 8 and all(len(head) <= 1024 for head in self._heads)
DirectProtocol._remember = remember_few
"""


class Talk:
    """A connection on which each request is answered before the next one is sent."""

    def __init__(self, server: Running) -> None:
        self.client = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, sent: bytes, answers: int = 1) -> bytes:
        """Send bytes in one piece; return all that came, up to so many answers."""
        self.client.sendall(sent)
        came = b""
        while len(_bodies(came)) < answers and (part := self.client.recv(65536)):
            came += part
        return came


@pytest.fixture
def talk(server: Running) -> Iterator[Talk]:
    """A connection to the server."""
    made = Talk(server)
    with made.client:
        yield made


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server."""
    with running(tmp_path_factory.mktemp("repeated"), package_dir) as made:
        yield made


def predictions(came: bytes) -> list[Any]:
    """Return the prediction of each answer."""
    return [json.loads(body)["predictions"][0]["arr_delay"] for body in _bodies(came)]


def test_head_that_came_before_is_not_parsed_again(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """The second request of a connection with the same head does not reach the parser."""
    with running(tmp_path, package_dir, wrap=PARSED_ONCE) as server, Talk(server).client as client:
        sent = request(server, json.dumps(rows[0]).encode())
        for _ in range(3):
            client.sendall(sent)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(request(server, json.dumps(rows[0]).encode(), more="X-Other: 1\r\n"))
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_body_is_its_own(talk: Talk, server: Running, rows: Rows, golden: dict[str, Any]) -> None:
    """Rows of the same length under the same head have predictions of their own."""
    width = max(len(json.dumps(row)) for row in rows)
    found = [predictions(talk.ask(request(server, json.dumps(row).ljust(width).encode())))[0] for row in rows]
    assert found == golden["predictions"][: len(rows)]


@pytest.mark.parametrize("cut", [1, 30, -300, -100, -1])
def test_request_in_two_pieces_is_whole(talk: Talk, server: Running, rows: Rows, cut: int) -> None:
    """A request with a known head that comes in two pieces, cut in its head or its body, is answered."""
    sent = request(server, json.dumps(rows[0]).encode())
    known = predictions(talk.ask(sent) + talk.ask(sent))
    talk.client.sendall(sent[:cut])
    socket.create_connection(("127.0.0.1", server.port)).close()
    assert predictions(talk.ask(sent[cut:]) + talk.ask(sent)) == known


@pytest.mark.parametrize("more", [b"", b"\r\n", b"\r\n\r\n"])
def test_several_requests_in_one_piece_are_all_answered(talk: Talk, server: Running, rows: Rows, more: bytes) -> None:
    """What stands behind a request with a known head, or before it, is the next request or nothing."""
    one, other = (request(server, json.dumps(row).encode()) for row in rows[:2])
    known = predictions(talk.ask(one) + talk.ask(other))
    assert predictions(talk.ask(more + one + more + other + more, answers=2)) == known
    assert predictions(talk.ask(one) + talk.ask(other)) == known


def test_head_of_one_request_is_not_taken_for_that_of_another(talk: Talk, server: Running, rows: Rows) -> None:
    """Of two requests in one piece, the first refused at once, neither has the other's head the next time."""
    body = json.dumps(rows[0]).encode()
    bad, good = b"{".ljust(len(body)), body
    pair = request(server, bad, more="X-Request-Id: one\r\n") + request(server, good, more="X-Request-Id: two\r\n")
    came = talk.ask(pair, answers=2) + talk.ask(request(server, good, more="X-Request-Id: one\r\n"))
    assert re.findall(rb"x-request-id: (\w+)", came) == [b"one", b"two", b"one"]


def test_answers_keep_their_order(talk: Talk, server: Running, rows: Rows) -> None:
    """A request with a known head that is sent before the answer to a large one is answered behind it."""
    small = request(server, json.dumps(rows[0]).encode())
    talk.ask(small)
    talk.client.sendall(request(server, json.dumps((rows * 1000)[:1000]).encode()))
    server.ask("/livez")  # by then the large one was read
    came = talk.ask(small, answers=2)
    assert [len(json.loads(body)["predictions"]) for body in _bodies(came)] == [1000, 1]


def test_each_answer_has_a_name_of_its_own(talk: Talk, server: Running, rows: Rows) -> None:
    """Requests with one head have request ids and traces of their own; an id that is given comes back."""
    body = json.dumps(rows[0]).encode()
    came = b"".join(talk.ask(request(server, body)) for _ in range(4))
    for name in (rb"x-request-id", rb"traceparent"):
        assert len(set(re.findall(name + rb": (\S+)", came))) == 4
    sent = [request(server, body, more=f"X-Request-Id: id-{number % 20}\r\n") for number in range(40)]
    came = b"".join(map(talk.ask, sent))
    assert re.findall(rb"x-request-id: id-(\d+)", came) == [b"%d" % (number % 20) for number in range(40)]


def test_few_and_short_heads_are_remembered(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A connection that sends many heads, and long ones, is answered, fills no memory, and is given up."""
    with running(tmp_path, package_dir, wrap=FEW) as server, Talk(server).client as client:
        for size in (1100, *range(30)):
            client.sendall(request(server, json.dumps(rows[0]).encode(), more=f"X-Other: {'a' * size}\r\n"))
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_key_that_is_revoked_is_not_remembered(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A connection whose key is taken out of the file is refused, with the head that was answered before."""
    with running(tmp_path, package_dir) as server, Talk(server).client as client:
        sent = request(server, json.dumps(rows[0]).encode())
        for _ in range(2):
            client.sendall(sent)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        (tmp_path / "keys.yaml").write_text(yaml.safe_dump({"keys": []}))

        def is_refused() -> bool:
            client.sendall(sent)
            return client.recv(65536).startswith(b"HTTP/1.1 401 ")

        wait_for(is_refused)


def test_throttle_counts_each_request(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """Requests with one head take a token each."""
    with running(tmp_path, package_dir, throttle={"requests_per_second": 0.001, "burst": 3}) as server:
        sent = request(server, json.dumps(rows[0]).encode())
        with Talk(server).client as client:
            statuses = []
            for _ in range(5):
                client.sendall(sent)
                statuses.append(client.recv(65536)[:12])
    assert statuses == [b"HTTP/1.1 200"] * 3 + [b"HTTP/1.1 429"] * 2


def test_head_of_a_chunked_request_is_parsed(talk: Talk, server: Running, rows: Rows) -> None:
    """A request in chunks, or without a valid key, is answered alike each time."""
    body = json.dumps(rows[0]).encode()
    chunked = request(server, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), more="Transfer-Encoding: chunked\r\n")
    refused = request(server, body).replace(b"Bearer", b"Basic")
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", b"".join(map(talk.ask, (chunked, refused) * 3)))
    assert statuses == [b"200", b"401"] * 3
    assert exchange(server, refused)[0] == [401]
