"""A connection that sends the head of a request again has it read once, and is answered as if it were new."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httptools
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from mainline.serving.answering.messages import Head
from mainline.serving.http.repeated_heads import LARGEST, RepeatedHeads
from tests.mainline.serving.http.test_fast_path import Rows, _bodies, exchange, request
from tests.mainline.serving.running import Running, running, wait_for
from tests.project import LIMIT

PARSED_ONCE = """
from mainline.serving.http.fast_path import DirectProtocol
read = DirectProtocol.on_headers_complete
def read_once(self):
    assert len(self._heads._forms) == 0
    read(self)
DirectProtocol.on_headers_complete = read_once
"""
"""A server in which the parser fails once a connection has sent a head that is remembered."""
FEW = """
from mainline.serving.http.repeated_heads import LARGEST, RepeatedHeads
add = RepeatedHeads.add
def add_few(self, start, more, head):
    self.asked = getattr(self, "asked", 0) + 1
    assert self.asked <= 10
    add(self, start, more, head)
    assert len(self._forms) <= 8
RepeatedHeads.add = add_few
"""


BODY_IS_DROPPED = """
from mainline.serving.http.fast_path import DirectProtocol
read = DirectProtocol.on_message_complete
def read_and_drop(self):
    read(self)
    assert not self.cycle.parts
DirectProtocol.on_message_complete = read_and_drop
"""
"""A server in which the parser fails if a connection keeps the body of a request."""


TIME_RUNS_ON = """
from mainline.serving.http.fast_path import DirectProtocol
read = DirectProtocol.data_received
def read_in_time(self, data):
    held, until = self._held, self.until
    read(self, data)
    assert not (held and self._reading) or self.until == until
DirectProtocol.data_received = read_in_time
"""
"""A server that drops a connection whose request is given more time once its body begins to come."""


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


def test_head_with_another_length_id_or_trace_is_not_parsed_again(
    package_dir: Path, rows: Rows, tmp_path: Path
) -> None:
    """A client that names its requests and sends bodies of any length is read once, and gets its own names back."""
    with running(tmp_path, package_dir, wrap=PARSED_ONCE) as server:
        talk = Talk(server)
        with talk.client:
            for number in range(1, 5):
                trace = f"{number:032x}"
                named = f"X-Request-Id: {'a' * number}\r\nTraceparent: 00-{trace}-{number:016x}-01\r\n"
                came = talk.ask(request(server, json.dumps(rows[0]).encode() + b" " * 90 * number, more=named))
                assert came.startswith(b"HTTP/1.1 200 ")
                assert f"x-request-id: {'a' * number}\r\n".encode() in came
                assert f"traceparent: 00-{trace}-".encode() in came
            odd = talk.ask(request(server, json.dumps(rows[0]).encode(), more="X-Request-Id: a b\r\n"))
            assert odd.startswith(b"HTTP/1.1 400 ")  # it was parsed


def test_body_behind_a_known_head_is_waited_for(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A client that writes head and body apart is not parsed either, and is told if its body does not come."""
    limits = {"read_seconds": 1, "idle_seconds": 3600}
    with running(tmp_path, package_dir, wrap=PARSED_ONCE, limits=limits) as server:
        talk = Talk(server)
        body = json.dumps(rows[0]).encode()
        head = request(server, body)[: -len(body)]
        with talk.client:
            for _ in range(3):
                talk.client.sendall(head)
                server.ask("/livez")  # by then the head was read
                assert talk.ask(body).startswith(b"HTTP/1.1 200 ")
            assert talk.ask(head).startswith(b"HTTP/1.1 408 ")


