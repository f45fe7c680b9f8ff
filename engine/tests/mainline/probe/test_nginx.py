"""The service behind nginx as the guide writes it: TLS of an own authority, HTTP/2, limits, gzip, and a restart."""

import gzip
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from mainline.declared.service import Limits
from mainline.probe import pressure, smoke, wire
from mainline.probe.pressure import Objective
from mainline.probe.smoke import Expected
from mainline.probe.wire import ProbeError, Target
from tests.mainline.serving.http.proxies import PREFIX, nginx
from tests.mainline.serving.running import Running, free_port, running, wait_for
from tests.project import ENGINE, LIMIT

pytestmark = pytest.mark.slow
GUIDE = (ENGINE / "docs/nginx.md").read_text(encoding="utf-8")
EASY = Objective(p99_ms=60_000, errors=0.0)


@dataclass(frozen=True)
class Front:
    """nginx before two servers: its address over TLS, its port without, the authority's certificate, a client's key."""

    url: str
    plain: int
    authority: Path
    servers: list[Running]

    @property
    def target(self) -> Target:
        """The service as a client with a key sees it."""
        return wire.target(self.url, self.servers[0].key, self.authority)


def block(language: str, beginning: str) -> str:
    """Return the block of the guide that begins so."""
    found = re.findall(rf"```{language}\n({re.escape(beginning)}.*?)```", GUIDE, re.DOTALL)
    assert len(found) == 1, beginning
    return str(found[0])


@pytest.fixture(scope="module")
def front(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """What the guide writes, at other ports and places."""
    folder = tmp_path_factory.mktemp("nginx")
    made = block("bash", "openssl").replace("models.example.org", "localhost")
    subprocess.run(["bash", "-euc", made], cwd=folder, check=True, capture_output=True, timeout=LIMIT)
    declared: dict[str, Any] = {"prefix": PREFIX, "limits": Limits().model_dump()}
    with running(folder / "a", package_dir, **declared) as one, running(folder / "b", package_dir, **declared) as two:
        (folder / "b/keys.yaml").write_bytes((folder / "a/keys.yaml").read_bytes())
        wait_for(lambda: two.ask(f"{PREFIX}/predict", [], one.key)[0] != 401)  # it has read them again
        site, ports = block("nginx", "limit_req_zone"), (free_port(), free_port())
        for was, now in {
            "127.0.0.1:8080": f"127.0.0.1:{one.port}", "127.0.0.1:8081": f"127.0.0.1:{two.port}",
            "listen 80;": f"listen 127.0.0.1:{ports[0]};", "listen 443": f"listen 127.0.0.1:{ports[1]}",
            "$host$request_uri": f"$host:{ports[1]}$request_uri", "models.example.org": "localhost",
            "/etc/nginx/tls": str(folder), "/flights/": f"{PREFIX}/", "rate=500r/s": "rate=50r/s",
            "burst=500": "burst=100",
        }.items():  # fmt: skip
            assert was in site, was
            site = site.replace(was, now)
        with nginx(site, ports[1], folder / "run"):
            yield Front(f"https://localhost:{ports[1]}{PREFIX}", ports[0], folder / "ca.pem", [one, two])


@pytest.fixture
def expected(package_dir: Path) -> Expected:
    """What both servers are."""
    manifest, golden = smoke.read(package_dir)
    short = manifest["digest"][:12]
    return Expected(frozenset({short}), short, manifest, golden, Limits())


def test_each_check_of_smoke_passes(front: Front, expected: Expected) -> None:
    """Limits and refusals are the service's own, and its headers pass."""
    found = list(smoke.run(front.target, expected))
    assert {check.name: check.found for check in found if not check.passed} == {}
    assert "tls" in {check.name for check in found}


def test_the_authority_is_one_that_strict_clients_take(front: Front) -> None:
    """As Python 3.13 and later are, unless told otherwise; and a client that knows HTTP/2 is spoken to by it."""
    target = front.target
    assert target.context
    target.context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert target.ask("/livez").status == 200
    target.context.set_alpn_protocols(["h2", "http/1.1"])
    with closing(target._connection()) as connection:
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        assert connection.sock.selected_alpn_protocol() == "h2"


def test_whoever_does_not_know_the_authority_is_told_how_to_name_it(front: Front) -> None:
    """The remedy is in the line."""
    with pytest.raises(ProbeError, match=r"unable to get local issuer certificate\. .* \(--ca FILE\)"):
        wire.target(front.url, "", None).ask("/livez")


def test_plain_http_and_a_wrong_path_say_what_to_ask_instead(front: Front, expected: Expected) -> None:
    """A redirect is not followed, since the key would go where it leads; a page of nginx is not the service's."""
    plain = wire.target(f"http://localhost:{front.plain}{PREFIX}", front.target.key, None)
    (redirected,) = smoke.run(plain, expected)
    assert f"301 by nginx: it leads to {front.url}/readyz" in redirected.found
    (lost,) = smoke.run(replace(front.target, prefix=""), expected)
    assert "404 by nginx: add the path" in lost.found


def test_large_answers_are_compressed_for_those_who_ask(front: Front, expected: Expected) -> None:
    """And are the same."""
    rows = [expected.golden["requests"][0]] * 100
    plain = front.target.ask(smoke.PREDICT, rows)
    small = front.target.ask(smoke.PREDICT, rows, headers={"Accept-Encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(small.body))["predictions"] == plain.json()["predictions"]


def test_a_request_has_an_id_of_its_client_or_of_nginx(front: Front) -> None:
    """By which both servers' logs name it."""
    assert front.target.ask("/livez", headers={"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"
    assert re.fullmatch(r"[0-9a-f]{32}", front.target.ask("/livez").headers["x-request-id"])


def test_a_limit_of_nginx_is_not_taken_for_one_of_the_service(front: Front, expected: Expected) -> None:
    """Whoever sends more than nginx lets through is refused by nginx, and the line says so."""
    sent = pressure.plan(front.target, expected.golden["requests"], 1, 4, 2.0, 0.0)
    strange = [request.replace(front.target.key.encode(), b"x") for request in sent.requests]  # a limit of its own
    found = pressure.load(replace(sent, requests=strange))
    assert set(found.statuses) == {"401", "429 by nginx"}
    assert "x 429 by nginx" in pressure.line(found, 0.0, "")


def test_a_restart_of_one_server_loses_nothing(front: Front, expected: Expected) -> None:
    """What it has under way is answered, and nginx asks the other one from then on."""
    sent = pressure.plan(front.target, expected.golden["requests"], 1, 4, 6.0, 20.0)
    ending = Timer(2.0, front.servers[1].process.terminate)
    ending.start()
    found = pressure.load(sent)
    ending.join()
    front.servers[1].process.wait(LIMIT)
    assert (set(found.statuses), found.lost, EASY.broken(found, 0.0)) == ({"200"}, 0, "")
    assert found.answers > 20
