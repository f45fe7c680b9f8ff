"""Runs that a real MLflow server keeps and its own client finds, in an environment of their own."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.export import runs, tracking
from mainline.export.tracking import Sent, TrackingError
from tests.mainline.export import environments
from tests.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python that has MLflow."""
    return environments.make(tmp_path_factory.mktemp("tools") / "environment", "mlflow.txt")


@pytest.fixture(scope="module")
def server(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a database of its own."""
    home = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(library), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{home}/mlflow.db", "--default-artifact-root", str(home / "artifacts"),
    ]  # fmt: skip
    environment = {
        "PATH": f"{library.parent}{os.pathsep}/usr/bin:/bin", "HOME": str(home), "MLFLOW_DISABLE_TELEMETRY": "true",
    }  # fmt: skip
    log = home / "log"
    with log.open("w") as output:
        started = subprocess.Popen(
            command, cwd=home, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, started, log)
        yield url
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def _wait(url: str, started: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + environments.LIMIT
    while time.monotonic() < end:
        assert started.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=10):  # noqa: S310
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def listed(library: Path, server: str, experiment: str, home: Path) -> list[dict[str, Any]]:
    """Return the runs of an experiment as the client of MLflow finds them."""
    return list(json.loads(environments.run(library, "list_runs.py", server, experiment, home=home)))


def test_the_runs_are_those_of_the_registry(library: Path, server: str, here: Project, tmp_path: Path) -> None:
    """After two exports there is one finished run, with each parameter, metric and tag as it was sent."""
    for _ in range(2):
        here.run("python", "-m", "mainline", "export", "mlflow", server)
    (sent,) = runs.read(here.path)
    (found,) = listed(library, server, _name(here), tmp_path)
    assert (found["name"], found["status"]) == (sent.name, "FINISHED")
    assert found["start"] == found["end"] == sent.when
    assert found["params"] == sent.params
    assert found["metrics"] == pytest.approx(sent.metrics)
    assert found["tags"].items() >= sent.tags.items()


def test_an_export_that_ended_early_is_completed(
    library: Path, server: str, here: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was made and not finished gets all that it lacks, and no second one stands beside it."""
    to, (sent,) = tracking.connect(server), runs.read(here.path)
    with monkeypatch.context() as patch:
        patch.setattr(tracking, "_log", _break)
        with pytest.raises(TrackingError):
            tracking.send(to, "early", [sent])
    assert [run["status"] for run in listed(library, server, "early", tmp_path)] == ["RUNNING"]
    assert tracking.send(to, "early", [sent]) == Sent(0, 1, 0)
    (found,) = listed(library, server, "early", tmp_path)
    assert (found["status"], found["params"]) == ("FINISHED", sent.params)


def _break(*_: object, **__: object) -> None:
    raise TrackingError("runs/log-batch", "gone")


def _name(project: Project) -> str:
    """Return the name of the project's use case, which is the experiment's."""
    code = "from usecase import interface; print(interface.NAME)"
    return project.run("python", "-c", code).stdout.strip()
