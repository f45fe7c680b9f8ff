"""What a client may make a WebSocket hold, and how one ends that does not keep to the protocol."""

import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.frames import Frame, Opcode

from tests.mainline.serving.http.test_connection import SWEEPS
from tests.mainline.serving.running import Running, running, wait_for
from tests.mainline.serving.websocket.clients import close_of, opened, raw, text, written
from tests.project import LIMIT

Rows = list[dict[str, Any]]
BYTES = 20_000
"""The size that messages may have here."""


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that takes small messages, and waits longer than any machine is slow."""
    patience = {"read_seconds": LIMIT, "idle_seconds": LIMIT}
    with _small(tmp_path_factory.mktemp("stream"), package_dir, LIMIT, patience) as made:
        yield made


@pytest.fixture(scope="module")
def impatient(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same with little patience."""
    patience = {"read_seconds": 0.5, "idle_seconds": 1.0}
    with _small(tmp_path_factory.mktemp("impatient"), package_dir, 0.5, patience) as made:
        yield made


@contextlib.contextmanager
def _small(folder: Path, package_dir: Path, ping: float, patience: Mapping[str, float]) -> Iterator[Running]:
    throttle = {"requests_per_second": 1e9, "burst": 10**9}
    limits = {"body_bytes": BYTES, "connections_per_address": 1000, **patience}
    with running(
        folder, package_dir, websocket={"ping_seconds": ping}, throttle=throttle, limits=limits, wrap=SWEEPS
    ) as made:
        yield made
        assert made.process.poll() is None, "the server ended"
        errors = (folder / "errors").read_text()
        assert "Traceback" not in errors, errors
        assert "request failed" not in errors, errors


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([Frame(Opcode.TEXT, b" " * (BYTES + 1))], 1009),
        ([Frame(Opcode.TEXT, b" " * (BYTES - 1), False), Frame(Opcode.CONT, b"  ")], 1009),
        ([Frame(Opcode.TEXT, b"\xff")], 1007),
        ([Frame(Opcode.TEXT, b"\xc3", False), Frame(Opcode.CONT, b"(")], 1007),
        ([Frame(Opcode.CONT, b"{}")], 1002),
        ([Frame(Opcode.TEXT, b"{", False), Frame(Opcode.TEXT, b"}")], 1002),
        ([Frame(Opcode.CLOSE, b"\3")], 1002),
    ],
)
def test_frames_that_break_the_protocol_end_it(server: Running, frames: list[Frame], code: int) -> None:
    """A message that is too large, in one frame or several, and frames that are no message end with their code."""
    before = server.metric("mainline_refused_total")
    with raw(server) as client:
        client.send(*frames)
        assert close_of(client.until_end())[0] == code
    assert server.metric("mainline_refused_total") == before + 1


@pytest.mark.parametrize("sent", [b"\x81\2{}", b"\xc1\x82mask..", b"\x83\x82mask..", b"\x89\xfe\0\xff" + bytes(259)])
def test_bytes_that_are_no_frame_end_it(server: Running, sent: bytes) -> None:
    """No mask, a bit that nothing was agreed for, a code that is not known, and a ping that is too large."""
    with raw(server) as client:
        client.connection.sendall(sent)
        assert close_of(client.until_end())[0] == 1002


def test_size_that_is_only_said_is_refused_at_once(server: Running) -> None:
    """Nobody waits for the gigabyte that a frame's head announces."""
    with raw(server) as client:
        client.connection.sendall(b"\x81\xff" + (2**30).to_bytes(8, "big") + b"mask")
        assert close_of(client.until_end())[0] == 1009


def test_frames_behind_the_handshake_are_taken(server: Running, rows: Rows) -> None:
    """What a client sends without waiting for the answer to the handshake is not lost."""
    with raw(server, text(rows[0]), Frame(Opcode.PING, b"x"), text("{")) as client:
        came = [client.next() for _ in range(3)]
    assert sorted(frame.opcode for frame in came) == [Opcode.TEXT, Opcode.TEXT, Opcode.PONG]
    assert [b"predictions" in frame.data for frame in came if frame.opcode is Opcode.TEXT] == [True, False]


def test_message_that_comes_by_single_bytes_is_answered(server: Running, rows: Rows) -> None:
    """However frames are cut, they are the same message; and a ping between its frames is answered."""
    content = json.dumps(rows[0]).encode()
    frames = [Frame(Opcode.TEXT, content[:30], False), Frame(Opcode.PING, b"x"), Frame(Opcode.CONT, content[30:])]
    with raw(server) as client:
        for byte in written(*frames):
            client.connection.sendall(bytes([byte]))
        came = [client.next(), client.next()]
    assert [frame.opcode for frame in came] == [Opcode.PONG, Opcode.TEXT]
    assert b"predictions" in came[1].data


BEGUN = Frame(Opcode.TEXT, b"{", False)
NOTHING = Frame(Opcode.CONT, b"", False)


