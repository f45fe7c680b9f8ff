"""A small project with a git server and a store of its own, and commands in it that a test can kill."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.object_store import ObjectStore
from tests.project import LIMIT, Project

COMMAND = ("python", "-m", "mainline")
OTHER_MODEL = {"model": {"params": {"C": 0.8}}}
"""What the second commit of `main` changes; the first one's model is the version that is in production."""

# The use case of the tests has 94 test rows; the gate's limits for real ones would not let it pass.
_GATE = {
    "holdout": {"min_rows": 20, "min_days": 2},
    "margin": 0.5,
    "sudden_drop": 0.9,
    "slow_decay": {"versions": 5, "limit": 0.9},
    "suspicious_gain": 0.99,
    "max_bias": 0.5,
    "slices": {"relative_to_whole": 9.0, "relative_to_production": 1.0},
}
_WIDE = 1e6
"""A budget that is none: times of a busy machine must not decide."""

_CONFIG = """\
[core]
    analytics = false
    check_update = false
    remote = storage
['remote "storage"']
    url = {url}
    endpointurl = {endpoint}
    verify = true
    connect_timeout = {limit}
    read_timeout = {limit}
"""


@dataclass(frozen=True)
class World:
    """A folder with the project, the bare repository that it pushes to, and a prefix of the store."""

    folder: Path
    store: ObjectStore

    @property
    def project(self) -> Project:
        """Where commands run."""
        return Project(self.folder / "project")

    @property
    def origin(self) -> Path:
        """The bare repository, as its server sees it."""
        return self.folder / "origin.git"

    @property
    def prefix(self) -> str:
        """The part of the bucket that is this world's."""
        return self.folder.name

    def configure(self, endpoint: str, limit: int) -> None:
        """Write where the store is and for how many seconds a client waits for it, into what git does not track."""
        text = _CONFIG.format(url=self.store.url(self.prefix), endpoint=endpoint, limit=limit)
        (self.project.path / ".dvc/config.local").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, succeed: bool | None = True) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        return self.project.run(*COMMAND, *arguments, succeed=succeed, env=self.store.environment)

    def kill(self, *arguments: str, after: float) -> bool:
        """Start a command of ours and kill it and all that it started after some seconds; False if it ended before."""
        running = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.project.path, env=self.project.environment(self.store.environment), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(after)
                return False
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait(LIMIT)
        _wait_for_group(running.pid)
        return True

    def git(self, *arguments: str) -> str:
        """Run git in the project and return what it prints."""
        return self.project.run("git", *arguments).stdout

    def forget(self, *names: str) -> None:
        """Remove files and folders of the project."""
        for name in names:
            path = self.project.path / name
            path.unlink() if path.is_file() or path.is_symlink() else shutil.rmtree(path, ignore_errors=True)


def make(folder: Path, other_project: Project, store: ObjectStore, address: str) -> World:
    """Build a world with two models on `main`: the commit tagged `first` has one, `second` another; nothing is pushed.

    Args:
        folder: where; its name is the prefix in the store.
        other_project: the small use case with its pipeline run.
        store: the S3 server.
        address: where the folder above is served by git.
    """
    world = World(folder, store)
    project = other_project.twin(folder / "project")
    world.configure(store.endpoint, 20)
    budgets = yaml.safe_load((project.path / "params.yaml").read_text())["gate"]["budgets"]
    wide = {name: _WIDE if limit and limit > 1 else limit and 1.0 for name, limit in budgets.items()}
    project.declare(gate={**_GATE, "budgets": wide})
    project.run(*COMMAND, "repro")
    project.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(world.origin))
    world.git("remote", "add", "origin", f"{address}/{folder.name}/origin.git")
    project.commit("First model")
    world.git("branch", "first")
    project.declare(**OTHER_MODEL)
    project.run(*COMMAND, "repro")
    project.commit("Second model")
    world.git("branch", "second")
    world.git("switch", "--quiet", "--detach")
    return world


@contextlib.contextmanager
def serve_git(folder: Path) -> Iterator[str]:
    """Serve every repository below a folder by git's own server, so that a killed client does not take it along."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--reuseaddr", "--export-all"]
    running = subprocess.Popen(
        [*command, "--enable=receive-pack", f"--base-path={folder}", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait_for_port(port, running)
        yield f"git://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(LIMIT)


def _wait_for_port(port: int, running: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        assert running.poll() is None, "git's server ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError("git's server does not answer")


def _wait_for_group(group: int) -> None:
    """Wait until no process of a group is left: a process that was killed may still hold a file for a moment."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError("what was killed is still there")
