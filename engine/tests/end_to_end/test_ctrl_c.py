"""Ctrl-C twice in the middle of a long command: one line, no process stays behind, and the command goes on later."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.test_first_month import allow_small_data
from tests.mainline.serving.running import wait_for
from tests.mainline.test_interrupts import ENDED, SAID
from tests.project import LIMIT, Project

HOLD = """
import pathlib, sys, time
here, event_name, word = pathlib.Path({here!r}), {event!r}, {word!r}

def hold(event, arguments):
    if event not in ("open", "subprocess.Popen") or (here / "there").exists():
        return
    said = arguments[0] if event == "open" else arguments[1]
    if event == event_name and word in str(said):
        (here / "there").touch()
        try:
            while not (here / "pressed").exists():
                time.sleep(0.01)
        except KeyboardInterrupt:
            (here / "taken").touch()
            while not (here / "pressed").exists():
                time.sleep(0.01)
            raise

sys.addaudithook(hold)
"""
"""Holds the first of a command's processes that does what is named, until Ctrl-C was pressed a second time."""
ELSEWHERE = ("gate", "pull", "restore", "verify")
"""Commands whose moment is one of a child, which the first Ctrl-C ends, or of a thread, which hears none."""
STAGES = "mainline-verify-*/first/.dvc/tmp/present/*"
"""Where the stages that run in a rebuild leave their names."""
MOMENTS = {
    "repro": ("open", ".dvc/tmp/rwlock"),
    "tune": ("open", "metrics/.tuning.csv"),
    "explain": ("open", "metrics/.worth.csv"),
    "gate": ("open", "models/package/"),
    "push": ("open", ".git/mainline/storage/files/md5/"),
    "pull": ("open", ".dvc/cache/files/md5/"),
    "promote": ("subprocess.Popen", "'push', "),
    "restore": ("open", ".dvc/cache/files/md5/"),
    "verify": ("", STAGES),
}
"""A moment in the middle of each: a file that it or its child opens, a program that it starts, or that a stage runs."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, other_project: Project) -> Project:
    """A repository with an origin, whose model can be released; shared, so tests only read it."""
    project = other_project.twin(tmp_path_factory.mktemp("trained") / "project")
    allow_small_data(project)
    with (project.path / "params.yaml").open("a") as file:
        file.write("tune: {trials: 2, space: {C: [0.3, 3.0]}}\n")
    project.give_origin()
    project.commit("Train")
    project.run("git", "push", "--quiet", "origin", "main")
    return project


@pytest.fixture
def project(trained: Project, tmp_path: Path) -> Project:
    """A copy of it with the origin."""
    shutil.copytree(trained.path.parent / "origin.git", tmp_path / "origin.git")
    return trained.twin(tmp_path / "project")


def prepare(project: Project, command: str) -> None:
    """Leave the command something to do."""
    if command == "repro":
        project.declare(model={"params": {"C": 0.5}})
    elif command == "restore":
        shutil.rmtree(project.path / "data/features")
    elif command == "pull":
        project.run("python", "-m", "mainline", "push")
        for folder in (".dvc/cache", "data/features", "models"):
            shutil.rmtree(project.path / folder)


def interrupt(project: Project, command: str, held: Path) -> tuple[int, str]:
    """Run a command, press Ctrl-C twice in its moment, and return its status and what it said last."""
    event, word = MOMENTS[command]
    (held / "sitecustomize.py").write_text(HOLD.format(here=str(held), event=event, word=word))
    search = f"{held}{os.pathsep}{project.environment()['PYTHONPATH']}"
    asked = {"PYTHONPATH": search, "TMPDIR": str(held)}
    with subprocess.Popen(
        ["python", "-m", "mainline", command], cwd=project.path, env=project.environment(asked),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        wait_for(lambda: (held / "there").exists() or any(held.glob(word)) or process.poll() is not None, LIMIT)
        assert process.poll() is None, "it ended before its moment came"
        process.send_signal(signal.SIGINT)
        wait_for(lambda: (held / "taken").exists() or command in ELSEWHERE, LIMIT)
        process.send_signal(signal.SIGINT)
        (held / "pressed").touch()
        _, said = process.communicate(timeout=LIMIT)
    return process.returncode, said


def living(held: Path) -> list[psutil.Process]:
    """Return the processes that were started under a test."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TMPDIR") == str(held):
                found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("command", MOMENTS)
def test_ctrl_c_twice_ends_a_command_once(command: str, project: Project, tmp_path: Path) -> None:
    """It says so in one line, ends what it started, leaves nothing half-written, and comes to its end if run again."""
    held = tmp_path / "held"
    held.mkdir()
    prepare(project, command)
    status, said = interrupt(project, command, held)
    assert (status in ENDED, "Traceback" in said) == (True, False), said
    assert said.endswith(SAID)
    wait_for(lambda: not living(held), LIMIT)
    assert not list(project.path.rglob(".*.partial"))
    assert not list(held.glob("mainline-*"))
    project.run("python", "-m", "mainline", command)
