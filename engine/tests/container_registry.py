"""A real container registry for the tests: Debian's `docker-registry`, on this machine only."""

import base64
import contextlib
import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mainline.package import manifest

LIMIT = 60.0
"""Seconds until a registry that does not answer counts as failed."""
PASSWORD = "tests-secret"  # noqa: S105 - of a registry that lives as long as a test
HASH = "$2b$04$ErHqcgAWaFOWiHCDJ6vXweVxQk4YEc889WuJY1LJI7EABU62wk.TC"
"""The password by bcrypt, which is all that htpasswd may hold there."""
PROGRAM = shutil.which("docker-registry")
needed = pytest.mark.skipif(PROGRAM is None, reason="there is no docker-registry; on Debian: apt install it")


@dataclass(frozen=True)
class ContainerRegistry:
    """Where it is, and where it keeps what it has."""

    host: str
    folder: Path
    authorization: str = ""

    def address(self, repository: str = "team/model") -> str:
        """Return the address of a repository."""
        return f"{self.host}/{repository}"

    def get(self, path: str) -> bytes:
        """Return what it answers."""
        headers = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        headers |= {"Authorization": self.authorization} if self.authorization else {}
        with urllib.request.urlopen(urllib.request.Request(f"http://{self.host}/v2/{path}", headers=headers)) as answer:
            content: bytes = answer.read()
        return content

    def tags(self, repository: str = "team/model") -> list[str]:
        """List the tags of a repository."""
        try:
            return list(json.loads(self.get(f"{repository}/tags/list"))["tags"] or ())
        except urllib.error.HTTPError:
            return []

    def blob(self, digest: str) -> Path:
        """Return the file of a blob or manifest."""
        name = digest.removeprefix("sha256:")
        return self.folder / f"docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"


@contextlib.contextmanager
def running(folder: Path, closed: bool = False, port: int = 0) -> Iterator[ContainerRegistry]:
    """Run a registry; a closed one wants the user `tests` with the password."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    storage = folder / "storage"
    declared: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "tests"},
    }
    if closed:
        (folder / "htpasswd").write_text(f"tests:{HASH}\n")
        declared["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(yaml.safe_dump(declared))
    assert PROGRAM is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "serve", folder / "config.yml"], stdout=log, stderr=log, env={})
    try:
        _wait(process, port)
        pair = base64.b64encode(f"tests:{PASSWORD}".encode()).decode()
        yield ContainerRegistry(f"127.0.0.1:{port}", storage, f"Basic {pair}" if closed else "")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    late = time.monotonic() + LIMIT
    while time.monotonic() < late:
        assert process.poll() is None, "docker-registry ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError("docker-registry does not listen")


def package(folder: Path, text: str = "depth 3") -> Path:
    """Seal a small package."""
    (folder / "code").mkdir(parents=True)
    (folder / "model.onnx").write_text(text)
    (folder / "code/features.py").write_text("ORIGIN = 'JFK'\n")
    (folder / "model_card.md").write_text("# Card\n")
    manifest.seal(folder, {"window": {}})
    return folder
