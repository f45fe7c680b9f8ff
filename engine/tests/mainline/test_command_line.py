"""What the command line does where nobody reads what it says."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mainline import __main__
from mainline.commands import deps
from tests.project import LIMIT, SEARCH_PATH, Project


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


@pytest.mark.parametrize(
    ("command", "remedy"),
    [("load", "the command begins anew when it is run again."), ("deps", "run the command again to go on.")],
)
def test_a_ctrl_c_says_whether_a_command_goes_on(
    command: str, remedy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A load of minutes keeps nothing to go on with; most commands keep what they did."""

    def interrupt(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "_run", interrupt)
    assert __main__.main(["--traceback", command]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == f"mainline: interrupted; {remedy}\n"


def test_letters_that_an_encoding_lacks_are_escaped(tmp_path: Path) -> None:
    """Where the locale has no such letters a command says what it did, and so does what it starts: no traceback."""
    (tmp_path / "own.yaml").write_text("service: {keys: Łukasz.yaml}", encoding="utf-8")
    key = [sys.executable, "-m", "mainline", "api-key", "me", "--settings", "own.yaml"]
    where = {"cwd": tmp_path, "capture_output": True, "check": True, "timeout": LIMIT}
    asked = subprocess.run(key, env=os.environ | {"PYTHONPATH": SEARCH_PATH, "PYTHONIOENCODING": "ascii"}, **where)  # type: ignore[call-overload]
    assert rb"its hash is in \u0141ukasz.yaml" in asked.stdout
    (tmp_path / "word.py").write_text("print('\u0141ukasz')")
    code = """
import subprocess, sys
from mainline import __main__
__main__.show_all_letters()
subprocess.run([sys.executable, 'word.py'], check=True)
"""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    poor = plain | {"PYTHONPATH": SEARCH_PATH, "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert subprocess.run([sys.executable, "-c", code], env=poor, **where).stdout == b"\\u0141ukasz\n"  # type: ignore[call-overload]
