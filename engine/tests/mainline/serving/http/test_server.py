"""The real server, over real sockets: what it imports, survives and promises when it ends."""

import contextlib
import http.client
import json
import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography.hazmat.primitives import serialization

from mainline.declared.service import Settings
from mainline.serving import sockets
from mainline.serving.answering import keys
from tests.mainline.serving import log_reader
from tests.mainline.serving.http.certificates import make_certificate
from tests.mainline.serving.running import Running, refused, running, wait_for
from tests.project import LIMIT

Rows = list[dict[str, Any]]
UNWANTED = ("dvc", "pandas", "sklearn", "scipy", "pyarrow", "pandera", "skops", "onnx", "skl2onnx", "joblib", "mlem")
REPORT_IMPORTS = f"""
import atexit, sys
atexit.register(lambda: print('imported:', *sorted(set({UNWANTED!r}) & sys.modules.keys()), flush=True))
"""


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that several tests use, with short patience."""
    limits = {"read_seconds": 1.0, "first_request_seconds": 1.0, "header_bytes": 4096}
    with running(tmp_path_factory.mktemp("server"), package_dir, limits=limits) as made:
        yield made


@pytest.mark.parametrize(("host", "said"), [("::1", "http://[::1]:80"), ("127.0.0.1", "http://127.0.0.1:80")])
def test_address_is_one_that_a_browser_takes(host: str, said: str) -> None:
    """An address of IPv6 stands in brackets."""
    assert sockets.url(Settings(host=host), 80) == said


@pytest.mark.parametrize("is_open", [False, True])
def test_start_says_where_the_description_is(package_dir: Path, tmp_path: Path, is_open: bool) -> None:
    """Who starts a server learns that its page needs a key, unless it needs none."""
    with running(tmp_path, package_dir, open_docs=is_open, prefix="/model") as server:
        server.stop()
        assert server.process.stdout is not None
        said = server.process.stdout.read()
    line = f"  http://127.0.0.1:{server.port}/model/docs says how to ask; it needs a key, unless open_docs is true\n"
    assert (line in said) != is_open


def test_server_imports_nothing_that_trains(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A server that has answered, logged and shown its pages has loaded neither dvc nor pandas nor scikit-learn."""
    if json.loads((package_dir / "manifest.json").read_text())["model"]["format"] != "onnx":
        pytest.skip("the declared model has no faithful conversion to ONNX and is served by scikit-learn")
    log = {"directory": str(tmp_path / "log")}
    with running(tmp_path, package_dir, log=log, wrap=f"exec({REPORT_IMPORTS!r})") as server:
        assert server.ask("/predict", rows)[0] == 200
        assert server.ask("/docs")[0] == server.ask("/metrics", key=server.admin)[0] == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.stdout is not None
        printed = server.process.stdout.read()
    assert re.search(r"^imported:\s*$", printed, re.MULTILINE), printed


def test_what_was_loaded_is_left_out_of_garbage_collection(package_dir: Path, tmp_path: Path) -> None:
    """A full collection, which nobody is answered in, has only what came since to look at."""
    report = (
        "import atexit, gc; atexit.register(lambda: print('frozen:', gc.get_freeze_count() > len(gc.get_objects())))"
    )
    with running(tmp_path, package_dir, wrap=report) as server:
        assert server.ask("/livez")[0] == 200  # from here on it listens to signals, too
        server.process.send_signal(signal.SIGINT)
        assert server.process.stdout is not None
        assert "frozen: True" in server.process.stdout.read()


