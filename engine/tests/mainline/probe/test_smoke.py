"""The deployment test, against the real server: what is right passes, and each thing that is wrong is seen."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Limits
from mainline.probe import options, smoke, wire
from mainline.probe.smoke import Expected
from mainline.probe.wire import Answer, ProbeError, Target
from tests.mainline.serving.http.certificates import make_certificate
from tests.mainline.serving.http.proxies import PREFIX, proxy
from tests.mainline.serving.running import Running, free_port, running

LIMITS = {"rows": 100, "body_bytes": 200_000}


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the package; tests only ask it."""
    with running(tmp_path_factory.mktemp("service"), package_dir, limits=LIMITS) as started:
        yield started


@pytest.fixture
def expected(package_dir: Path) -> Expected:
    """What the server should be."""
    manifest, golden = smoke.read(package_dir)
    short = manifest["digest"][:12]
    return Expected(frozenset({short}), short, manifest, golden, Limits(**LIMITS))


@dataclasses.dataclass(frozen=True)
class Spoiled(Target):
    """A service of which some answers are otherwise."""

    spoil: Callable[[str, Answer], Answer] = lambda _, answer: answer

    def ask(self, path: str, *arguments: Any, **named: Any) -> Answer:
        """Ask, and return the answer as it was spoiled."""
        return self.spoil(path, super().ask(path, *arguments, **named))


def failed(target: Target, expected: Expected) -> list[str]:
    """Name the checks that fail."""
    return [check.name for check in smoke.run(target, expected) if not check.passed]


def test_a_right_deployment_passes_each_check(server: Running, expected: Expected) -> None:
    """Health, key, version, golden requests, limits, bad input and headers of the server as it is."""
    found = list(smoke.run(wire.target(f"http://127.0.0.1:{server.port}", server.key, None), expected))
    assert [(check.name, check.passed) for check in found] == [
        ("health", True), ("key", True), ("version", True), ("golden requests", True), ("limits", True),
        ("bad input", True), ("headers", True),
    ], found  # fmt: skip


def body(**changed: Any) -> Callable[[str, Answer], Answer]:
    """Change members of answers."""

    def spoil(_: str, answer: Answer) -> Answer:
        content = answer.json()
        if answer.status != 200 or "predictions" not in content:
            return answer
        return dataclasses.replace(answer, body=json.dumps(content | changed).encode())

    return spoil


def other_status(was: int, now: int) -> Callable[[str, Answer], Answer]:
    """Answer with another status where one was."""
    return lambda _, answer: dataclasses.replace(answer, status=now) if answer.status == was else answer


SPOILED: dict[str, tuple[Callable[[str, Answer], Answer], set[str]]] = {
    "not ready": (lambda path, it: dataclasses.replace(it, status=503) if path == "/readyz" else it, {"health"}),
    "open to everybody": (other_status(401, 200), {"key"}),
    "another version": (body(version="v0.9.0"), {"version", "golden requests"}),
    "another prediction": (body(predictions=[{"arr_delay": 1.0}]), {"golden requests"}),
    "predictions of another form": (body(predictions=[7]), {"golden requests"}),
    "no limit of a body": (other_status(413, 200), {"limits"}),
    "a server's error": (other_status(400, 500), {"bad input"}),
    "a proxy's own page": (lambda _, it: dataclasses.replace(it, headers={}), {"bad input", "headers"}),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_wrong_is_seen(server: Running, expected: Expected, name: str) -> None:
    """Each fault fails its own check."""
    spoil, checks = SPOILED[name]
    target = Spoiled("127.0.0.1", server.port, "", False, server.key, None, spoil)
    assert set(failed(target, expected)) == checks


def test_without_an_answer_there_is_one_line(expected: Expected) -> None:
    """Nobody waits for six more refusals of a service that is not there."""
    found = list(smoke.run(wire.target(f"http://127.0.0.1:{free_port()}", "", None), expected))
    assert [(check.name, check.passed) for check in found] == [("health", False)]
    assert "does not answer /livez" in found[0].found


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(301, {"location": "https://x/flights/readyz"}, b""), "301 by a proxy: it leads to https://x/flights/r"),
        (Answer(404, {"content-type": "text/html", "server": "nginx/1.22.1"}, b""), "404 by nginx: add the path"),
        (Answer(502, {"content-type": "text/html", "server": "nginx"}, b""), "502 by nginx: it reaches no server"),
        (Answer(403, {"content-type": "text/html", "server": "awselb/2.0"}, b""), "403 by awselb: the request did not"),
    ],
)
def test_a_proxy_before_the_service_is_one_line(expected: Expected, answer: Answer, said: str) -> None:
    """Nothing came to the service, so its keys, limits and headers are not judged; what to do depends on the status."""

    class Proxy(Target):
        def ask(self, *_arguments: Any, **_named: Any) -> Answer:
            return answer

    found = list(smoke.run(Proxy("x", 1, "", False), expected))
    assert [(check.name, check.passed) for check in found] == [("health", False)]
    assert said in found[0].found


