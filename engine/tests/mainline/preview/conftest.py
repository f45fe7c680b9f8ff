"""A repository with branches, a store that has their packages, and a machine that serves them."""

import hashlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from mainline import local_server
from mainline.package import manifest
from mainline.serving.answering import keys
from tests.mainline.serving.running import free_port, wait_for, words
from tests.project import LIMIT, SEARCH_PATH, Project


@dataclass(frozen=True)
class World(Project):
    """A checkout with an origin, a store beside it, and the process that serves its branches."""

    key: str = ""
    port: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The machine's folder."""
        return self.path.parent / "state"

    @property
    def page(self) -> str:
        """The front page; '' before there is one."""
        file = self.state / "index.html"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def row(self, branch: str) -> str:
        """Return what the page says of a branch, as text; '' if it is not listed."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.page)
        shown = [" | ".join(re.sub("<[^>]*>", "", cell) for cell in row.split("</td>")) for row in rows]
        return next((row for row in shown if row.split(" | ")[0] == branch), "")

    def push(self, branch: str, package: Path | None, stored: bool = True) -> None:
        """Commit a lock that names a package on a branch, and push it; `stored`: the store has the package."""
        self.run("git", "checkout", "--quiet", "-B", branch)
        if package is None:
            (self.path / "dvc.lock").unlink(missing_ok=True)
        else:
            oid = store(package, self.path.parent / "store", stored)
            entry = {"cmd": "make", "outs": [{"path": "models/package", "md5": oid}]}
            (self.path / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"package": entry}}))
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", f"Change {branch[:20]}")
        self.run("git", "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        self.run("git", "checkout", "--quiet", "main")

    def start(self, **preview: Any) -> subprocess.Popen[bytes]:
        """Start `./mainline preview`, and return its process."""
        declared = {"interval": 0.3, "first_port": self.port, "most": 3, **preview}
        file = self.path.parent / "preview.yaml"
        file.write_text(yaml.safe_dump({"preview": declared, "service": {"keys": str(self.path.parent / "keys.yaml")}}))
        options = ["--settings", str(file), "--state", str(self.state)]
        command = [sys.executable, "-P", "-m", "mainline", "preview", *options]
        seen = self.environment({"SECRET_TOKEN": "x"})
        with (self.path.parent / "said").open("ab") as said:
            self.processes.append(subprocess.Popen(command, cwd=self.path, stdout=said, stderr=said, env=seen))
        return self.processes[-1]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what commands see, with this engine's code."""
        return super().environment({**(more or {}), "PYTHONPATH": SEARCH_PATH})

    def answers(self, port: int) -> bool:
        """Whether a server is ready at a port."""
        with closing(HTTPConnection("127.0.0.1", port, timeout=LIMIT)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == HTTPStatus.OK
            except OSError:
                return False

    def predict(self, port: int, rows: Any) -> Any:
        """Ask a server for predictions; return its document."""
        return local_server.ask(f"http://127.0.0.1:{port}", self.key, rows)

    def servers(self) -> list[psutil.Process]:
        """Return the servers of branches that run now, orphans too."""
        return [
            process
            for process in psutil.process_iter()
            if "serve" in (said := words(process)) and any(str(self.state) in word for word in said)
        ]


def store(package: Path, folder: Path, stored: bool) -> str:
    """Put a package into a store as DVC does; return its name."""
    listing = []
    for file in sorted(path for path in package.rglob("*") if path.is_file()):
        content = file.read_bytes()
        listing.append({"md5": _put(content, folder, stored), "relpath": file.relative_to(package).as_posix()})
    return _put(json.dumps(sorted(listing, key=lambda item: item["relpath"])).encode(), folder, stored, ".dir")


def _put(content: bytes, folder: Path, stored: bool, suffix: str = "") -> str:
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    file = folder / "files/md5" / name[:2] / f"{name[2:]}{suffix}"
    if stored:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return name + suffix


def free_ports(number: int) -> int:
    """Return the first of so many ports in a row that nobody listens on."""
    while True:
        first = free_port()
        with suppress(OSError, OverflowError), ExitStack() as held:
            for port in range(first, first + number):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


@pytest.fixture
def world(package_dir: Path, tmp_path: Path) -> Iterator[World]:
    """A repository whose main has the package; its processes are ended with the test."""
    path = tmp_path / "w" / "work"
    path.mkdir(parents=True)
    made = World(path, keys.make(tmp_path / "w/keys.yaml", "client", "predict"), free_ports(3))
    made.run("git", "init", "--quiet", "--initial-branch=main")
    made.run("git", "config", "user.name", "Ann")
    made.run("git", "config", "user.email", "ann@example.com")
    made.give_origin()
    (path / ".dvc").mkdir()
    address = tmp_path / "w/store"
    (path / ".dvc/config").write_text(f"[core]\n    remote = store\n['remote \"store\"']\n    url = {address}\n")
    (path / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"package": {"cmd": "make", "outs": ["models/package"]}},
                        "artifacts": {"model": {"path": "models/package", "type": "model"}}})
    )  # fmt: skip
    made.push("main", package_dir)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(LIMIT)
        finally:
            process.kill()
    wait_for(lambda: not made.servers())


@pytest.fixture
def changed(package_dir: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that makes a package of which the code ends with other lines."""

    def make(name: str, code: str) -> Path:
        package = tmp_path / "packages" / name
        shutil.copytree(package_dir, package)
        with (package / "code/scoring.py").open("a") as file:
            file.write(code)
        described = json.loads((package / manifest.NAME).read_bytes())
        manifest.seal(package, {key: value for key, value in described.items() if key not in ("files", "digest")})
        return package

    return make
