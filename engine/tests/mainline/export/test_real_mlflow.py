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
from mainline.export.runs import COMMIT
from mainline.export.tracking import Sent, TrackingError
from mainline.gate import acceptance
from tests.browser import Browser
from tests.mainline.export import environments
from tests.mainline.release.conftest import release
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


def test_the_runs_are_those_of_the_registry(library: Path, server: str, own: Project, tmp_path: Path) -> None:
    """After two exports of two versions, and one of three, each is a finished run, and is there once as it was sent."""
    _release_next(own, 5)
    said = [own.run("python", "-m", "mainline", "export", "mlflow", server).stdout for _ in range(2)]
    assert [line.split(" in ")[0] for line in said] == ["2 runs made", "0 runs made"]
    _release_next(own, 6)
    assert own.run("python", "-m", "mainline", "export", "mlflow", server).stdout.startswith("1 run made in ")
    sent = {run.name: run for run in runs.read(own.path)}
    found = listed(library, server, _name(own), tmp_path)
    assert sorted(run["name"] for run in found) == sorted(sent)
    assert len(sent) == 3
    for run in found:
        of = sent[run["name"]]
        assert run["status"] == "FINISHED"
        assert run["start"] == run["end"] == of.when
        assert run["params"] == of.params
        assert run["metrics"] == pytest.approx(of.metrics)
        assert run["tags"].items() >= of.tags.items()
        assert run["data"] == [["data/raw", of.data, "training"]]
    assert len({(*run.params.items(), run.tags[COMMIT]) for run in sent.values()}) == 3


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


def test_the_pages_of_runs_name_what_a_team_looks_for(
    library: Path, server: str, own: Project, browser: Browser, tmp_path: Path
) -> None:
    """MLflow's own pages show each version with its data, and of a run the metrics, the commit and the tags."""
    _release_next(own, 7)
    told = own.run("python", "-m", "mainline", "export", "mlflow", server, "--experiment", "seen").stdout
    found = listed(library, server, "seen", tmp_path)
    page = browser.read(told.split(" at ")[1].strip())
    assert "Judges" not in page  # of a language model
    for run in found:
        assert run["name"] in page
        assert run["data"][0][1][:8] in page
    newest, sent = found[0], runs.read(own.path)[-1]
    page = browser.read(f"{server}/#/experiments/{newest['experiment']}/runs/{newest['id']}")
    for shown in (sent.name, sent.data, sent.tags[COMMIT][:7], "mainline.environments", "test.rows", *sent.metrics):
        assert shown in page, shown


def _release_next(project: Project, seed: int) -> None:
    """Train with another seed, and release what comes out."""
    project.declare(seed=seed)
    project.run("python", "-m", "mainline", "repro")
    project.commit(f"Train with seed {seed}")
    project.run("git", "push", "--quiet", "origin", "main")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acceptance, "refusals", lambda *_, **__: {})
        assert "is released." in release()


def _name(project: Project) -> str:
    """Return the name of the project's use case, which is the experiment's."""
    code = "from usecase import interface; print(interface.NAME)"
    return project.run("python", "-c", code).stdout.strip()
