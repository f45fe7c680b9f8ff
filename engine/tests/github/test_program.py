"""CML is brought as it is declared, or not at all."""

import http.server
import json
import os
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mainline.github import program
from mainline.github.program import ProgramError
from tests.github import certificate, cml_source
from tests.project import ROOT


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that declares a source of its own, with a cache of its own; the folder where what is brought is kept."""
    cml_source.needs_node()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CML_SOURCE", raising=False)
    monkeypatch.setattr(program, "_WAIT", 0.0)
    cml_source.declare(tmp_path, cml_source.pack(tmp_path / "source.tar.gz"))
    return program.read().place


def _kept(place: Path) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir()) if place.parent.exists() else []


def test_what_is_declared_is_brought_once(place: Path, tmp_path: Path) -> None:
    """The first call brings the program and the second asks for nothing; it runs by Node.js out of its place."""
    assert program.find() is None
    assert cml_source.VERSION in program.bring()
    (tmp_path / "source.tar.gz").unlink()
    assert "already" in program.bring()
    assert program.find() == [shutil.which("node"), str(place / program.ENTRY)]
    assert _kept(place) == [place.name]


def test_another_hash_is_refused_and_nothing_kept(place: Path, tmp_path: Path) -> None:
    """One changed byte of the source ends in one line with both hashes, and nothing of it is kept."""
    cml_source.pack(tmp_path / "source.tar.gz", cml_source.ENTRY + " ")
    with pytest.raises(ProgramError, match=rf"not the declared CML .* sha256 [0-9a-f]{{64}}, declared is {place.name}"):
        program.bring()
    assert _kept(place) == []
    assert program.find() is None


def test_a_damaged_file_is_not_run_and_brought_again(place: Path) -> None:
    """What was changed in its place since counts as not there, and the next call mends it."""
    program.bring()
    (place / program.ENTRY).write_text("process.exit(0);")
    assert program.find() is None
    program.bring()
    assert program.find() is not None
    (place / "bin" / "more.js").write_text("a file too many")
    assert program.find() is None


def test_a_program_that_does_not_run_here_is_not_kept(place: Path, tmp_path: Path) -> None:
    """A program that fits its hash, but that this Node.js cannot run, is known before it is needed."""
    broken = "throw new Error('no longer');"
    cml_source.declare(tmp_path, cml_source.pack(tmp_path / "source.tar.gz", broken), broken)
    with pytest.raises(ProgramError, match=r"CML cannot be run: `node` ended with 1: .*no longer"):
        program.bring()
    assert _kept(place) == []


def test_a_program_of_another_version_is_not_kept(place: Path, tmp_path: Path) -> None:
    """The version that is declared is the one that the program says."""
    other = "console.log('9.9.9');"
    cml_source.declare(tmp_path, cml_source.pack(tmp_path / "source.tar.gz", other), other)
    with pytest.raises(ProgramError, match=r"calls itself '9\.9\.9"):
        program.bring()
    assert _kept(place) == []


class _Source(http.server.BaseHTTPRequestHandler):
    """Hands out one file; the first connections drop in the middle of it."""

    protocol_version = "HTTP/1.1"
    content: bytes
    drops: int
    status: int
    asked: int

    def do_GET(self) -> None:
        """Answer, whole or half."""
        type(self).asked += 1
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        whole = self.asked > self.drops
        self.wfile.write(self.content if whole else self.content[: len(self.content) // 2])
        self.close_connection = not whole

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _serve(folder: Path, content: bytes, drops: int, status: int = 200) -> Iterator[tuple[str, type[_Source]]]:
    authority, own = certificate.make(folder)
    handler = type("Source", (_Source,), {"content": content, "drops": drops, "status": status, "asked": 0})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority))
        patch.setenv("CML_SOURCE", f"https://127.0.0.1:{server.server_address[1]}/source.tar.gz")
        try:
            yield os.environ["CML_SOURCE"], handler
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def test_a_dropped_connection_is_tried_again(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two connections that end in the middle of the file are said, and the third brings it."""
    with _serve(tmp_path, (tmp_path / "source.tar.gz").read_bytes(), drops=2) as (_, served):
        program.bring()
    assert served.asked == 3
    assert capsys.readouterr().out.count("trying again") == 2
    assert _kept(place) == [place.name]


def test_a_source_that_always_drops_is_given_up(place: Path, tmp_path: Path) -> None:
    """After the last try one line names the address and what to do, and nothing is kept."""
    with (
        _serve(tmp_path, (tmp_path / "source.tar.gz").read_bytes(), drops=99) as (address, served),
        pytest.raises(ProgramError, match=f"{address} cannot be had: .*CML_SOURCE"),
    ):
        program.bring()
    assert served.asked == program.TRIES
    assert _kept(place) == []


