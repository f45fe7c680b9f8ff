"""Load and stress: what comes back is counted, and the rate at which an objective breaks is found."""

import os
import signal
import socketserver
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from mainline.probe import options, pressure, smoke, wire
from mainline.probe.pressure import Objective
from mainline.probe.sender import Plan, Result
from mainline.probe.wire import ProbeError
from tests.mainline.serving.http.proxies import PREFIX, proxy
from tests.mainline.serving.running import free_port, running, wait_for
from tests.project import ENGINE, LIMIT, SEARCH_PATH

REQUEST = b"POST /predict HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
EASY = Objective(p99_ms=60_000, errors=0.0)


@contextmanager
def answering(answer: Callable[[int], bytes]) -> Iterator[int]:
    """Answer each request by its number on a port of this machine; b'' ends the connection."""
    numbers = count()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65_536) and (said := answer(next(numbers))):
                self.request.sendall(said)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def plan(port: int, rate: float = 0.0, seconds: float = 1.0) -> Plan:
    """Two connections."""
    return Plan("127.0.0.1", port, [REQUEST], 2, seconds, rate)


def test_answers_are_counted_by_status() -> None:
    """Each fourth request is refused: a quarter of what was tried is an error."""
    refusal = OK.replace(b"200 OK", b"503 Busy\r\nContent-Type: application/problem+json")
    with answering(lambda number: OK if number % 4 else refusal) as port:
        found = pressure.load(plan(port))
    assert set(found.statuses) == {"200", "503"}
    assert found.answers == sum(found.statuses.values())
    assert abs(found.errors - 0.25) < 0.01


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("503 Busy\r\nServer: nginx/1.22.1\r\nContent-Type: application/problem+json", "503"),
        ("503 Busy\r\nContent-Type: text/html\r\nserver: nginx/1.22.1", "503 by nginx"),
        ("429 Slow\r\nContent-Type: text/plain", "429 by a proxy"),
        ("502 Bad\r\nServer: \x1b[31m<b>", "502 by a proxy"),
    ],
)
def test_a_refusal_of_a_proxy_is_told_from_the_services(head: str, told: str) -> None:
    """The service refuses by a problem document; whose limit was reached decides what to change."""
    answer = OK.replace(b"200 OK", head.encode("latin-1"))
    with answering(lambda _: answer) as port:
        found = pressure.load(plan(port, rate=10.0))
    assert set(found.statuses) == {told}


def test_a_rate_is_kept() -> None:
    """A fast service gets what was asked for, and no more."""
    with answering(lambda _: OK) as port:
        found = pressure.load(plan(port, rate=4.0, seconds=2.0))
    assert 4 <= found.answers <= 8


def test_a_lost_connection_is_an_error_and_made_again() -> None:
    """The service ends each connection at its third request; the load goes on."""
    with answering(lambda number: OK if number % 3 else b"") as port:
        found = pressure.load(plan(port))
    assert found.lost > 2
    assert found.statuses["200"] > 4


