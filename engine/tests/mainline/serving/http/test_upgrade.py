"""A wish for another protocol is ignored, as RFC 9110 (7.8) allows; what follows the headers stays the body."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mainline.serving.http.test_fast_path import USUAL, exchange, request
from tests.mainline.serving.running import Running, running

Rows = list[dict[str, Any]]
LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
WISHES = {
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
    "HTTP/2": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
    "kept": "Connection: keep-alive, upgrade\r\nupgrade: a, b\r\n",
}


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a small limit on bodies."""
    with running(tmp_path_factory.mktemp("upgrade"), package_dir, limits={"body_bytes": 20_000}) as made:
        yield made


@pytest.mark.parametrize("path", ["/predict", USUAL])
@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES.keys())
def test_request_that_may_change_the_protocol_is_answered_in_this_one(
    server: Running, rows: Rows, path: str, wish: str
) -> None:
    """Its body is read, so the answer is a prediction, and the next request on the connection is answered too."""
    sent = request(server, json.dumps(rows[0]).encode(), path, more=wish)
    assert exchange(server, sent + LIVE, answers=2)[0] == [200, 200]


@pytest.mark.parametrize("path", ["/predict", USUAL])
def test_body_behind_an_upgrade_is_no_request(server: Running, path: str) -> None:
    """A request that is hidden in a body is never answered, however the bytes arrive."""
    hidden = request(server, LIVE * 3, path, more=WISHES["websocket"])
    chunked = request(server, b"%x\r\n%s\r\n0\r\n\r\n" % (len(LIVE), LIVE), path,
                      more=WISHES["websocket"] + "Transfer-Encoding: chunked\r\n")  # fmt: skip
    for sent in (hidden, chunked):
        for parts in ([sent, LIVE], [sent[:-70], sent[-70:] + LIVE], [bytes([byte]) for byte in sent + LIVE]):
            assert exchange(server, parts, answers=2)[0] == [400, 200]


def test_a_thousand_upgrades_at_once_are_answered_in_order(server: Running) -> None:
    """Each of many requests that arrive together is read again without its wish, one after the other."""
    wish = LIVE[:-2] + WISHES["HTTP/2"].encode() + b"\r\n"
    assert exchange(server, wish * 2000 + LIVE, answers=2001)[0] == [200] * 2001


def test_upgrade_keeps_the_limits(server: Running) -> None:
    """Headers and a body that are too large are refused with the wish as without."""
    wish = WISHES["websocket"]
    assert exchange(server, request(server, b" " * 20_001, more=wish))[0] == [413]
    assert exchange(server, request(server, b"{}", more=f"{wish}X: {'x' * 20_000}\r\n"))[0] == [431]


def test_tunnel_is_refused(server: Running) -> None:
    """`CONNECT` is not allowed here and ends the connection, so that nothing sent through it becomes a request."""
    statuses, _, came = exchange(server, b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" + LIVE, answers=2)
    assert statuses == [405]
    assert b"connection: close" in came
