"""Who may ask for what, and what every answer carries."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mainline.serving.answering import keys
from mainline.serving.http.app import ENDPOINTS, V2_MODEL
from tests.mainline.serving.asking import Client, Reply

Rows = list[dict[str, Any]]
OPEN = {"/livez", "/readyz", "/v2/health/live", "/v2/health/ready"}
V2_PATHS = [f"/v2/models/{{name}}{version}{suffix}" for version in ("", "/versions/v1.0.0") for suffix in V2_MODEL]
ADMIN = ("/metrics", "/admin/state", "/monitor", "/rollout", "/rollout.json", "/rollout/look")
PATHS = [*ENDPOINTS, *V2_PATHS, "/nothing", "/", "/v2/models", "/predict//", "//predict", "/admin"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "HEAD", "TRACE"])
def test_without_a_key_only_health_answers(client: Client, path: str, method: str) -> None:
    """Every path, there or not, asks for a key whatever the method; health alone does not."""
    reply = client.ask(path.format(name=client.service.choose().name), key="", method=method)
    if path in OPEN:
        assert reply.status == (200 if method in ("GET", "HEAD") else 405)
    else:
        assert (reply.status, reply.kind) == (401, "unauthorized")
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", [path for path in PATHS if path not in OPEN])
def test_browser_without_a_key_is_shown_a_page(client: Client, path: str) -> None:
    """It says how to look, is the same for every path, there or not, and holds nothing of the request or the model."""
    name = client.service.choose().name
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    reply = client.ask(path.format(name=name), key="", headers=accept)
    assert (reply.status, reply.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.body == client.ask("/<script>", key="", headers=accept).body
    assert b"Authorization: Bearer KEY" in reply.body
    assert name.encode() not in reply.body
    assert client.ask(path.format(name=name), {}, key="", headers=accept).kind == "unauthorized"  # no page for a POST


@pytest.mark.parametrize("path", PATHS)
def test_roles_are_apart(client: Client, path: str) -> None:
    """A key for predictions does not see metrics; a key for administration does not predict."""
    path = path.format(name=client.service.choose().name)
    admin = path in ADMIN
    both = path in OPEN or path in ("/docs", "/openapi.json")
    exists = path in ENDPOINTS or path.startswith("/v2/models/")
    method = "POST" if path in ("/predict", "/outcomes") or path.endswith("/infer") else "GET"
    for key, allowed in ((client.key, not admin), (client.admin, admin)):
        status = client.ask(path, method=method, key=key).status
        assert (status == 403) == (exists and not allowed and not both), (path, status)


def test_key_is_revoked_and_rotated_without_a_restart(client: Client, rows: Rows) -> None:
    """A key that leaves the file is refused from the next look on, a new one works; a broken file changes nothing."""
    file = client.service.settings.keys
    first = file.read_text()
    file.unlink()
    new = keys.make(file, "client", "predict")
    client.service.poll()
    assert client.predict(rows[0]).status == 401
    assert client.predict(rows[0], key=new).status == 200
    file.write_text("keys: [{id: 1}]")
    client.service.poll()
    assert client.service.metrics.failures == {"keys": 1}
    assert client.predict(rows[0], key=new).status == 200
    file.write_text(first)
    client.service.poll()
    assert client.predict(rows[0]).status == 200
    assert client.predict(rows[0], key=new).status == 401


def test_throttle_counts_by_key(make_client: Callable[..., Client], rows: Rows) -> None:
    """Who has used up a burst gets 429 and when to come again; others do not notice."""
    client = make_client(throttle={"requests_per_second": 0.01, "burst": 3})
    replies = [client.predict(rows[0]) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].kind == "throttled"
    assert 90 < int(replies[-1].headers["retry-after"]) <= 101
    assert client.ask("/metrics", key=client.admin).status == 200
    assert client.ask("/livez", key="").status == 200


@pytest.mark.parametrize("path", ["/predict", "/livez", "/docs", "/nothing", "/metrics"])
def test_every_answer_is_secured_and_named(client: Client, path: str) -> None:
    """Security headers, a request id and a trace are in every answer, right or wrong."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    reply = client.ask(path, headers={"x-request-id": "mine", "traceparent": trace})
    assert reply.headers["x-request-id"] == "mine"
    assert reply.headers["traceparent"].startswith(trace[:36])
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "strict-transport-security" not in reply.headers
    assert int(reply.headers["content-length"]) == len(reply.body)


