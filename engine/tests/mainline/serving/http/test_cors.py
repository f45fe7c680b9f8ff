"""Pages of declared origins may ask, as the Fetch standard has it, and no others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.declared import environments
from mainline.errors import ParamsError
from tests.mainline.serving.asking import Client, Reply
from tests.mainline.serving.running import running

Rows = list[dict[str, Any]]
SHOP, EVIL = "https://shop.example", "https://shop.example.evil.example"


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client of a service that two origins may ask."""
    return make_client(origins=[SHOP, "http://localhost:3000"])


def preflight(client: Client, path: str = "/predict", origin: str = SHOP, **more: str) -> Reply:
    """Ask, without a key, whether a page may send JSON and a key."""
    asked = {"origin": origin, "access-control-request-method": "POST",
             "access-control-request-headers": "authorization,content-type"}  # fmt: skip
    return client.ask(path, method="OPTIONS", key="", headers=asked | more)


def test_preflight_is_answered_without_a_key(client: Client) -> None:
    """A browser that asks for a declared origin is told that it may, for how long, and with which headers."""
    reply = preflight(client)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == SHOP
    assert reply.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert reply.headers["access-control-allow-headers"] == "authorization,content-type"
    assert reply.headers["access-control-max-age"] == "600"
    assert reply.headers["vary"] == "Origin"
    assert "content-length" not in reply.headers
    assert "access-control-allow-credentials" not in reply.headers


def test_preflight_tells_nobody_what_there_is(client: Client) -> None:
    """Every path, there or not, has the same answer."""
    first = preflight(client).headers
    for path in ("/nothing", "/metrics", "/livez", "/v2/models/x/infer"):
        found = preflight(client, path)
        assert found.status == 204
        assert found.headers.keys() == first.keys()


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "https://SHOP.example", "http://shop.example", "*", f"{SHOP}, {EVIL}"]
)
def test_other_origins_may_not_ask(client: Client, rows: Rows, origin: str) -> None:
    """An origin is compared exactly; another one is refused, and no answer says that its page may read it."""
    refused = preflight(client, origin=origin)
    assert (refused.status, refused.kind) == (403, "forbidden")
    for reply in (refused, client.predict(rows[0], headers={"origin": origin})):
        assert "access-control-allow-origin" not in reply.headers
        assert reply.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"origin": SHOP, "access-control-request-method": "POST"}),
        ("OPTIONS", {"origin": SHOP}),
        ("OPTIONS", {"access-control-request-method": "POST"}),
    ],
    ids=["another method", "no method is asked for", "no origin"],
)
def test_what_is_not_a_preflight_needs_a_key(client: Client, method: str, headers: dict[str, str]) -> None:
    """A preflight is OPTIONS with an origin and a method; everything else is asked for a key as ever."""
    assert client.ask("/predict", method=method, key="", headers=headers).status == 401
    assert client.ask("/predict", method=method, headers=headers).status in (405, 415)


def test_pages_may_read_every_answer(client: Client, rows: Rows) -> None:
    """Predictions and problems name the origin; without an origin they say that they would differ by one."""
    origin = {"origin": SHOP}
    for reply in (client.predict(rows[0], headers=origin), client.predict({}, headers=origin),
                  client.predict(rows[0], headers=origin, key=""), client.ask("/nothing", headers=origin)):  # fmt: skip
        assert reply.headers["access-control-allow-origin"] == SHOP
        assert reply.headers["access-control-expose-headers"] == "retry-after, traceparent, x-request-id"
        assert reply.headers["vary"] == "Origin"
    assert client.predict(rows[0]).headers["vary"] == "Origin"


def test_odd_header_names_are_not_sent_back(client: Client) -> None:
    """Only a list of names of headers is repeated."""
    for asked in ("a b", "x\u00e9", "a,,b", "", "a;b"):
        reply = preflight(client, **{"access-control-request-headers": asked})
        assert "access-control-allow-headers" not in reply.headers


def test_an_endless_origin_is_not_sent_back_whole(client: Client) -> None:
    """The refusal names the origin as far as a person reads it."""
    assert len(preflight(client, origin=f"https://{'a' * 9000}").body) < 1000


def test_without_a_declaration_nothing_is_allowed(make_client: Callable[..., Client], rows: Rows) -> None:
    """A service that declares no origin asks everybody for a key, and no answer speaks of origins."""
    client = make_client()
    assert preflight(client).status == 401
    assert (
        not {"vary", "access-control-allow-origin"} & client.predict(rows[0], headers={"origin": SHOP}).headers.keys()
    )


def test_preflight_over_a_socket(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """The real server answers a preflight without a body, and the prediction behind it with the page's origin."""
    with running(tmp_path, package_dir, origins=[SHOP]) as server:
        connection = server.connect()
        connection.request("OPTIONS", "/predict", None, {"Origin": SHOP, "Access-Control-Request-Method": "POST"})
        reply = connection.getresponse()
        assert (reply.status, reply.read(), reply.headers["Access-Control-Allow-Origin"]) == (204, b"", SHOP)
        sent = {"Origin": SHOP, "Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        connection.request("POST", "/predict", json.dumps(rows[0]), sent)
        reply = connection.getresponse()
        assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
        connection.close()


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "https://*.shop.example", "https://shop.example/", "shop.example", "https://Shop.example",
     "https://shop.example:443", "http://shop.example:80", "https://user@shop.example", "https://shop.example:0"],
)  # fmt: skip
def test_origin_is_declared_as_browsers_write_it(tmp_path: Path, origin: str) -> None:
    """What would never be equal to a browser's origin, and any wildcard, is refused with one line."""
    file = tmp_path / "production.yaml"
    file.write_text(f"service: {{origins: ['{origin}']}}")
    with pytest.raises(ParamsError, match=r"service\.origins\.0: is .* write each origin as browsers do"):
        environments.load_server(file)


@pytest.mark.parametrize("origin", [SHOP, "http://localhost:3000", "http://[::1]:8080", "capacitor://localhost"])
def test_origins_of_browsers_can_be_declared(tmp_path: Path, origin: str) -> None:
    """Every form that a browser writes is taken."""
    file = tmp_path / "production.yaml"
    file.write_text(f"service: {{origins: ['{origin}']}}")
    assert environments.load_server(file).service.origins == [origin]
