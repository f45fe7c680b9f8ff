"""Each fault of the proxy, seen by a plain client of a plain server."""

import contextlib
import http.client
import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faulty_proxy import KINDS, MAX_CONNECTIONS, Fault, FaultyProxy, Kind

CONTENT = bytes(range(256)) * 400


class _Server(http.server.BaseHTTPRequestHandler):
    """Answers GET with the content and PUT with what was put."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer the content."""
        self._answer(CONTENT)

    def do_HEAD(self) -> None:
        """Answer the head alone."""
        self._answer(b"")

    def do_PUT(self) -> None:
        """Answer what was sent."""
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a plain server."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


@pytest.fixture
def proxy(server: int) -> Iterator[FaultyProxy]:
    """A proxy before it, without a fault."""
    with FaultyProxy(server) as made:
        yield made


def test_without_a_fault_everything_passes(proxy: FaultyProxy) -> None:
    """Content arrives whole in both directions, also on a connection that is used again."""
    with _client(proxy) as client:
        for _ in range(3):
            assert _get(client) == (200, CONTENT)
            assert _put(client, CONTENT) == (200, CONTENT)
    assert proxy.injected == 0


def test_a_flip_changes_one_bit_of_what_is_read(proxy: FaultyProxy) -> None:
    """The head is left alone, the payload differs in one bit, and the next answer is whole."""
    proxy.fault = Fault("flip", times=1)
    with _client(proxy) as client:
        status, content = _get(client)
        assert (status, len(content), _bits(content, CONTENT)) == (200, len(CONTENT), 1)
        assert _get(client) == (200, CONTENT)
    assert proxy.injected == 1


def test_a_flip_of_what_is_sent_reaches_the_server(proxy: FaultyProxy) -> None:
    """What the server receives differs in one bit."""
    proxy.fault = Fault("flip sent", times=1)
    with _client(proxy) as client:
        assert _bits(_put(client, CONTENT)[1], CONTENT) == 1
        assert _put(client, CONTENT) == (200, CONTENT)


def test_heads_are_no_payload(proxy: FaultyProxy) -> None:
    """An answer without payload cannot be flipped, and none is counted."""
    proxy.fault = Fault("flip")
    with _client(proxy) as client:
        client.request("HEAD", "/")
        assert client.getresponse().status == 200
    assert proxy.injected == 0


def test_a_reset_is_one_for_the_client(proxy: FaultyProxy) -> None:
    """The connection ends with RST in the middle of an answer, and the next one is served."""
    proxy.fault = Fault("reset", times=1, after=500)
    with _client(proxy) as client, pytest.raises(ConnectionResetError, match="reset by peer"):
        _get(client)
    assert _fresh(proxy) == (200, CONTENT)


def test_a_cut_answer_ends_early(proxy: FaultyProxy) -> None:
    """The connection is closed after the stated number of bytes of the answer, head included."""
    proxy.fault = Fault("truncate", times=1, after=500)
    with _client(proxy) as client, pytest.raises(http.client.IncompleteRead, match="bytes read") as cut:
        _get(client)
    assert 0 < len(cut.value.partial) < 500
    assert _fresh(proxy) == (200, CONTENT)


def test_a_black_hole_answers_nothing(proxy: FaultyProxy) -> None:
    """A client waits in vain until its own limit; other connections are served."""
    proxy.fault = Fault("black hole", times=1)
    with _client(proxy, limit=3) as silent, pytest.raises(TimeoutError, match="timed out"):
        _get(silent)
    assert _fresh(proxy) == (200, CONTENT)


@pytest.mark.parametrize(("kind", "said"), [("error 500", b""), ("error 503", b"SlowDown")])
def test_an_error_is_answered_without_the_server(proxy: FaultyProxy, kind: Kind, said: bytes) -> None:
    """The client gets the whole status, even while it sends, and the next request is served."""
    proxy.fault = Fault(kind, times=1)
    with _client(proxy) as client:
        status, body = _put(client, CONTENT * 10)
    assert status == int(kind.split()[1])
    assert said in body
    assert _fresh(proxy) == (200, CONTENT)


@pytest.mark.parametrize("kind", ["delay", "throttle"])
def test_a_slow_answer_is_late_and_whole(proxy: FaultyProxy, kind: Kind) -> None:
    """It takes at least as long as declared, and every byte arrives."""
    proxy.fault = Fault(kind, times=1, after=len(CONTENT) // 4, seconds=0.1)
    started = time.monotonic()
    assert _fresh(proxy) == (200, CONTENT)
    assert time.monotonic() - started > (0.1 if kind == "delay" else 0.4)
    assert proxy.injected == 1


def test_some_are_let_through_before_the_first(proxy: FaultyProxy) -> None:
    """`skip` answers pass, then as many are hit as `times` says."""
    proxy.fault = Fault("flip", times=2, skip=1)
    with _client(proxy) as client:
        assert [_bits(_put(client, b"a" * 100)[1], b"a" * 100) for _ in range(5)] == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_counted(proxy: FaultyProxy, kind: Kind) -> None:
    """There is no kind that the proxy does not know: one request and its answer are hit once."""
    proxy.fault = Fault(kind, times=1, after=50, seconds=0.01)
    with _client(proxy, limit=3) as client, contextlib.suppress(OSError, http.client.HTTPException):
        _put(client, b"a" * 200)
    assert proxy.injected == 1


def test_connections_are_bounded_and_end_with_the_proxy(server: int) -> None:
    """More connections than the limit are closed at once, and those within it work until the proxy's end."""
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(FaultyProxy(server))
        for client in [stack.enter_context(_client(proxy)) for _ in range(MAX_CONNECTIONS)]:
            assert _get(client) == (200, CONTENT)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError), match=r"(?i)without response|reset"):
            _fresh(proxy)


@contextlib.contextmanager
def _client(proxy: FaultyProxy, limit: float = 20) -> Iterator[http.client.HTTPConnection]:
    port = int(proxy.endpoint.rpartition(":")[2])
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=limit)) as client:
        yield client


def _fresh(proxy: FaultyProxy) -> tuple[int, bytes]:
    """Get on a connection of its own."""
    with _client(proxy) as client:
        return _get(client)


def _get(client: http.client.HTTPConnection) -> tuple[int, bytes]:
    client.request("GET", "/")
    answer = client.getresponse()
    return answer.status, answer.read()


def _put(client: http.client.HTTPConnection, content: bytes) -> tuple[int, bytes]:
    client.request("PUT", "/", body=content)
    answer = client.getresponse()
    return answer.status, answer.read()


def _bits(found: bytes, expected: bytes) -> int:
    """Count the bits that differ."""
    return sum((one ^ other).bit_count() for one, other in zip(found, expected, strict=True))
