"""What becomes of an answer whose client still sends."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mainline.serving.http.certificates import make_certificate
from tests.mainline.serving.running import Running, running
from tests.project import LIMIT

LARGE = 20_000_000
"""More than the buffers of a connection hold, so that a client which sends all of it first waits for the server."""


@pytest.fixture(scope="module", params=["http", "https"])
def server(
    request: pytest.FixtureRequest, package_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server with or without TLS."""
    directory = tmp_path_factory.mktemp(request.param)
    section: dict[str, Any] = {}
    if request.param == "https":
        certificate, private_key = make_certificate(directory)
        section["tls"] = {"certificate": str(certificate), "private_key": str(private_key)}
    with running(directory / "run", package_dir, **section) as made:
        if section:
            made.tls = ssl.create_default_context(cafile=str(certificate))
        yield made


@pytest.mark.parametrize(
    ("path", "is_known", "status"),
    [
        ("/predict", True, 413),
        ("/v2/models/flight-delay/infer", True, 413),
        ("/predict", False, 401),
        ("/no", True, 404),
    ],
)
def test_client_that_sends_all_before_it_reads_gets_the_answer(
    server: Running, path: str, is_known: bool, status: int
) -> None:
    """A body that is far too large is thrown away while its client sends it; the answer says that it is the last."""
    connection = server.connect()
    headers = {"Authorization": f"Bearer {server.key if is_known else 'no'}", "Content-Type": "application/json"}
    connection.request("POST", path, b"x" * LARGE, headers)
    reply = connection.getresponse()
    assert (reply.status, reply.headers["connection"]) == (status, "close")
    connection.close()


@pytest.mark.parametrize(("path", "is_known", "status"), [("/predict", False, 401), ("/no", True, 404)])
def test_refusal_before_the_last_chunk_says_that_it_is_the_last(
    server: Running, path: str, is_known: bool, status: int
) -> None:
    """A client that sends chunks beyond the limit learns that its connection ends, and sends no more requests on it."""
    connection = server.connect()
    headers = {"Authorization": f"Bearer {server.key if is_known else 'no'}", "Content-Type": "application/json"}
    connection.request("POST", path, (b"x" * 1_000_000 for _ in range(LARGE // 1_000_000)), headers)
    reply = connection.getresponse()
    assert (reply.status, reply.headers["connection"]) == (status, "close")
    connection.close()


def test_connection_stays_open_behind_chunks_that_were_read(server: Running) -> None:
    """The answer to a chunked body that is here is not the last, whatever it says."""
    connection = server.connect()
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    for _ in range(2):
        connection.request("POST", "/v2/models/flight-delay/infer", iter([b"{", b"}"]), headers)
        reply = connection.getresponse()
        reply.read()
        assert (reply.status, reply.headers["connection"]) == (400, None)
    connection.close()


def test_client_that_sends_without_an_end_is_ended(package_dir: Path, tmp_path: Path) -> None:
    """Behind its answer nobody holds a connection for longer than a request may take to arrive."""
    wrap = "from mainline.serving import admission; admission.SWEEP_SECONDS = 0.1"
    head = b"POST /no HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999999\r\n\r\n"
    with (
        running(tmp_path, package_dir, limits={"read_seconds": 0.2}, wrap=wrap) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client,
    ):
        client.sendall(head)
        while client.recv(65536):  # the server's half ends behind the answer
            pass
        with pytest.raises(ConnectionError):
            _send_on(client)


def test_server_that_stops_waits_for_no_client_that_sends_on(package_dir: Path, tmp_path: Path) -> None:
    """The end of a server does not wait for bodies that are thrown away."""
    limits = {"read_seconds": 2 * LIMIT, "drain_seconds": 2 * LIMIT}
    head = b"POST /no HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999999\r\n\r\n"
    with (
        running(tmp_path, package_dir, limits=limits) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client,
    ):
        client.sendall(head)
        while client.recv(65536):
            pass
        server.stop()


def _send_on(client: socket.socket) -> None:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        client.sendall(b"x")
        time.sleep(0.02)
