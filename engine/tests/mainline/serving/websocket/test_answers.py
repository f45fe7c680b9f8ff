"""Messages over a WebSocket, by the library's own client: the answers of `POST /predict`, its log and its metrics."""

import json
import signal
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.sync.client import ClientConnection

from tests.mainline.serving import log_reader
from tests.mainline.serving.http.certificates import make_certificate
from tests.mainline.serving.http.proxies import PREFIX, proxy
from tests.mainline.serving.running import Running, running, wait_for
from tests.mainline.serving.websocket.clients import opened
from tests.project import LIMIT

Rows = list[dict[str, Any]]
SLOW = (
    "import time; from mainline.serving.answering.model import Model; answer = Model.answer; "
    "Model.answer = lambda *given: (time.sleep({seconds}), answer(*given))[1]"
)
"""Takes so long for each prediction."""


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that several tests ask."""
    folder = tmp_path_factory.mktemp("websocket")
    log = {"directory": str(folder / "log"), "flush_seconds": 0.1}
    with running(folder, package_dir, websocket={}, limits={"rows": 300}, log=log) as made:
        yield made
        assert "Traceback" not in (folder / "errors").read_text()


@pytest.fixture
def client(server: Running) -> Iterator[ClientConnection]:
    """A WebSocket with a key."""
    with opened(server) as made:
        yield made


def answer(client: ClientConnection, content: Any) -> Any:
    """Send one message, which is JSON of the content or the text itself; return what is answered."""
    client.send(content if isinstance(content, str | bytes) else json.dumps(content))
    return json.loads(client.recv(LIMIT))


def plain(answered: Any) -> Any:
    """Return an answer without what names its request."""
    return {name: value for name, value in answered.items() if name not in ("request_id", "instance")}


def test_answers_are_those_of_http(server: Running, client: ClientConnection, rows: Rows) -> None:
    """One row, several, and each mistake have the body that `POST /predict` has for them, to the last bit."""
    wrong = [{**rows[0], "other": 1}, [], [rows[0]] * 301, dict.fromkeys(rows[0]), 5, [[]], None]
    for content in [rows[0], rows, [*rows * 15][:250], *wrong]:
        _, body = server.ask("/predict", content if content is not None else "null")
        assert plain(answer(client, content if content is not None else '"null"')) == plain(json.loads(body))


@pytest.mark.parametrize("sent", ["", "{", "nul", b"\xff", b'{"a": 1}'])
def test_message_that_is_no_request_is_one_answer(client: ClientConnection, rows: Rows, sent: str | bytes) -> None:
    """What is not JSON, or no row, is refused in its turn, and the next message is answered."""
    assert answer(client, sent)["status"] in (400, 422)
    assert "predictions" in answer(client, rows[0])


def test_form_of_a_message_does_not_matter(client: ClientConnection, rows: Rows) -> None:
    """Text, bytes and frames one after the other are the same request."""
    written = json.dumps(rows[0])
    expected = plain(answer(client, written))
    assert plain(answer(client, written.encode())) == expected
    client.send([written[:10], "", written[10:11], written[11:]])
    assert plain(json.loads(client.recv(LIMIT))) == expected


def test_answers_come_in_the_order_of_messages(client: ClientConnection, rows: Rows) -> None:
    """Many messages under way are answered as they were sent: few rows at once, many by a thread, mistakes never."""
    sizes = [1, 250, 0, 3, 300, 1, 301] * 20
    sender = threading.Thread(
        target=lambda: [client.send(json.dumps((rows * 20)[:size] if size else "no row")) for size in sizes]
    )
    sender.start()
    answered = [json.loads(client.recv(LIMIT)) for _ in sizes]
    sender.join(LIMIT)
    assert [len(each.get("predictions", ())) for each in answered] == [size if size < 301 else 0 for size in sizes]
    assert len({each.get("request_id") or each["instance"] for each in answered}) == len(sizes)


def test_message_is_logged_and_counted_as_a_request(server: Running, rows: Rows) -> None:
    """Each has its line in the prediction log, by an id of its own, and counts in the same metrics."""
    before = [server.metric(name) for name in ("mainline_requests_total", "mainline_rows_total")]
    with opened(server, headers={"X-Request-Id": "of-all"}) as client:
        ids = [answer(client, rows[:size])["request_id"] for size in (1, 2)]
    after = [server.metric(name) for name in ("mainline_requests_total", "mainline_rows_total")]
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 3]
    directory = server.directory / "log"
    wait_for(lambda: {*ids} <= {line["request_id"] for line in log_reader.lines(directory)})
    lines = {line["request_id"]: line for line in log_reader.lines(directory)}
    assert [len(lines[each]["prediction"]) for each in ids] == [1, 2]
    assert {lines[each]["key"] for each in ids} == {server.key.split("_")[1]}
    assert "of-all" not in lines


def test_problem_is_counted(server: Running, client: ClientConnection) -> None:
    """A message that is refused counts as a request that was."""
    before = server.metric("mainline_refused_total")
    answer(client, "{")
    assert server.metric("mainline_refused_total") == before + 1


def test_throttle_is_one_for_both(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """The handshake and each message take a token of the key; a message says how long to wait, and the next one may."""
    throttle = {"requests_per_second": 0.001, "burst": 3}
    with running(tmp_path, package_dir, websocket={}, throttle=throttle) as server, opened(server) as client:
        assert "predictions" in answer(client, rows[0])
        assert server.ask("/v2")[0] == 200
        refusal = answer(client, rows[0])
        assert (refusal["type"], refusal["status"]) == ("/docs#throttled", 429)
        assert refusal["retry_after"] > 900
        assert answer(client, rows[0])["status"] == 429  # the connection stays


def test_key_that_goes_ends_the_connection(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """A key that is taken out of the file while the connection stands is refused, and then the connection ends."""
    with running(tmp_path, package_dir, websocket={}) as server, opened(server) as client:
        assert "predictions" in answer(client, rows[0])
        file = tmp_path / "keys.yaml"
        declared = yaml.safe_load(file.read_text())
        declared["keys"] = [key for key in declared["keys"] if key["role"] == "admin"]
        file.write_text(yaml.safe_dump(declared))
        wait_for(lambda: server.ask("/predict", rows[0])[0] == 401)
        with suppress(ConnectionClosed):  # the server ends the connection while this sends
            for _ in range(5):
                client.send(json.dumps(rows[0]))
        assert json.loads(client.recv(LIMIT))["status"] == 401
        with pytest.raises(ConnectionClosed, match=r"1008.*not valid any more"):
            client.recv(LIMIT)


def test_messages_under_way_are_answered_at_the_end(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """A server that is told to stop answers what it has begun, says 1001, and waits for nobody."""
    with running(tmp_path, package_dir, websocket={}, wrap=SLOW.format(seconds=0.5)) as server:
        with opened(server) as idle, opened(server) as client:
            client.send(json.dumps((rows * 20)[:201]))  # by the thread, so that the loop goes on
            wait_for(lambda: queued(server) == 201)
            server.process.send_signal(signal.SIGTERM)
            assert len(json.loads(client.recv(LIMIT))["predictions"]) == 201
            for each in (client, idle):
                with pytest.raises(ConnectionClosedOK, match=r"1001.*The server stops"):
                    each.recv(LIMIT)
        server.process.wait(LIMIT)
    assert "Traceback" not in (tmp_path / "errors").read_text()


def queued(server: Running) -> int:
    """Return the rows that wait for a prediction."""
    return int(json.loads(server.ask("/admin/state", key=server.admin)[1])["queued_rows"])


def test_queue_that_is_full_is_waited_for_or_told(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """A client does not overload itself, but waits for its own rows; those of others it is told of, as over HTTP."""
    limits, many = {"queued_rows": 300}, json.dumps((rows * 20)[:201])
    slow = SLOW.format(seconds=0.5)
    with (
        running(tmp_path, package_dir, websocket={}, limits=limits, wrap=slow) as server,
        opened(server) as first,
        opened(server) as second,
    ):
        for _ in range(3):
            first.send(many)
        wait_for(lambda: queued(server) == 201)
        refusal = answer(second, many)
        assert (refusal["status"], refusal["retry_after"]) == (503, 1)
        for _ in range(3):
            assert len(json.loads(first.recv(LIMIT))["predictions"]) == 201


def test_several_workers_answer(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """With two workers each connection has one of them; the counts of both add up, and both say when they stop."""
    with running(tmp_path, package_dir, websocket={}, workers=2) as server, ExitStack() as kept:
        clients = [kept.enter_context(opened(server)) for _ in range(6)]
        for client in clients:
            answer(client, rows[0])
        assert server.metric("mainline_requests_total") == 6
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            with pytest.raises(ConnectionClosedOK, match="1001"):
                client.recv(LIMIT)
        server.process.wait(LIMIT)


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_behind_a_proxy(package_dir: Path, tmp_path: Path, rows: Rows, name: str) -> None:
    """A proxy that passes the wish on shows the WebSocket under its prefix."""
    with (
        running(tmp_path / "run", package_dir, websocket={}, prefix=PREFIX) as server,
        proxy(name, server.port, tmp_path / "proxy") as port,
        opened(server, port=port, prefix=PREFIX) as client,
    ):
        answered = [answer(client, rows[0]), answer(client, "{")]
    assert "predictions" in answered[0]
    assert answered[1]["type"] == f"{PREFIX}/docs#malformed-json"


def test_with_tls(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """With a certificate the address is wss, and ends as it does without."""
    certificate, key = make_certificate(tmp_path)
    tls = {"certificate": str(certificate), "private_key": str(key)}
    with running(tmp_path / "run", package_dir, websocket={}, tls=tls) as server:
        server.tls = ssl.create_default_context(cafile=str(certificate))
        with opened(server) as client:
            assert len(answer(client, rows)["predictions"]) == len(rows)
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosedOK, match="1001"):
                client.recv(LIMIT)
        server.process.wait(LIMIT)


def test_address_is_said(package_dir: Path, tmp_path: Path) -> None:
    """The server prints where its WebSocket is."""
    with running(tmp_path, package_dir, websocket={}, prefix="/model") as server:
        assert server.process.stdout is not None
        said = server.process.stdout.readline().strip()
    assert said == f"WebSocket at ws://127.0.0.1:{server.port}/model/predict/stream"