def test_server_speaks_https(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """Two settings make the service speak https, with a certificate that clients can check."""
    certificate, private_key = make_certificate(tmp_path)
    tls = {"certificate": str(certificate), "private_key": str(private_key)}
    with running(tmp_path / "run", package_dir, tls=tls) as server:
        server.tls = ssl.create_default_context(cafile=str(certificate))
        assert server.ask("/predict", rows[0])[0] == 200


def test_renewed_certificate_is_taken_up(package_dir: Path, tmp_path: Path) -> None:
    """A certificate without its key changes nothing; with it, new connections get it, and the open one goes on."""
    certificate, private_key = make_certificate(tmp_path)
    tls = {"certificate": str(certificate), "private_key": str(private_key)}
    with running(tmp_path / "run", package_dir, tls=tls) as server:

        def served() -> str:
            return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=LIMIT)

        server.tls = ssl.create_default_context(cafile=str(certificate))
        first, opened = certificate.read_text(), server.connect()
        opened.connect()
        (tmp_path / "renewed").mkdir()
        renewed, its_key = make_certificate(tmp_path / "renewed")
        second = renewed.read_text()
        renewed.replace(certificate)
        wait_for(lambda: server.metric('mainline_refresh_failures_total{what="certificate"}') >= 1)
        assert served() == first
        its_key.replace(private_key)
        wait_for(lambda: served() == second)
        opened.request("GET", "/livez")
        assert opened.getresponse().status == 200
        opened.close()


def test_key_with_a_password_is_refused(package_dir: Path, tmp_path: Path) -> None:
    """An encrypted key is one line at the start, and nobody is asked for its password."""
    certificate, private_key = make_certificate(tmp_path)
    opened = serialization.load_pem_private_key(private_key.read_bytes(), None)
    private_key.write_bytes(
        opened.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
        )
    )
    section = f"tls: {{certificate: {certificate}, private_key: {private_key}}}"
    test_settings_that_cannot_work_are_one_line(package_dir, tmp_path, section, "the key without a password")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("tls: {certificate: no.pem, private_key: no.pem}", "the certificate or its key cannot be used"),
        (
            "host: 192.0.2.1",
            r"cannot listen on 192\.0\.2\.1:0 .*Declare a service\.host that this machine has, such as",
        ),
        ("prot: 1", r"did you mean 'port'\?"),
    ],
)
def test_settings_that_cannot_work_are_one_line(package_dir: Path, tmp_path: Path, section: str, message: str) -> None:
    """A service that cannot start says why in one line and exits with 1."""
    settings = tmp_path / "production.yaml"
    settings.write_text(f"service:\n  {section}\n  {'' if 'host' in section else 'host: 127.0.0.1'}\n")
    if "host" in section:
        settings.write_text(settings.read_text() + "  port: 0\n")
    found = refused(package_dir, settings)
    assert re.search(message, found), found


def test_killed_server_loses_at_most_the_declared_second(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """Predictions answered more than `flush_seconds` before a SIGKILL are in the log, in whole lines."""
    directory = tmp_path / "log"
    with running(tmp_path / "run", package_dir, log={"directory": str(directory), "flush_seconds": 0.2}) as server:
        for _ in range(20):
            server.ask("/predict", rows)
        wait_for(lambda: server.metric("mainline_log_rows_total") == 400)
        server.stop(signal.SIGKILL)
    assert len(log_reader.rows(directory)) == 400


PATIENT = f"from mainline.serving.http import door; door.FAREWELL_SECONDS = {LIMIT}"
"""Python for a server that waits for its clients however slow the machine is."""


def test_stopped_server_fails_no_request_of_clients_that_go_on_asking(
    package_dir: Path, rows: Rows, tmp_path: Path
) -> None:
    """On SIGTERM each connection gets the answers to what it sent, the last one says so, and each row is in the log."""
    directory, answered, lost = tmp_path / "log", [0], list[str]()
    limits, log = {"drain_seconds": LIMIT}, {"directory": str(directory), "flush_seconds": 1.0}
    with running(tmp_path / "run", package_dir, limits=limits, log=log, wrap=PATIENT) as server:

        def ask_on() -> None:
            connection = server.connect()
            headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
            try:
                while True:
                    connection.request("POST", "/predict", json.dumps(rows), headers)
                    reply = connection.getresponse()
                    assert reply.status == 200
                    reply.read()
                    answered[0] += len(rows)
                    if reply.will_close:
                        return
            except (OSError, http.client.HTTPException) as error:
                lost.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=ask_on) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: answered[0] > 2000)
        server.stop()
        for thread in threads:
            thread.join()
    assert not lost
    assert len(log_reader.rows(directory)) == answered[0]


