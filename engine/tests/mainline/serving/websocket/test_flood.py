"""Frames that are many and bring little: they are read in pieces, and end their connection."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from mainline.serving.websocket import assembly, intake
from mainline.serving.websocket.assembly import Assembly
from mainline.serving.websocket.intake import Intake
from tests.mainline.serving.running import Running, running, wait_for
from tests.mainline.serving.websocket.clients import close_of, raw, text, written

Rows = list[dict[str, Any]]
PING, PONG = Frame(Opcode.PING, b""), Frame(Opcode.PONG, b"")
BEGUN, PART, END = text("[", fin=False), Frame(Opcode.CONT, b"", False), Frame(Opcode.CONT, b"]")


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that speaks WebSocket by two workers."""
    throttle = {"requests_per_second": 1e9, "burst": 10**9}
    with running(tmp_path_factory.mktemp("flood"), package_dir, websocket={}, workers=2, throttle=throttle) as made:
        yield made


@pytest.mark.parametrize("frames", [[PING], [PONG], [BEGUN, PART, END]], ids=["pings", "pongs", "parts"])
def test_flood_ends_its_connection(server: Running, rows: Rows, frames: list[Frame]) -> None:
    """Each frame costs about as much as a message, and takes no token."""
    before = floods(server)
    with raw(server) as client:
        client.send(*frames * 1_001)
        assert close_of(client.until_end()) == (1008, "Too many frames bring little; send messages.")
    wait_for(lambda: floods(server) == before + 1)
    with raw(server) as client:
        client.send(*[PONG] * 900, text(rows[0]))
        assert b"predictions" in client.next().data


def floods(server: Running) -> float:
    """Return how many connections were ended for frames that bring little."""
    _, page = server.ask("/metrics", key=server.admin)
    found = re.search(rb'^mainline_refused_total\{reason="too-many-frames"\} (\S+)$', page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_frames_that_bring_little_may_come_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that says now and then that it is there is no flood, nor is a message of many large parts."""
    times = iter(range(10**6))
    monkeypatch.setattr(assembly, "monotonic", lambda: float(next(times)))
    slow, large = Assembly(), Assembly()
    for _ in range(3_000):
        slow.add(PONG)
        assert not slow.is_flooded
    monkeypatch.setattr(assembly, "monotonic", lambda: 0.0)
    large.add(Frame(Opcode.TEXT, b" " * 1024, False))
    for _ in range(3_000):
        large.add(Frame(Opcode.CONT, b" " * 1024, False))
    assert not large.is_flooded


def test_bytes_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many frames arrive at once, a piece of them is read at a time, and each frame once and in order."""
    monkeypatch.setattr(intake, "PIECE", 100)
    protocol = ServerProtocol()
    protocol.state = OPEN
    protocol.parser = type(protocol).parse(protocol)
    next(protocol.parser)
    waiting, came = Intake(protocol), list[list[bytes]]()
    sent = written(*(Frame(Opcode.TEXT, b"%d" % number) for number in range(200)))
    for part in (sent[:1_001], sent[1_001:]):
        waiting.add(part)
        came.append([bytes(frame.data) for frame in waiting.read()])
    while waiting:
        came.append([bytes(frame.data) for frame in waiting.read()])
    assert [data for piece in came for data in piece] == [b"%d" % number for number in range(200)]
    assert max(map(len, came)) <= 15


def test_open_websockets_are_counted(server: Running) -> None:
    """The gauge is the sum of all workers, and goes back to nothing."""
    wait_for(lambda: server.metric("mainline_open_websockets") == 0)
    with ExitStack() as clients:
        *_, last = [clients.enter_context(raw(server)) for _ in range(5)]
        wait_for(lambda: server.metric("mainline_open_websockets") == 5)
        last.connection.close()  # without a word
        wait_for(lambda: server.metric("mainline_open_websockets") == 4)
    wait_for(lambda: server.metric("mainline_open_websockets") == 0)
