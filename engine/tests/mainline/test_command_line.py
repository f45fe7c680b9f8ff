"""What the command line does where nobody reads what it says."""

import os
import signal
import subprocess
import sys

import pytest

from mainline import __main__
from mainline.commands import deps
from tests.project import LIMIT, Project


def test_reader_that_goes_away_is_no_error(whole_project: Project) -> None:
    """Behind `| head` a command ends in silence, as programs do whose pipe is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "mainline", "deps"], cwd=whole_project.path, stdout=writing,
            stderr=subprocess.PIPE, text=True, timeout=LIMIT, env=whole_project.environment(),
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (finished.returncode, finished.stderr) == (128 + signal.SIGPIPE, "")


def test_other_broken_pipe_is_an_error(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A pipe that breaks elsewhere, with the reader still there, is said as other failures are."""

    def fail(_: object) -> str:
        raise BrokenPipeError("the store went away")

    monkeypatch.setattr(deps, "run", fail)
    assert __main__.main(["deps"]) == 1
    assert "the store went away" in capfd.readouterr().err