def test_https_is_declared_to_browsers(make_client: Callable[..., Client], tmp_path: Any) -> None:
    """With TLS, browsers are told to stay with it."""
    client = make_client(tls={"certificate": tmp_path / "c.pem", "private_key": tmp_path / "k.pem"})
    assert client.ask("/livez").headers["strict-transport-security"].startswith("max-age=")


def test_problem_keeps_the_rfc(client: Client) -> None:
    """Problems have the members and the media type of RFC 9457, and the docs explain their type."""
    reply = client.ask("/nothing")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json.keys() == {"type", "title", "status", "detail", "instance"}
    assert reply.json["status"] == reply.status == 404
    page = client.ask("/docs").body.decode()
    assert f'id="{reply.kind}"' in page


def test_wrong_method_names_the_right_one(client: Client) -> None:
    """405 says which method is allowed."""
    assert client.ask("/predict", method="GET").headers["allow"] == "POST"
    assert client.ask("/livez", method="POST").headers["allow"] == "GET, HEAD"


def test_docs_need_no_network_and_can_be_opened(make_client: Callable[..., Client]) -> None:
    """The page names every operation and loads nothing; a setting lets it be read without a key."""
    client = make_client(open_docs=True)
    page = client.ask("/docs", key="").body.decode()
    assert client.ask("/openapi.json", key="").status == 200
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    for path in client.ask("/openapi.json").json["paths"]:
        assert path in page
    assert client.ask("/predict", {}, key="").status == 401


def test_websockets_are_turned_away(client: Client) -> None:
    """A request for another protocol is closed."""
    import asyncio

    from mainline.serving.http.app import Application

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Application(client.service)({"type": "websocket"}, None, send))
    assert sent == [{"type": "websocket.close"}]


def samples(reply: Reply) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the samples of a page of metrics by name and label values."""
    families = text_string_to_metric_families(reply.body.decode())
    return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


def test_outcomes_are_counted_from_zero(client: Client) -> None:
    """Before any request all that alerts count is there: Prometheus does not see the first step of a new counter."""
    found = samples(client.ask("/metrics", key=client.admin))
    counted = {key: value for key, value in found.items() if key[0] == "mainline_requests_total"}
    assert list(counted.values()) == [0, 0, 0, 0, 0]
    assert counted["mainline_requests_total", ("v1.0.0", "invalid-request")] == 0
    refused = {key[1][0]: value for key, value in found.items() if key[0] == "mainline_refused_total"}
    assert refused == {"not-ready": 0, "overloaded": 0, "invalid-request": 0}


def test_metrics_count_what_happened(client: Client, rows: Rows) -> None:
    """Outcomes, rows, refused fields and looked-up features are counted by version and read by Prometheus' parser."""
    client.predict(rows[0])
    client.predict(rows[:5])
    client.predict({"nothing": 1})
    client.predict(None, body=b"{")
    client.ask("/livez", key="")
    client.predict(rows[0], key="")
    found = samples(client.ask("/metrics", key=client.admin))
    assert found["mainline_requests_total", ("v1.0.0", "ok")] == 2
    assert found["mainline_requests_total", ("v1.0.0", "invalid-request")] == 1
    assert found["mainline_rows_total", ("v1.0.0",)] == 6
    assert found["mainline_request_seconds_count", ("v1.0.0",)] == 3
    assert found["mainline_refused_total", ("malformed-json",)] == 1
    assert found["mainline_refused_total", ("unauthorized",)] == 1
    assert found["mainline_invalid_fields_total", ("unknown",)] == 1
    known = {name for name, _ in found}
    assert {"mainline_looked_up_total", "mainline_missing_total", "mainline_model_age_seconds"} <= known
    assert found["process_resident_memory_bytes", ()] > 1e7
    for name in ("airports.utc_offset", "planes.seats"):
        seen = found.get(("mainline_looked_up_total", ("v1.0.0", name)), 0)
        assert seen + found.get(("mainline_missing_total", ("v1.0.0", name)), 0) == 6


def test_state_names_versions_and_keys(client: Client) -> None:
    """An administrator sees versions, weights, how far tables reach, and the names of keys, not their hashes."""
    reply = client.ask("/admin/state", key=client.admin)
    (route,) = reply.json["routes"]
    assert (route["version"], route["weight"]) == ("v1.0.0", 1.0)
    assert route["fresh_until"]
    assert {key["name"] for key in reply.json["keys"]} == {"client", "boss"}
    assert b"sha256" not in reply.body