def test_a_connection_that_ends_between_two_requests_lost_nothing() -> None:
    """A proxy ends each after so many requests, or when nothing was under way for a while."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(closing)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        found = pressure.load(plan(server.server_address[1], rate=4.0))
        server.shutdown()
        thread.join()
    assert 1 < found.answers <= 4
    assert found.errors == 0.0


def test_a_connection_that_is_made_again_waits_for_its_request() -> None:
    """A proxy that ends what is idle does not make the load faster: a request is sent when it is due."""
    moments: list[float] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            moments.append(time.perf_counter())
            self.request.sendall(OK)  # and ends at once, without a word of it

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        begun = time.perf_counter()
        found = pressure.load(replace(plan(server.server_address[1], rate=1.0, seconds=3.0), connections=1))
        server.shutdown()
        thread.join()
    assert (found.answers <= 3, found.lost) == (True, 0)
    assert all(moment - begun >= number for number, moment in enumerate(moments))


@pytest.mark.parametrize("option", [{"errors": float("nan")}, {"p99_ms": 0.0}, {"most": float("inf")}, {"rate": 0.0}])
def test_what_no_objective_can_be_is_refused(option: dict[str, float]) -> None:
    """Nothing is above a number that is none, so each service would keep it."""
    with pytest.raises(ProbeError, match="it may be from"):
        options.check(Namespace(**option))


def test_two_small_rates_are_told_apart() -> None:
    """Stress ends between two rates."""
    assert [pressure.per_second(rate) for rate in (7.5, 8.0, 99.5, 1_234.5)] == ["7.5", "8", "99.5", "1,234"]


def test_an_address_of_ipv6_is_a_host_in_brackets() -> None:
    """As RFC 3986 writes it."""
    target = wire.Target("::1", 8080, "", secure=False)
    assert b"Host: [::1]:8080\r\n" in pressure._request(target, [{}])


def test_an_interrupted_load_ends_in_one_line() -> None:
    """Ctrl-C is no fault of the program, so there is no traceback."""
    asked: list[int] = []

    def answer(number: int) -> bytes:
        asked.append(number)
        return OK

    with answering(answer) as port:
        program = (
            "import sys; from mainline import interrupts; interrupts.catch(); interrupts.allow()\n"
            "from mainline.probe import pressure; from mainline.probe.sender import Plan\n"
            "try:\n    pressure.load(Plan('127.0.0.1', int(sys.argv[1]), [sys.argv[2].encode()], 2, 600.0))\n"
            "except KeyboardInterrupt:\n    print('ended')"
        )
        command = [sys.executable, "-P", "-c", program, str(port), REQUEST.decode()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ENGINE,
                              env={**os.environ, "PYTHONPATH": SEARCH_PATH}) as load:  # fmt: skip
            wait_for(lambda: len(asked) > 9)
            load.send_signal(signal.SIGINT)
            assert load.communicate(timeout=LIMIT) == ("ended\n", "")


def test_a_service_that_is_not_there_is_all_errors() -> None:
    """Nothing is answered, and the load ends by itself."""
    found = pressure.load(plan(free_port()))
    assert (found.answers, found.errors) == (0, 1.0)
    assert EASY.broken(found, 0.0) == "100.00% of the requests failed, allowed are 0.00%"


def test_an_answer_in_pieces_is_one() -> None:
    """By its last chunk, as a proxy may send it."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with answering(lambda _: chunked) as port:
        assert pressure.load(plan(port)).errors == 0.0


def result(rate: float, p99: float = 0.001, errors: float = 0.0, reached: float = 1.0) -> Result:
    """What a load at a rate would bring."""
    answers = max(int(rate * 10 * reached), 2)
    bad = int(answers * errors)
    return Result(10.0, {"200": answers - bad, "503": bad}, [p99] * answers, 0)


@pytest.mark.parametrize(
    ("found", "broken"),
    [
        (result(100), ""),
        (result(100, errors=0.02), "2.00% of the requests failed, allowed are 1.00%"),
        (result(100, p99=0.08), "p99 was 80.0 ms, allowed are 50"),
        (result(100, reached=0.5), "50 answers a second came, 100 were asked for"),
    ],
)
def test_an_objective_says_what_of_it_broke(found: Result, broken: str) -> None:
    """Errors, a rate that was not reached, and latency."""
    assert Objective(50, 0.01).broken(found, 100.0) == broken


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [(900.0, (875.0, 900.0)), (1e9, (1_000.0, 0.0)), (10.0, (0.0, 100.0))],
)
def test_stress_finds_where_it_breaks(
    monkeypatch: pytest.MonkeyPatch, breaks: float, expected: tuple[float, float]
) -> None:
    """It doubles, halves three times, does not pass the highest rate, and gives up if the first one breaks."""
    monkeypatch.setattr(pressure, "load", lambda plan: result(plan.rate, p99=0.08 if plan.rate >= breaks else 0.001))
    said: list[str] = []
    begun = replace(plan(1), rate=100.0)
    good, bad, why = pressure.stress(begun, Objective(50, 0.01), 1_000.0, said.append)
    assert (good, bad) == expected
    assert why == ("p99 was 80.0 ms, allowed are 50" if bad else "")
    assert len(said) == {900.0: 8, 1e9: 5, 10.0: 1}[breaks]


@pytest.mark.slow
def test_the_real_service_behind_nginx_keeps_a_small_rate(package_dir: Path, tmp_path: Path) -> None:
    """Golden requests through a real proxy under a prefix are all answered."""
    _, golden = smoke.read(package_dir)
    with running(tmp_path / "service", package_dir) as server, proxy("nginx", server.port, tmp_path / "nginx") as port:
        target = wire.target(f"http://127.0.0.1:{port}{PREFIX}", server.key, None)
        found = pressure.load(pressure.plan(target, golden["requests"], 3, 4, 5.0, 20.0))
    assert set(found.statuses) == {"200"}
    assert (found.lost, EASY.broken(found, 0.0)) == (0, "")