@pytest.mark.parametrize(
    ("half", "drop"),
    [
        (written(text("{" * 1000))[:500], b"{"),
        (written(text("{")) + written(text("{" * 1000))[:500], b"{"),
        (written(BEGUN), b""),
        (written(BEGUN), written(NOTHING)),
        (written(BEGUN), written(Frame(Opcode.PING, b""))),
    ],
    ids=["half a frame", "behind a message", "half a message", "frames without content", "pings between"],
)
def test_message_that_does_not_arrive_ends_it(impatient: Running, half: bytes, drop: bytes) -> None:
    """A client that begins a message and lets the rest drip is told after `read_seconds`, whatever it sends."""

    def drip() -> None:
        with contextlib.suppress(OSError):
            while not stop.wait(0.05):
                client.connection.sendall(drop)

    stop = threading.Event()
    dripping = threading.Thread(target=drip)
    with raw(impatient) as client:
        client.connection.sendall(half)
        dripping.start()
        came = [frame for frame in client.until_end() if frame.opcode is not Opcode.PONG]
        stop.set()
        dripping.join(LIMIT)
    assert close_of(came) == (1008, "A message must arrive within 0.5 s.")


def test_client_that_is_gone_is_ended(impatient: Running) -> None:
    """One that answers no ping is let go; the library's answers them by itself, and stays."""
    with opened(impatient) as patient, raw(impatient) as gone:
        assert [frame.opcode for frame in gone.until_end()] == [Opcode.PING]
        patient.send("{")
        assert json.loads(patient.recv(LIMIT))["status"] == 400
    with raw(impatient) as client:  # any frame says that it is there
        for _ in range(3):
            assert client.next().opcode is Opcode.PING
            client.send(Frame(Opcode.PONG, b""))


def test_client_that_does_not_close_is_ended(impatient: Running) -> None:
    """A close is answered, and the connection ends whether or not the client ends its half."""
    with raw(impatient) as client:
        client.send(Frame(Opcode.CLOSE, (1000).to_bytes(2, "big")), text("{"))
        assert close_of(client.until_end())[0] == 1000


def test_half_of_a_connection_is_none(server: Running) -> None:
    """A client that ends its half of the connection ends all of it."""
    with raw(server) as client:
        client.connection.shutdown(socket.SHUT_WR)
        assert client.until_end() == []


def test_client_that_does_not_read_is_not_read_from(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """Rows of a client that reads no answers wait with the client; others are answered, and it is once it reads."""
    times, sent = 4000, written(text(rows * 2))

    def send() -> None:
        with contextlib.suppress(OSError):
            client.connection.sendall(sent * times)

    with running(tmp_path, package_dir, websocket={}) as server, raw(server, text(rows[0]), room=4096) as client:
        assert b"predictions" in client.next().data
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        sender = threading.Thread(target=send)
        sender.start()
        wait_for(lambda: _stands(server))
        assert server.metric("mainline_requests_total") < times  # as many as fill the way to the client
        assert server.ask("/predict", rows[0])[0] == 200
        came = [client.next() for _ in range(1000)]
        wait_for(lambda: _stands(server))
        assert sender.is_alive(), "everything was read"
        assert process.memory_info().rss < before + len(sent) * times // 2
        client.connection.shutdown(socket.SHUT_RDWR)
        sender.join(LIMIT)
    assert {len(json.loads(bytes(frame.data))["predictions"]) for frame in came} == {2 * len(rows)}


def _stands(server: Running) -> bool:
    """Say whether no more is answered."""
    before = server.metric("mainline_rows_total")
    time.sleep(0.5)
    return server.metric("mainline_rows_total") == before > 0


def test_client_that_never_reads_is_ended(impatient: Running) -> None:
    """Answers that nobody takes are not kept for good, and neither is their connection."""
    with raw(impatient, room=4096) as client, contextlib.suppress(ConnectionError):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            client.send(*[text("{")] * 100)
    assert time.monotonic() < until, "it was read from for good"


def test_client_that_floods_leaves_a_turn_to_others(server: Running, rows: Rows) -> None:
    """Ten thousand wrong messages in one piece are answered in order, and other clients between them."""
    with raw(server) as client:
        sender = threading.Thread(target=client.send, args=[text("{")] * 10_000 + [text(rows[0])])
        sender.start()
        client.next()
        assert server.ask("/predict", rows[0])[0] == 200
        came = [client.next() for _ in range(10_000)]
        sender.join(LIMIT)
    assert b"predictions" in came[-1].data
    assert all(b"malformed-json" in frame.data for frame in came[:-1])


def test_random_bytes_are_refused(server: Running, rows: Rows) -> None:
    """Frames with random bytes changed end the connection or are answered, without an error of ours."""
    chance = random.Random(0)  # noqa: S311 - repeatable
    for _ in range(300):
        sent = bytearray(written(text(rows[0]), Frame(Opcode.PING, b"x"), text(rows[:2]), Frame(Opcode.CLOSE, b"")))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(sent))
            sent[at : at + chance.randint(0, 3)] = bytes([chance.randrange(256)])
        with raw(server) as client, contextlib.suppress(OSError):
            client.connection.sendall(sent)
            client.connection.shutdown(socket.SHUT_WR)
            client.until_end()
    with opened(server) as client:
        client.send(json.dumps(rows[0]))
        assert "predictions" in json.loads(client.recv(LIMIT))


def test_client_that_ignores_the_end_holds_up_nobody(package_dir: Path, tmp_path: Path) -> None:
    """A client that neither reads nor closes is left behind when the server stops; its drain ends by itself."""
    limits = {"drain_seconds": 5 * LIMIT}
    with running(tmp_path, package_dir, websocket={}, limits=limits) as server, raw(server) as client:
        server.process.terminate()
        server.process.wait(LIMIT)
        assert close_of(client.until_end()) == (1001, "The server stops.")