@pytest.mark.parametrize("way", ["short", "usual"])
@pytest.mark.parametrize("is_new", [True, False])
def test_idle_connection_may_ask_once_more_when_the_server_stops(
    package_dir: Path, rows: Rows, tmp_path: Path, way: str, is_new: bool
) -> None:
    """The answer says that it is the last, on both ways, and on a connection that has not asked before."""
    limits = {"drain_seconds": LIMIT}
    with (
        running(tmp_path / "run", package_dir, limits=limits, wrap=PATIENT) as server,
        contextlib.closing(server.connect()) as connection,
    ):
        connection.connect()
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}

        def ask() -> http.client.HTTPResponse:
            if way == "short":
                connection.request("POST", "/predict", json.dumps(rows), headers)
            else:
                connection.request("GET", "/livez")
            reply = connection.getresponse()
            reply.read()
            return reply

        assert server.ask("/livez")[0] == 200  # so the server has the connection that was made before
        for _ in range(0 if is_new else 3):  # a head that was sent before is known at the third time
            assert not ask().will_close
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not _is_open(server.port))
        last = ask()
        assert (last.status, last.getheader("connection")) == (200, "close")
        assert server.process.wait(LIMIT) == -signal.SIGTERM


def test_connection_that_stays_idle_ends_with_the_server(package_dir: Path, tmp_path: Path) -> None:
    """A client that asks nothing does not hold up the end until `drain_seconds`."""
    limits = {"drain_seconds": 2 * LIMIT}
    with running(tmp_path / "run", package_dir, limits=limits) as server, contextlib.closing(server.connect()) as idle:
        idle.request("GET", "/livez")
        assert idle.getresponse().read()
        assert server.stop() == -signal.SIGTERM
        assert idle.sock.recv(1) == b""