def test_whose_refusal_it_is_is_said(server: Running, expected: Expected) -> None:
    """A limit of the proxy and one of the service have the same status, and another remedy."""
    page = {"content-type": "text/html", "server": "nginx/1.22.1"}

    def spoil(path: str, answer: Answer) -> Answer:
        return dataclasses.replace(answer, status=503, headers=page) if path == smoke.PREDICT else answer

    target = Spoiled("127.0.0.1", server.port, "", False, server.key, None, spoil)
    found = {check.name: check.found for check in smoke.run(target, expected)}
    assert found["golden requests"].startswith("the answer was 503 by nginx: it has a limit of requests below")
    assert found["key"] == "none 503 by nginx, wrong 503 by nginx"


def test_tls_must_be_trusted(package_dir: Path, tmp_path: Path, expected: Expected) -> None:
    """A certificate that nobody vouches for fails; one that is trusted passes if it does not end in these days."""
    certificate, private_key = make_certificate(tmp_path)
    tls = {"certificate": str(certificate), "private_key": str(private_key)}
    with running(tmp_path / "service", package_dir, tls=tls, limits=LIMITS) as server:
        url = f"https://localhost:{server.port}"
        stranger = list(smoke.run(wire.target(url, server.key, None), expected))
        assert [check.name for check in stranger] == ["health"]
        assert "is not trusted: self-signed certificate. If an authority of your own" in stranger[0].found
        with pytest.raises(
            ProbeError, match=r"mismatch[^.]*\..* Ask the service by a name that its certificate has\.$"
        ):
            wire.target(f"https://127.0.0.1:{server.port}", "", certificate).ask("/livez")
        target = wire.target(url, server.key, certificate)
        assert failed(target, expected) == ["tls"]  # it ends tomorrow
        later = Spoiled(target.host, target.port, "", True, server.key, target.context,
                        lambda _, answer: dataclasses.replace(answer, days=90.0))  # fmt: skip
        assert failed(later, expected) == []


@pytest.mark.parametrize("url", [
    "flights.example", "ftp://x/", "http://", "http://x:99999", "http://x/?a=b", "http://a..b/", "http://x:0",
    "http://x/a b", "http://x/\N{LATIN SMALL LETTER E WITH ACUTE}",
])  # fmt: skip
def test_what_is_not_an_address_is_refused(url: str) -> None:
    """One line that shows how to write one."""
    with pytest.raises(ProbeError, match="is not an address"):
        wire.target(url, "", None)


@pytest.mark.parametrize("url", ["https://ada:secret@example.org", "ftp://ada:secret@x", "http://ada:secret@x:99999"])
def test_a_password_in_an_address_is_refused(url: str) -> None:
    """It would end up in logs, so the refusal does not show it."""
    with pytest.raises(ProbeError, match="MAINLINE_API_KEY") as refused:
        wire.target(url, "", None)
    assert "secret" not in str(refused.value)


def test_certificates_for_plain_http_are_refused() -> None:
    """Whoever names them believes that the connection is checked."""
    with pytest.raises(ProbeError, match="--ca is for https"):
        wire.target("http://example.org", "", Path("ca.pem"))


def test_plain_http_where_tls_is_asked_for_is_said(server: Running) -> None:
    """OpenSSL calls it a wrong version number."""
    with pytest.raises(ProbeError, match="If it speaks plain HTTP, write http://"):
        wire.target(f"https://127.0.0.1:{server.port}", "", None).ask("/livez")


@pytest.mark.parametrize("key", ["secret\nX: y", "secret word", "secret\N{EURO SIGN}"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """It would be another header, or a fault of the client."""
    monkeypatch.setenv(wire.KEY, key)
    with pytest.raises(ProbeError, match="no key has") as refused:
        options.key()
    assert "secret" not in str(refused.value)


def test_a_line_break_at_the_end_is_not_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file of secrets has it."""
    monkeypatch.setenv(wire.KEY, "abc\n")
    assert options.key() == "abc"


@pytest.mark.slow
def test_a_deployment_behind_nginx_passes(server: Running, expected: Expected, tmp_path: Path) -> None:
    """A real proxy under a prefix changes nothing."""
    with proxy("nginx", server.port, tmp_path / "nginx") as port:
        assert failed(wire.target(f"http://127.0.0.1:{port}{PREFIX}", server.key, None), expected) == []
