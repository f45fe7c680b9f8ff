"""Connections of one client shut nobody out, and those that say nothing end by themselves."""

import contextlib
import json
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Limits
from mainline.serving.admission import Guard, address_of
from tests.mainline.serving.http.certificates import make_certificate
from tests.mainline.serving.http.test_connection import SWEEPS
from tests.mainline.serving.running import Running, running, wait_for
from tests.project import LIMIT

Rows = list[dict[str, Any]]
LONG = 1e6
LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def held(server: Running, number: int, source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Hold connections that say nothing."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(server, source)) for _ in range(number)]


def connect(server: Running, source: str = "127.0.0.1") -> socket.socket:
    """Connect from an address of this machine."""
    return socket.create_connection(("127.0.0.1", server.port), LIMIT, (source, 0))


def ask(server: Running, sent: bytes, source: str = "127.0.0.1") -> bytes:
    """Return what a connection of its own is answered."""
    with connect(server, source) as client:
        client.sendall(sent)
        return client.recv(65536)


def predict(server: Running, row: dict[str, Any]) -> bytes:
    """Write a request for a prediction."""
    body = json.dumps(row)
    return (
        f"POST /predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def test_one_address_takes_no_more_than_its_share(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """Connections of an address past its share are refused, counted and logged; another address is answered."""
    limits = {"connections": 30, "connections_per_address": 10, "first_request_seconds": LONG}
    with running(tmp_path, package_dir, limits=limits) as server:
        with held(server, 10, "127.0.0.2"):
            with connect(server, "127.0.0.2") as more:
                assert more.recv(4096).startswith(b"HTTP/1.1 503 ")
            assert ask(server, predict(server, rows[0])).startswith(b"HTTP/1.1 200 ")
            assert server.metric('mainline_refused_total{reason="too-many-connections-of-an-address"}') == 1
        wait_for(lambda: ask(server, LIVE, "127.0.0.2").startswith(b"HTTP/1.1 200 "))
        assert '"address":"127.0.0.2"' in (tmp_path / "errors").read_text()


def test_health_is_answered_where_all_connections_are_taken(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """The reserve answers health and nothing else, and each of its connections ends after one answer."""
    limits = {"connections": 5, "connections_reserved": 2, "first_request_seconds": LONG}
    with running(tmp_path, package_dir, limits=limits) as server:
        with held(server, 5):
            for asked in (LIVE, LIVE.replace(b"/livez", b"/livez?probe=1")) * 2:
                answer = ask(server, asked)
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert b"connection: close" in answer
            for path in (b"/predict", b"/predict?"):
                refused = ask(server, predict(server, rows[0]).replace(b"/predict", path))
                assert refused.startswith(b"HTTP/1.1 503 ")
                assert b"retry-after: 1" in refused
            with held(server, 2), connect(server) as more:
                assert more.recv(4096).startswith(b"HTTP/1.1 503 ")
        wait_for(lambda: ask(server, predict(server, rows[0])).startswith(b"HTTP/1.1 200 "))


def test_silent_connection_is_ended_and_counted(package_dir: Path, tmp_path: Path) -> None:
    """Who connects and sends nothing, or only empty lines, is ended without a word."""
    limits = {"first_request_seconds": 0.2, "read_seconds": LONG, "idle_seconds": LONG}
    with running(tmp_path, package_dir, limits=limits, wrap=SWEEPS) as server:
        for sent in (b"", b"\r\n" * 10):
            assert ask(server, sent) == b""
        assert server.metric('mainline_refused_total{reason="no-request"}') == 2


@contextmanager
def secured(package_dir: Path, folder: Path, handshake_seconds: float) -> Iterator[Running]:
    """Run a server that speaks https, with little room."""
    certificate, private_key = make_certificate(folder)
    tls = {"certificate": str(certificate), "private_key": str(private_key)}
    limits = {"handshake_seconds": handshake_seconds, "connections_per_address": 3}
    with running(folder / "run", package_dir, tls=tls, limits=limits) as server:
        server.tls = ssl.create_default_context(cafile=str(certificate))
        yield server


@pytest.fixture
def secure(package_dir: Path, tmp_path: Path) -> Iterator[Running]:
    """One with little patience."""
    with secured(package_dir, tmp_path, 0.5) as server:
        yield server


def test_connection_that_never_begins_tls_is_ended_and_counted(secure: Running) -> None:
    """Silence and what is not TLS end after the declared time, are counted and logged, and give their place back."""
    for sent in (b"", LIVE, b"\x16\x03"):
        with contextlib.suppress(ConnectionResetError):
            assert ask(secure, sent) == b""
    wait_for(lambda: secure.metric('mainline_refused_total{reason="tls-handshake"}') == 3)
    assert "no TLS was begun" in (secure.directory / "errors").read_text()
    for _ in range(5):
        assert secure.ask("/livez")[0] == 200


def test_connections_without_tls_count_for_their_address(package_dir: Path, tmp_path: Path) -> None:
    """Also before TLS begins an address takes no more than its share; what is past it is ended at once."""
    with secured(package_dir, tmp_path, LONG) as server:
        with held(server, 3, "127.0.0.2"):
            for _ in range(2):
                with contextlib.suppress(ConnectionResetError):
                    assert ask(server, b"", "127.0.0.2") == b""
        assert server.metric('mainline_refused_total{reason="too-many-connections-of-an-address"}') == 2


def test_request_that_comes_with_the_end_of_the_handshake_is_answered(secure: Running) -> None:
    """What a client sends in the packet that ends its handshake is not lost."""
    assert secure.tls is not None
    came, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = secure.tls.wrap_bio(came, going, server_hostname="localhost")
    with connect(secure) as client:
        for step in (tls.do_handshake, lambda: tls.write(LIVE * 3), lambda: tls.read(12)):
            while True:
                try:
                    found = step()
                    break
                except ssl.SSLWantReadError:
                    client.sendall(going.read())
                    came.write(client.recv(65536))
    assert found == b"HTTP/1.1 200"


def test_files_are_allowed_for_every_connection(package_dir: Path, tmp_path: Path) -> None:
    """A server with a low limit on open files raises it to what its connections may need."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lower = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (64, r.getrlimit(r.RLIMIT_NOFILE)[1]))"
    with running(tmp_path, package_dir, limits={"connections": 200}, wrap=lower) as server:
        soft, _ = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    assert soft >= min(220, hard if hard != resource.RLIM_INFINITY else 220)


def test_clients_without_a_key_do_not_fill_the_log(package_dir: Path, tmp_path: Path) -> None:
    """What is not HTTP, refused keys and refused connections leave a few lines, however often they come."""
    limits = {"connections_per_address": 2, "first_request_seconds": LONG}
    with running(tmp_path, package_dir, limits=limits) as server:
        for number in range(300):
            ask(
                server,
                b"nonsense\r\n\r\n" if number % 2 else LIVE.replace(b"/livez", b"/metrics"),
                f"127.0.0.{number % 9 + 2}",
            )
        with held(server, 2):
            for _ in range(300):
                with connect(server) as more:
                    assert more.recv(4096).startswith(b"HTTP/1.1 503 ")
        lines = (tmp_path / "errors").read_text().splitlines()
    assert 1 <= sum("connection refused" in line for line in lines) <= 30
    assert len(lines) <= 60


def test_place_is_given_back() -> None:
    """Each refusal is counted by its reason; after every connection has ended nothing is kept of an address."""
    refused: Counter[str] = Counter()
    guard = Guard(Limits(connections=2, connections_reserved=1, connections_per_address=2), refused, bool)
    assert [guard.admit("a") for _ in range(3)] == ["admitted", "admitted", "refused"]
    assert [guard.admit("b") for _ in range(2)] == ["reserved", "refused"]
    assert refused == {"too-many-connections-of-an-address": 1, "overloaded": 1}
    guard.release("a")
    assert guard.admit("b") == "reserved"
    guard.release("a")
    assert guard.admit("c") == "reserved"
    for address in "bbc":
        guard.release(address)
    assert (guard.taken, guard.by_address) == (0, {})


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::/64"),
        ("/run/socket", ""),
        (None, ""),
    ],
)
def test_client_is_told_by_its_network(peer: Any, expected: str) -> None:
    """An IPv6 client owns a whole network of addresses, an IPv4 client one, however the socket writes it."""
    assert address_of(peer) == expected
