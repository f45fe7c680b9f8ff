"""Requests to a registry that is not trusted: whom credentials reach, and what an answer may hold."""

import base64
import hashlib
import io
import json
import socket
import threading
import time
from collections.abc import Callable
from email.message import Message
from pathlib import Path

import pytest

from mainline.oci import copies, credentials, layout
from mainline.oci.access import Access, RegistryError
from mainline.oci.distribution import Repository
from mainline.oci.layout import Artifact, Blob
from tests.mainline.oci.conftest import Reply, StandIn
from tests.project import LIMIT

CONTENT = b"content"
NAME = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def test_token_is_fetched_where_the_challenge_says(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password goes to the realm alone, and the token that it gives to the registry, once for all blobs."""
    monkeypatch.setenv("MAINLINE_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("MAINLINE_REGISTRY_PASSWORD", "secret")

    def reply(_: str, path: str, headers: dict[str, str]) -> Reply:
        if path.startswith("/token"):
            return 200, {}, json.dumps({"token": "abc"}).encode()
        if headers.get("Authorization") == "Bearer abc":
            return 200, {}, CONTENT
        asked = f'Bearer realm="http://{stand_in.host}/token",service="s",scope="repository:m:pull"'
        return 401, {"WWW-Authenticate": asked}, b""

    stand_in.reply = reply
    repository = Repository(f"{stand_in.host}/m")
    assert repository.has_blob(NAME)
    assert repository.has_blob(NAME)
    basic = "Basic " + base64.b64encode(b"me:secret").decode()
    assert [entry[1:] for entry in stand_in.asked] == [
        (f"/v2/m/blobs/{NAME}", ""),
        ("/token?service=s&scope=repository%3Am%3Apull", basic),
        (f"/v2/m/blobs/{NAME}", "Bearer abc"),
        (f"/v2/m/blobs/{NAME}", "Bearer abc"),
    ]


def test_redirect_to_another_host_has_no_credentials(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Registries keep blobs elsewhere, where a signed address suffices."""
    monkeypatch.setenv("MAINLINE_REGISTRY_PASSWORD", "secret")
    elsewhere = stand_in.host.replace("127.0.0.1", "localhost")

    def reply(_: str, path: str, headers: dict[str, str]) -> Reply:
        if path == "/elsewhere":
            return 200, {}, CONTENT
        if "Authorization" not in headers:
            return 401, {"WWW-Authenticate": 'Basic realm="r"'}, b""
        return 307, {"Location": f"http://{elsewhere}/elsewhere"}, b""

    stand_in.reply = reply
    Repository(f"{stand_in.host}/m").fetch_blob(NAME, len(CONTENT), tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert stand_in.asked[-1] == ("GET", "/elsewhere", "")
    assert stand_in.asked[-2][2].startswith("Basic ")


def test_more_than_the_manifest_names_is_not_written(stand_in: StandIn, tmp_path: Path) -> None:
    """A blob without an end cannot fill the disk."""
    stand_in.reply = lambda *_: (200, {}, b"x" * 3_000_000)
    with pytest.raises(RegistryError, match=r"gives more of .* than its 7 bytes: it is too large"):
        Repository(f"{stand_in.host}/m").fetch_blob(NAME, 7, tmp_path / "blob")
    assert (tmp_path / "blob").stat().st_size == 0
    stand_in.reply = lambda *_: (200, {}, b"x" * (4 * 2**20 + 1))
    with pytest.raises(RegistryError, match=r"gives more of manifest .* than the 4194304 bytes"):
        Repository(f"{stand_in.host}/m").manifest(NAME)


def test_manifest_of_another_digest_is_refused(stand_in: StandIn) -> None:
    """The digest is from git; whatever else the registry gives is not looked at."""
    stand_in.reply = lambda *_: (200, {}, b"{}")
    with pytest.raises(RegistryError, match=f"gives another manifest than {NAME} says"):
        Repository(f"{stand_in.host}/m").manifest(NAME)


def test_busy_registry_is_asked_again(stand_in: StandIn) -> None:
    """Two answers of 503 and then one: the blob is there; with no other answer the line says so."""
    answers = iter([503, 429, 200])
    stand_in.reply = lambda *_: (next(answers), {}, b"")
    assert Repository(f"{stand_in.host}/m").has_blob(NAME)
    body = json.dumps({"errors": [{"code": "UNAVAILABLE", "message": "on holiday"}]}).encode()
    stand_in.reply = lambda *_: (503, {}, body)
    with pytest.raises(RegistryError, match=r"is busy: it answers 503: on holiday\."):
        Repository(f"{stand_in.host}/m").manifest(NAME)


def test_file_larger_than_the_registry_takes_is_said(stand_in: StandIn) -> None:
    """413 names the bytes."""
    stand_in.reply = lambda method, *_: (202, {"Location": "/up"}, b"") if method == "POST" else (413, {}, b"")
    with pytest.raises(RegistryError, match=r"/m refuses a file of 7 bytes as too large \(413\)"):
        Repository(f"{stand_in.host}/m").send_blob(NAME, lambda: CONTENT, 7)


@pytest.mark.parametrize("path", ["../up", "/root", "a//b", "a/../b", ".", "", "a\nb", "C:x"])
def test_file_outside_of_the_package_is_refused(path: str) -> None:
    """Whoever wrote a manifest cannot write beside the folder."""
    layer = {"digest": NAME, "size": 1, "annotations": {layout.PATH: path}}
    written = {"schemaVersion": 2, "artifactType": layout.ARTIFACT, "layers": [layer]}
    with pytest.raises(RegistryError, match=r"there names the file .*, which cannot be of a package"):
        layout.files(json.dumps(written).encode(), "there")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"schemaVersion": 2, "layers": []}', b"[" * 100_000])
def test_something_else_than_a_package_is_refused(content: bytes) -> None:
    """An image, or nonsense, is no package."""
    with pytest.raises(RegistryError, match="there is not the manifest of a package of a model"):
        layout.files(content, "there")


def test_another_host_that_asks_for_credentials_gets_none(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only the registry's own challenge is answered: where it redirects to, somebody else may name the realm."""
    monkeypatch.setenv("MAINLINE_REGISTRY_PASSWORD", "secret")
    elsewhere = stand_in.host.replace("127.0.0.1", "localhost")

    def reply(_: str, path: str, __: dict[str, str]) -> Reply:
        if path == "/elsewhere":
            return 401, {"WWW-Authenticate": f'Bearer realm="http://{elsewhere}/mine"'}, b""
        return 307, {"Location": f"http://{elsewhere}/elsewhere"}, b""

    stand_in.reply = reply
    with pytest.raises(RegistryError, match=f"leads to {elsewhere}, which refuses it \\(401\\)"):
        Repository(f"{stand_in.host}/m").fetch_blob(NAME, len(CONTENT), tmp_path / "blob")
    assert [entry[1:] for entry in stand_in.asked] == [(f"/v2/m/blobs/{NAME}", ""), ("/elsewhere", "")]


def test_realm_of_another_domain_gets_no_credentials(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names it, and how to declare it; without credentials it is asked for a token of everybody's."""
    elsewhere = stand_in.host.replace("127.0.0.1", "localhost")

    def reply(_: str, path: str, headers: dict[str, str]) -> Reply:
        if path.startswith("/token"):
            return 200, {}, json.dumps({"token": "abc"}).encode()
        asked = {"WWW-Authenticate": f'Bearer realm="http://{elsewhere}/token"'}
        return (200, {}, b"") if headers.get("Authorization") == "Bearer abc" else (401, asked, b"")

    stand_in.reply = reply
    assert Repository(f"{stand_in.host}/m").has_blob(NAME)
    stand_in.asked.clear()
    monkeypatch.setenv("MAINLINE_REGISTRY_PASSWORD", "secret")
    with pytest.raises(RegistryError, match=r"at localhost, which is of another domain; .*REALM=localhost\."):
        Repository(f"{stand_in.host}/m").has_blob(NAME)
    assert [entry[2] for entry in stand_in.asked] == [""]
    monkeypatch.setenv("MAINLINE_REGISTRY_REALM", "localhost")
    assert Repository(f"{stand_in.host}/m").has_blob(NAME)


@pytest.mark.parametrize(
    ("asker", "host", "may"),
    [
        ("auth.docker.io", "registry-1.docker.io", True),
        ("gitlab.com", "registry.gitlab.com", True),
        ("ghcr.io", "ghcr.io", True),
        ("ghcr.io.bad.net", "ghcr.io", False),
        ("badghcr.io", "ghcr.io", False),
        ("10.0.1.2", "10.9.1.2", False),
        ("auth", "registry", False),
        ("", "ghcr.io", False),
        ("auth.ghcr.io", "ghcr.io", True),
        ("gitlab.example.co.uk", "registry.example.co.uk", True),
        ("b.co.uk", "a.co.uk", False),
        ("auth.b.co.uk", "a.co.uk", False),
        ("auth.b.co.uk", "registry.a.co.uk", False),
        ("b.com.au", "a.com.au", False),
        ("co.uk", "a.co.uk", False),
        ("bad.s3.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com", False),
        ("example.com.bad.net", "registry.example.com", False),
        ("badexample.com", "registry.example.com", False),
        ("io", "ghcr.io", False),
    ],
)
def test_domain_is_of_one_owner(asker: str, host: str, may: bool) -> None:
    """The realms of the large registries pass without a declaration, and those of a neighbour in co.uk do not."""
    assert credentials.may_have(asker, host) is may


ASKED: dict[str, Callable[[str], object]] = {
    "pull": lambda address: copies.pull(address, NAME, Path("never")),
    "has": lambda address: copies.has(address, NAME),
    "push": lambda address: copies.push(address, Artifact([Blob(NAME, 32_768, CONTENT)], b"", NAME), "v1"),
}


@pytest.mark.parametrize("name", ASKED)
def test_head_that_drips_is_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte of it is late, but all of it is: the connection is shut at the end of the time."""
    monkeypatch.setattr("mainline.oci.access.TRIES", 1)
    for seconds, value in (("PULL_SECONDS", 0.5), ("LOOK_SECONDS", 0.5), ("PUSH_SECONDS", 0.0)):
        monkeypatch.setattr(copies, seconds, value)
    shut = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                    for _ in range(500):
                        time.sleep(0.02)
                        connection.sendall(b".")
                except OSError:
                    shut.set()

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(RegistryError, match="took too long"):
            ASKED[name](f"127.0.0.1:{listening.getsockname()[1]}/m")
        thread.join(LIMIT)
    assert shut.is_set()


def test_upload_is_not_sent_without_tls_to_a_registry_with_it(stand_in: StandIn) -> None:
    """A registry behind a proxy may name itself with http: then neither the blob nor the credentials leave."""
    access = Access(f"https://{stand_in.host}")
    with pytest.raises(RegistryError, match=f"leads from https to http://{stand_in.host}/up, which is not safe"):
        access.ask("PUT", f"http://{stand_in.host}/up", lambda: CONTENT)
    assert stand_in.asked == []


def test_registry_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A byte now and then is never silence, so the time for all of it is looked at with each."""
    repository = Repository("127.0.0.1:1/m")
    sent: list[bytes] = []

    class Drip(io.RawIOBase):
        """Gives a byte each time, without an end; each takes a second of `until`."""

        status, headers = 200, Message()

        def readable(self) -> bool:
            return True

        def read1(self, _: int) -> bytes:
            assert len(sent) < 100, "nobody looks at the time"
            repository.access.until -= 1.0
            sent.append(b"x")
            return b"x"

        def read(self, size: int = -1) -> bytes:
            return b"".join(self.read1(1) for _ in range(size))

    monkeypatch.setattr(repository.access, "ask", lambda *_, **__: Drip())
    fetches: list[Callable[[], object]] = [
        lambda: repository.manifest(NAME),
        lambda: repository.fetch_blob(NAME, 10_000, tmp_path / "blob"),
    ]
    for fetch in fetches:
        sent.clear()
        repository.access.until = time.monotonic() + 50
        with pytest.raises(RegistryError, match="took too long, so it was given up"):
            fetch()
        assert 40 < len(sent) < 60


def test_words_of_a_registry_hold_no_sequences_of_a_terminal(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that it names is shown like all of its words."""
    monkeypatch.setenv("MAINLINE_REGISTRY_PASSWORD", "secret")
    stand_in.reply = lambda *_: (307, {"Location": "gopher://x\x1b2Jy"}, b"")
    with pytest.raises(RegistryError, match="names an address that is not http") as told:
        Repository(f"{stand_in.host}/m").has_blob(NAME)
    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize("place", ["http://[x", "/caf\xe9"])
def test_address_that_cannot_be_used_is_said_in_a_line(stand_in: StandIn, place: str) -> None:
    """Whoever fetches goes on with the store, which an error of Python's own would keep them from."""
    stand_in.reply = lambda *_: (307, {"Location": place}, b"")
    with pytest.raises(RegistryError, match="names an address that cannot be used"):
        Repository(f"{stand_in.host}/m").has_blob(NAME)
