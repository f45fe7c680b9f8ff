"""What a client may make the server hold."""

import asyncio
import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from mainline.serving.http.flow import Flow
from tests.mainline.serving.running import Running, running
from tests.project import LIMIT

SWEEPS = "from mainline.serving import admission; admission.SWEEP_SECONDS = 0.1"
LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
EARLY = BODY.replace(b"/predict", b"/predict?")
"""Goes through ASGI and is refused before its body is here."""


class Reading(asyncio.Transport):
    """A transport that notes whether it is read from."""

    on = True

    def pause_reading(self) -> None:
        """Read no more."""
        self.on = False

    def resume_reading(self) -> None:
        """Read on."""
        self.on = True


def test_nothing_is_read_while_requests_wait() -> None:
    """A handler that asks for its body does not let a client that reads no answers send ever more requests."""
    transport, waiting = Reading(), ["a request"]
    flow = Flow(transport, waiting)
    flow.pause_reading()
    flow.resume_reading()
    assert not transport.on
    waiting.clear()
    flow.resume_reading()
    assert transport.on


def waiting(directory: Path, package: Path, idle: float) -> AbstractContextManager[Running]:
    """Start a server that waits half a second for a request, and so many for the next one to begin."""
    limits = {"read_seconds": 0.5, "idle_seconds": idle}
    return running(directory, package, limits=limits, wrap=SWEEPS)


@pytest.fixture(scope="module")
def hasty(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that ends idle connections soon."""
    with waiting(tmp_path_factory.mktemp("hasty"), package_dir, 0.5) as made:
        yield made


@pytest.fixture(scope="module")
def patient(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that keeps idle connections."""
    with waiting(tmp_path_factory.mktemp("patient"), package_dir, 1e6) as made:
        yield made


def all_of(server: Running, *parts: bytes) -> bytes:
    """Send parts, each once an answer to the one before has come; return all that came until the end."""
    came = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
        for number, part in enumerate(parts):
            while came.count(b"HTTP/1.1 ") < number:
                came += client.recv(65536)
            client.sendall(part)
        while part := client.recv(65536):
            came += part
    return came


@pytest.mark.parametrize("sent", [[LIVE], [LIVE, LIVE], [LIVE * 3], [EARLY, b"null"], [BODY + b"null", LIVE]])
def test_idle_connection_is_ended_in_silence(hasty: Running, sent: list[bytes]) -> None:
    """After the last answer nothing more is said, however requests and answers came one after the other."""
    came = all_of(hasty, *sent)
    answers = sum(part.count(b"HTTP/1.1") for part in sent)
    assert came.count(b"HTTP/1.1 ") == answers
    assert b"HTTP/1.1 408" not in came


def test_client_that_never_reads_is_ended(hasty: Running) -> None:
    """Answers that nobody takes are not kept for good, and neither is their connection."""

    def send_on() -> None:
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                client.send(LIVE * 200)

    with socket.create_connection(("127.0.0.1", hasty.port), timeout=LIMIT) as client:
        client.setblocking(False)
        with pytest.raises(ConnectionError):
            send_on()
    assert hasty.ask("/livez")[0] == 200


@pytest.mark.parametrize("half", [LIVE[:20], EARLY[:-2]])
def test_half_a_request_behind_a_whole_one_is_no_idle_connection(patient: Running, half: bytes) -> None:
    """The client is told that the second did not arrive, whether it began before or after the first was answered."""
    for sent in ([LIVE, half], [LIVE + half]):
        came = all_of(patient, *sent)
        assert came.startswith(b"HTTP/1.1 200")
        assert came.count(b"HTTP/1.1 408") == 1


def test_request_that_was_refused_by_its_head_gets_no_second_answer(patient: Running) -> None:
    """Its body is late, but a client or a proxy would take another answer for that to the next request."""
    assert all_of(patient, BODY).count(b"HTTP/1.1 ") == 1


@pytest.fixture(scope="module")
def slow(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that takes five times as long for an answer as it waits for a request."""
    patched = (
        f"{SWEEPS}; import time; "
        "from mainline.serving.answering.model import Model; answer = Model.answer; "
        "Model.answer = lambda *given: (time.sleep(1), answer(*given))[1]"
    )
    with running(
        tmp_path_factory.mktemp("slow"), package_dir, limits={"read_seconds": 0.2, "idle_seconds": 0.2}, wrap=patched
    ) as made:
        yield made


@pytest.mark.parametrize("path", ["/predict", "/predict?"])
@pytest.mark.parametrize("behind", [b"", LIVE[:20], BODY, LIVE + BODY], ids=["none", "head", "body", "third"])
def test_slow_answer_is_not_cut_off(slow: Running, rows: list[dict[str, Any]], path: str, behind: bytes) -> None:
    """A request is answered however long that takes, also when the next one has begun; that one is late afterwards.

    One that was refused by its head has its answer, and gets no second one.
    """
    content = json.dumps((rows * 20)[:201]).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {slow.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    came = all_of(slow, head.encode() + content + behind)
    expected = [b"200"] * (1 + behind.startswith(LIVE)) + [b"401"] * behind.endswith(BODY)
    expected += [b"408"] * (behind == LIVE[:20])
    assert re.findall(rb"HTTP/1\.1 (\d+)", came) == expected


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (BODY, "request-timeout"),
        (b"GET\r\n\r\n", "malformed-http"),
        (LIVE[:-2] + b"X: " + b"x" * 500_000, "headers-too-large"),
    ],
)
def test_connection_that_is_ended_is_counted(patient: Running, sent: bytes, reason: str) -> None:
    """What never becomes a request is in the metrics, too."""
    before = patient.metric(f'mainline_refused_total{{reason="{reason}"}}')
    with contextlib.suppress(ConnectionError):
        all_of(patient, sent)
    assert patient.metric(f'mainline_refused_total{{reason="{reason}"}}') == before + 1


@pytest.mark.parametrize("path", ["/predict", "/predict?"])
@pytest.mark.parametrize(
    "behind",
    [b"nonsense\r\n\r\n", LIVE[:-2] + b"X: " + b"x" * 500_000 + b"\r\n\r\n", LIVE + BODY + b"null" + b"\0" * 9,
     BODY.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"no\r\n"],
    ids=["no request", "large", "third", "chunk"],
)  # fmt: skip
def test_bad_request_takes_no_answer_of_another(
    slow: Running, rows: list[dict[str, Any]], path: str, behind: bytes
) -> None:
    """What ends a connection is said after the answers to the requests before it, and in no other's place."""
    content = json.dumps(rows[0]).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {slow.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    came = b""
    with contextlib.suppress(ConnectionResetError):  # the server leaves unread what comes behind a bad request
        came = all_of(slow, head.encode() + content + behind)
    found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", came)]
    if came or len(behind) < 1000:
        assert found[0] == 200
        assert found[-1] in (400, 431)
        assert len(found) == 2 + behind.count(LIVE) + behind.count(BODY)
