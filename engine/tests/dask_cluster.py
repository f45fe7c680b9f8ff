"""A scheduler of Dask and its workers, as processes of their own that speak TCP on this machine alone."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests import surroundings
from tests.mainline.serving.running import wait_for, words
from tests.project import ENGINE, LIMIT

DASK = [sys.executable, "-m", "dask"]
CERTIFICATES = ("ca.pem", "own.pem", "own-key.pem")


class Cluster:
    """What runs, in a folder in which there is no workspace."""

    def __init__(self, folder: Path, memory: str, tls: Sequence[str]) -> None:
        self.folder = folder
        self.address = ""
        self._memory = memory
        self._tls = tls
        self._started: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self, port: int = 0, **settings: str) -> subprocess.Popen[bytes]:
        """Start a scheduler on a free port, and wait until it listens."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        protocol = ["--protocol", "tls", *self._certificates()] if self._tls else []
        scheduler = self._start(
            [*DASK, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--scheduler-file", str(file),
             "--dashboard-address", "127.0.0.1:0", *protocol], settings,
        )  # fmt: skip
        wait_for(lambda: bool(_address(file)) or scheduler.poll() is not None, LIMIT)
        self.address = _address(file)
        return scheduler

    def start_worker(self, *options: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker as people do, and do not wait for it."""
        declared = {"MAINLINE_COMPUTE": self.declared()}
        command = [sys.executable, "-m", "mainline", "worker", "--memory-limit", self._memory, *options]
        return self._start(command, declared | settings)

    def declared(self, **more: object) -> str:
        """Write what `compute.yaml` says of this cluster."""
        names = dict(zip(("ca", "cert", "key"), self._tls, strict=False))
        return json.dumps({"dask": self.address, "silent_seconds": 60, **({"tls": names} if names else {}), **more})

    def processes(self) -> list[psutil.Process]:
        """List all that runs."""
        roots = [psutil.Process(process.pid) for process in self._started if process.poll() is None]
        return [each for root in roots for each in (root, *root.children(recursive=True))]

    def log(self) -> str:
        """Return what all have written."""
        return (self.folder / "log").read_text()

    def end(self) -> None:
        """End all of it, whatever state it is in."""
        for process in self._started:
            kill(process.pid)
            process.wait()

    def _certificates(self) -> list[str]:
        names = ("--tls-ca-file", "--tls-cert", "--tls-key")
        return [word for pair in zip(names, self._tls, strict=True) for word in pair]

    def _start(self, command: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        environment = surroundings.plain(os.environ) | {
            "PYTHONPATH": str(ENGINE / "src"), "HOME": str(self.folder), "TMPDIR": str(self.folder),
            "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False", **settings,
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._started.append(process)
        return process


@contextmanager
def running(folder: Path, workers: int = 2, memory: str = "2GiB", tls: Sequence[str] = ()) -> Iterator[Cluster]:
    """Run a scheduler and so many workers, which are there from the first moment; all have ended afterwards."""
    folder.mkdir()
    cluster = Cluster(folder, memory, tls)
    try:
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.start_worker()
        wait_for(lambda: cluster.log().count("Registered to:") >= workers, LIMIT)
        yield cluster
    finally:
        cluster.end()


def kill(pid: int) -> None:
    """Kill a process and all that it started."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                each.kill()


def servers(cluster: Cluster) -> list[psutil.Process]:
    """List the processes beside workers, which do the work."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "mainline.stages.task_server" in " ".join(words(process)) and str(cluster.folder) in process.cwd():
                found.append(process)
    return found


def worker_of(server: psutil.Process) -> psutil.Process:
    """Return the worker that a process stands beside."""
    parent = server.parent()
    assert parent is not None
    return parent


def kill_server(server: psutil.Process) -> None:
    """Kill the process that does the work."""
    server.kill()


def kill_worker(server: psutil.Process) -> None:
    """Kill the worker beside it, with all that it started; its nanny starts another one."""
    kill(worker_of(server).pid)


def kill_nanny(server: psutil.Process) -> None:
    """Kill the nanny first, so that no worker comes in the place of this one."""
    worker = worker_of(server)
    nanny = worker.parent()
    assert nanny is not None
    nanny.kill()
    kill(worker.pid)


KILLS = (kill_server, kill_worker, kill_nanny)
"""Whom a machine may lose in the middle of a task."""


def run_and_lose(
    cluster: Cluster, act: Callable[[psutil.Process], None], command: Sequence[str], begun: str, **given: Any
) -> str:
    """Run a command on two workers, lose one of them in the middle, and return all that it says.

    Args:
        cluster: what it runs on.
        act: one of `KILLS`.
        command: what is run.
        begun: a pattern with which a line begins once the first part of the work came from there.
        given: `env` and `cwd` of the command.
    """
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **given)
    shown = ""
    try:
        assert running.stdout
        for line in running.stdout:
            shown += line
            if re.match(begun, line):
                break
        else:
            raise AssertionError(shown)
        wait_for(lambda: len(servers(cluster)) == 2, LIMIT)
        act(servers(cluster)[0])
        return shown + running.stdout.read()  # `communicate` would not have what was read ahead of the line
    finally:
        running.kill()
        running.wait()


def _address(file: Path) -> str:
    with suppress(OSError, ValueError):
        said: Any = json.loads(file.read_text())
        return str(said["address"])
    return ""