@pytest.mark.usefixtures("place")
def test_a_source_that_is_not_there_is_asked_for_once(tmp_path: Path) -> None:
    """404 will not change by asking again."""
    with _serve(tmp_path, b"", drops=0, status=404) as (_, served), pytest.raises(ProgramError, match="404"):
        program.bring()
    assert served.asked == 1


def test_a_source_that_is_too_large_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than any source of CML is not read to its end."""
    monkeypatch.setattr(program, "MAX_BYTES", 10)
    with pytest.raises(ProgramError, match="more than 10 bytes"):
        program.bring()
    assert _kept(place) == []


@pytest.mark.parametrize("name", ["../../outside.js", "/outside.js"])
def test_a_file_outside_of_the_source_is_refused(place: Path, tmp_path: Path, name: str) -> None:
    """An archive whose names lead out of its folder writes nothing there."""
    cml_source.pack(tmp_path / "source.tar.gz", name=name)
    with pytest.raises(ProgramError, match=r"which it may not have|not the declared"):
        program.bring()
    assert not list(tmp_path.rglob("outside.js"))
    assert _kept(place) == []


def test_what_is_not_an_archive_is_refused(place: Path, tmp_path: Path) -> None:
    """An error page in place of the source is one line."""
    (tmp_path / "source.tar.gz").write_text("<html>Sorry</html>")
    with pytest.raises(ProgramError, match="not an archive"):
        program.bring()
    assert _kept(place) == []


def test_only_https_and_files_are_taken(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain HTTP is refused before anybody is asked."""
    monkeypatch.setenv("CML_SOURCE", "http://127.0.0.1/source.tar.gz")
    with pytest.raises(ProgramError, match="neither https:// nor file://"):
        program.bring()
    assert _kept(place) == []


def test_without_node_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Node.js is told so in one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cml_source.declare(tmp_path, cml_source.pack(tmp_path / "source.tar.gz"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert program.find() is None
    with pytest.raises(ProgramError, match=r"no `node` on the PATH.*Install it"):
        program.bring()


def test_npm_sees_no_token_and_runs_no_script(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fetches libraries of strangers has no token in its environment, and is told to run nothing of theirs."""
    (tmp_path / "bin").mkdir()
    seen = tmp_path / "seen"
    (tmp_path / "bin" / "npm").write_text(f'#!/bin/bash\n{{ env; echo "arguments: $*"; }} >"{seen}"\n')
    (tmp_path / "bin" / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for name in ("GITHUB_TOKEN", "BOT_TOKEN", "SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        monkeypatch.setenv(name, "S3CRET")
    program.bring()
    assert "S3CRET" not in seen.read_text()
    assert "--ignore-scripts" in seen.read_text()
    assert _kept(place) == [place.name]


def test_libraries_that_cannot_be_had_are_said(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where npm fails, its own words are the error, and nothing is kept."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "npm").write_text("#!/bin/bash\necho 'npm error code EINTEGRITY' >&2\nexit 1\n")
    (tmp_path / "bin" / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ProgramError, match=r"libraries of CML cannot be had: .*EINTEGRITY"):
        program.bring()
    assert _kept(place) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{}", "does not declare"), ("no JSON", "does not declare"), ('{"cml": 1}', "does not declare")],
)
@pytest.mark.usefixtures("place")
def test_a_declaration_that_cannot_be_read_is_one_line(content: str, reason: str) -> None:
    """The file and what is missing in it are named."""
    (program.FOLDER / "package.json").write_text(content)
    with pytest.raises(ProgramError, match=rf"package.json {reason}"):
        program.read()


@pytest.mark.usefixtures("place")
def test_a_hash_that_is_not_one_is_refused() -> None:
    """A hash that was shortened or left out cannot let something pass."""
    file = program.FOLDER / "package.json"
    declared = json.loads(file.read_text())
    for wrong in ("", "abc", "A" * 64, "../" * 20):
        file.write_text(json.dumps({**declared, "cml": {**declared["cml"], "sha256": wrong}}))
        with pytest.raises(ProgramError, match="not a SHA-256"):
            program.read()


def test_what_ships_is_locked_whole() -> None:
    """The source is a commit, every library has a hash and no host, and the lock fits the declaration."""
    declared = json.loads((ROOT / program.FOLDER / "package.json").read_text())
    lock = json.loads((ROOT / program.FOLDER / "package-lock.json").read_text())
    assert declared["cml"]["source"].rpartition("/archive/")[2].removesuffix(".tar.gz").isalnum()
    assert lock["packages"][""]["dependencies"] == declared["dependencies"]
    libraries = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in libraries.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, entry in libraries.items() if "resolved" in entry] == []