def test_body_in_two_pieces_has_no_more_time(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A request whose head is known must be here as soon as any other, whenever the first part of its body comes."""
    with running(tmp_path, package_dir, wrap=TIME_RUNS_ON) as server:
        talk = Talk(server)
        body = json.dumps(rows[0]).encode()
        sent = request(server, body)
        with talk.client:
            assert talk.ask(sent).startswith(b"HTTP/1.1 200 ")
            for part in (sent[: -len(body)], body[:1]):
                talk.client.sendall(part)
                server.ask("/livez")  # by then the part was read
            assert talk.ask(body[1:]).startswith(b"HTTP/1.1 200 ")


def test_head_that_grows_too_large_is_refused(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """Where little room is left for headers, a known head with a longer id is as much too large as a new one."""
    body = json.dumps(rows[0]).encode()
    with running(tmp_path, package_dir, limits={"header_bytes": 200}) as server:
        short, long = (request(server, body, more=f"X-Request-Id: {'a' * size}\r\n") for size in (1, 64))
        assert exchange(server, long)[0] == [431]
        talk = Talk(server)
        with talk.client:
            assert talk.ask(short).startswith(b"HTTP/1.1 200 ")
            assert talk.ask(long).startswith(b"HTTP/1.1 431 ")


def test_body_is_not_kept(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A connection that is idle takes no room for the request that it answered."""
    with running(tmp_path, package_dir, wrap=BODY_IS_DROPPED) as server, Talk(server).client as client:
        for size in (1000, 300_000):
            client.sendall(request(server, json.dumps(rows[0]).encode().ljust(size)))
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_server_that_stops_answers_whose_body_is_on_the_way(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A request with a known head is as much under way as any other when the server is told to stop."""
    with running(tmp_path, package_dir) as server:
        talk = Talk(server)
        body = json.dumps(rows[0]).encode()
        sent = request(server, body)
        with talk.client:
            talk.ask(sent)
            talk.client.sendall(sent[: -len(body)])
            server.ask("/livez")  # by then the head was read
            server.process.terminate()
            wait_for(lambda: not accepts(server))
            came = talk.ask(body)
    assert came.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in came


def accepts(server: Running) -> bool:
    """Say whether a server takes connections."""
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT).close()
    except ConnectionError:
        return False
    return True


def test_path_of_one_request_is_not_that_of_the_next(talk: Talk, server: Running, rows: Rows) -> None:
    """Of two requests in one piece, a prediction behind another path, the first head stays that of its own path."""
    body = json.dumps(rows[0]).encode()
    other = request(server, b"{}".ljust(len(body)), path="/outcomes")
    first = talk.ask(other)
    talk.ask(other + request(server, body), answers=2)
    assert talk.ask(other)[:12] == first[:12] != b"HTTP/1.1 200"


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


def parsed(data: bytes) -> tuple[bytes, str, list[tuple[bytes, bytes]], bytes] | None:
    """Return method and path, version, headers and body of one request, as the parser reads them."""
    heads: list[tuple[bytes, bytes]] = []
    url, body, ends = [], [], []

    class Reader:
        def on_url(self, part: bytes) -> None:
            url.append(part)

        def on_header(self, name: bytes, value: bytes) -> None:
            heads.append((name.lower(), value))

        def on_body(self, part: bytes) -> None:
            body.append(part)

        def on_message_complete(self) -> None:
            ends.append(True)

    parser = httptools.HttpRequestParser(Reader())
    try:
        parser.feed_data(data)
    except httptools.HttpParserError:
        return None
    if len(ends) != 1:
        return None
    return parser.get_method() + b" " + b"".join(url), parser.get_http_version(), heads, b"".join(body)


LINES = some.lists(
    some.sampled_from(
        [
            b"Host: x", b"Content-Length: 3", b"content-length:3", b"Content-Length: 03", b"X-Request-Id: abc",
            b"X-Request-Id:  a-1 ", b"x-request-id: \xe9", b"Traceparent: 00-" + b"0" * 32 + b"-" + b"1" * 16 + b"-01",
            b" folded: 3", b"Transfer-Encoding: chunked", b"X: content-length: 3", b"Y: a\nContent-Length: 3",
        ]
    ),
    max_size=6,
)  # fmt: skip
VALUES = some.sampled_from([b"3", b"4", b"0", b"", b"12", b"-1", b"+3", b"3 ", b"abc", b"a b", b"a" * 64, b"a" * 65])


@given(lines=LINES, other=LINES, values=some.lists(VALUES, max_size=4), body=some.binary(max_size=13))
def test_head_that_is_found_is_what_the_parser_reads(
    lines: list[bytes], other: list[bytes], values: list[bytes], body: bytes
) -> None:
    """Whatever stood in a head that came before, one that is found now has the headers that the parser finds in it."""
    start = b"\r\n".join([b"POST /predict HTTP/1.1", *lines, b"", b""])
    before = parsed(start + b"abc")
    if before is None:
        return
    heads = RepeatedHeads(LARGEST)
    heads.add(start, 3, Head(before[2]))
    again = [line.rpartition(b" ")[0] + b" " + value for line, value in zip(lines, values, strict=False)]
    for mixed in (lines, [*again, *lines[len(again) :]], other):
        data = b"\r\n".join([b"POST /predict HTTP/1.1", *mixed, b"", b""]) + body
        found = heads.find(data)
        if found and len(data) - found.end == found.length:
            now = parsed(data)
            assert now is not None
            assert now[:2] == before[:2]
            assert dict(now[2]) == found.head.headers
            assert now[3] == data[found.end :]


LENGTH, ID = (b"content-length", b"3"), (b"x-request-id", b"abc")
MANY = [b"a%d" % number for number in range(30)]
"""Names of headers which, empty, take next to no bytes, but some memory each."""
START = b"POST /predict HTTP/1.1\r\nContent-Length: %b\r\nX-Request-Id: %b\r\n\r\n"
PLAIN = START % (b"3", b"abc")


@pytest.mark.parametrize(
    ("start", "more", "headers"),
    [
        (PLAIN, 4, [LENGTH, ID]),
        (PLAIN, 3, [LENGTH, (b"x-request-id", b"of-another")]),
        (PLAIN.replace(b"X-Req", b"Content-Length: 3\r\nX-Req"), 3, [LENGTH, ID]),
        (PLAIN.replace(b"X-Req", b"X-Request-Id: abc\r\nX-Req"), 3, [LENGTH, ID]),
        (PLAIN.replace(b"X-Req", b"X: a\nX-Req"), 3, [LENGTH, ID, (b"x", b"a")]),
        (PLAIN.replace(b"Content-Length: 3\r\n", b""), 3, [ID]),
        (PLAIN.replace(b"X-Req", b"X: " + b"a" * 1000 + b"\r\nX-Req"), 3, [LENGTH, ID, (b"x", b"a" * 1000)]),
        (PLAIN.replace(b"X-Req", b":\r\n".join([*MANY, b"X-Req"])), 3, [LENGTH, *((name, b"") for name in MANY), ID]),
    ],
    ids=["more than a body", "another head", "two lengths", "two ids", "line feed", "no length", "long", "many"],
)
def test_head_is_not_remembered(start: bytes, more: int, headers: list[tuple[bytes, bytes]]) -> None:
    """What may not be the head of one request alone, with one length, is left to the parser."""
    heads = RepeatedHeads(LARGEST)
    heads.add(start, more, Head(headers))
    assert heads.find(start + b"abc") is None


@pytest.mark.parametrize(
    ("length", "name"),
    [(b"03", b"abc"), (b"+3", b"abc"), (b"3 ", b"abc"), (b"0", b"abc"), (b"", b"abc"), (b"3" * 10, b"abc"), (b"3", b""),
     (b"3", b"\xe9"), (b"3", b"a b"), (b"3", b"a" * 65), (b"3", b"abc\r\nX: y"), (b"3\r\nContent-Length: 4", b"abc")],
)  # fmt: skip
def test_value_that_is_not_plain_is_left_to_the_parser(length: bytes, name: bytes) -> None:
    """Of a head whose form is known, only plain values are read without the parser."""
    heads = RepeatedHeads(LARGEST)
    heads.add(PLAIN, 3, Head([LENGTH, ID]))
    assert heads.find((START % (length, name)) + b"abc") is None
    found = heads.find((START % (b"12", b"a" * 64)) + b"abc")
    assert found is not None
    assert (found.head.id, found.head.content_length, found.length) == (b"a" * 64, b"12", 12)