def _is_open(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_closed_terminal_stops_the_server_as_it_should_be(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """SIGHUP is a normal stop: what was answered is in the log."""
    directory = tmp_path / "log"
    with running(tmp_path / "run", package_dir, log={"directory": str(directory), "flush_seconds": 1.0}) as server:
        assert server.ask("/predict", rows)[0] == 200
        server.stop(signal.SIGHUP)
    assert len(log_reader.rows(directory)) == len(rows)


def test_server_under_nohup_outlives_its_terminal(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A server that was started with SIGHUP ignored goes on after one; SIGTERM stops it as ever."""
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with running(tmp_path / "run", package_dir, log={"directory": None}, wrap=ignored) as server:
        assert server.ask("/predict", rows)[0] == 200  # from here on it listens to signals, too
        server.process.send_signal(signal.SIGHUP)
        server.process.send_signal(signal.SIGHUP)
        assert server.ask("/predict", rows)[0] == 200
        assert server.stop() == -signal.SIGTERM


def test_full_disk_degrades_logging_only(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A log that the system refuses to write costs no answer, and an alert metric says so."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))"
    log = {"directory": str(tmp_path / "log"), "flush_seconds": 0.05, "rotate_bytes": 2**20}
    with running(tmp_path / "run", package_dir, log=log, wrap=limit) as server:
        assert server.ask("/predict", rows)[0] == 200
        wait_for(lambda: server.metric("mainline_log_rows_total") == len(rows))
        assert [server.ask("/predict", rows)[0] for _ in range(5)] == [200] * 5
        wait_for(lambda: server.metric("mainline_log_dropped_total") > 0)
        assert server.metric("mainline_log_failing") == 1
        assert server.ask("/predict", rows)[0] == 200
    assert len(log_reader.rows(tmp_path / "log")) >= len(rows)


def test_keys_are_rotated_while_serving(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """A key added to the file works within seconds, one removed stops, and the server is the same process."""
    with running(tmp_path, package_dir) as server:
        file = tmp_path / "keys.yaml"
        file.unlink()
        new = keys.make(file, "client", "predict")
        wait_for(lambda: server.ask("/predict", rows[0], key=new)[0] == 200)
        assert server.ask("/predict", rows[0])[0] == 401
        assert server.process.poll() is None


def test_routing_file_is_followed_without_dropping_a_request(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """While versions are swapped under load, every request is answered by one of them."""
    file = tmp_path / "routing.json"

    def route(version: str) -> None:
        text = json.dumps({"routes": [{"version": version, "package": str(package_dir), "weight": 1}]})
        file.with_suffix(".partial").write_text(text)
        file.with_suffix(".partial").replace(file)

    with running(tmp_path / "run", None, "--routing", str(file)) as server:
        assert server.ask("/readyz")[0] == 503
        route("v1")
        wait_for(lambda: server.ask("/readyz")[0] == 200)
        seen: list[str] = []
        for version in ("v2", "v3"):
            route(version)
            until = time.monotonic() + 60
            while version not in seen:
                assert time.monotonic() < until
                status, body = server.ask("/predict", rows[0])
                assert status == 200
                seen.append(json.loads(body)["version"])
        assert set(seen) == {"v1", "v2", "v3"}


HALF = {
    "nothing": b"",
    "half a line": b"POST /pre",
    "half the headers": b"POST /predict HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    "half a chunk": b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
}


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF.keys())
def test_half_requests_are_ended_and_cost_the_others_nothing(server: Running, rows: Rows, sent: bytes) -> None:
    """A request that does not arrive is ended by the server, and meanwhile others are answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as half:
        half.sendall(sent)
        assert server.ask("/predict", rows[0])[0] == 200
        answer = b""
        while part := half.recv(65536):
            answer += part
    assert answer == b"" or re.match(rb"HTTP/1.1 (408|401) ", answer)


def test_slow_clients_are_ended(server: Running, rows: Rows) -> None:
    """A client that sends a byte now and then does not hold its connection longer than a silent one."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as slow:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < started + 60:
                slow.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() < started + 60
    assert server.ask("/predict", rows[0])[0] == 200


def test_dropped_connections_leave_nothing(server: Running, rows: Rows) -> None:
    """Clients that go away in the middle leave no connection, no waiting row and no error."""
    process = psutil.Process(server.process.pid)
    before = process.num_fds()
    body = json.dumps(rows).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"
    for cut in (0, 10, len(body)):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
                client.sendall(head % server.key.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body[:cut])
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for(lambda: process.num_fds() <= before + 1)
    wait_for(lambda: server.metric("mainline_queued_rows") == 0)
    assert server.ask("/predict", rows)[0] == 200


def test_large_headers_are_refused(server: Running) -> None:
    """Headers past the limit are 431, however they arrive, and hold no memory."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ")
        answer = b""
        for _ in range(100):
            try:
                client.sendall(b"x" * 1000)
            except OSError:
                break
        while part := client.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer:
                break
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("more", [b"X: " + b"x" * 30_000 + b"\r\n", b"a: b\r\n" * 10_000], ids=["one", "many"])
@pytest.mark.parametrize("before", [b"", b"GET /livez HTTP/1.1\r\n\r\n"], ids=["first", "second"])
def test_large_headers_that_come_at_once_are_refused(server: Running, more: bytes, before: bytes) -> None:
    """Headers past the limit are 431 also where they are all there before the server looks at them."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.sendall(before + b"GET /livez HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := client.recv(65536):
                answer += part
    assert b"HTTP/1.1 431 " in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"\x00" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /livez HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /livez\r\nHost: x\r\n\r\n",
    ],
)
def test_other_protocols_are_refused(server: Running, sent: bytes) -> None:
    """What is not HTTP/1.1 is a problem, not a failure."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        client.sendall(sent)
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    """Requests sent before the first is answered are all answered, in their order."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        paths = [b"/livez", b"/nothing", b"/readyz"]
        client.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths))
        answer = b""
        while answer.count(b"HTTP/1.1 ") < 3 or b'"ready"' not in answer:
            answer += client.recv(65536)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"401", b"200"]
