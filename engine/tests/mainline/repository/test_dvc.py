"""DVC as a program of its own: with a limit, and in one line."""

import subprocess
from pathlib import Path

import pytest

from mainline.processes import SecondsError
from mainline.repository import dvc
from tests.mainline.test_processes import deaf

__all__ = ["deaf"]


@pytest.fixture(autouse=True)
def _outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC reads the configuration of where it runs, and a fork's is its own."""
    monkeypatch.chdir(tmp_path)


def test_source_that_never_answers_is_an_error(deaf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC is ended at its limit, and one line says how to allow more."""
    monkeypatch.setenv("MAINLINE_DVC_SECONDS", "3")
    with pytest.raises(dvc.DvcError, match=r"^`dvc ls-url` did not end within 3 s .* Try again; MAINLINE_DVC_SECONDS"):
        dvc.run("ls-url", f"http://{deaf}/a")


def test_limit_that_is_not_a_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named with what it may be."""
    monkeypatch.setenv("MAINLINE_DVC_SECONDS", "an hour")
    with pytest.raises(SecondsError, match="MAINLINE_DVC_SECONDS is 'an hour'; it is a number of seconds"):
        dvc.run("version")


def test_what_dvc_says_is_returned_in_one_line() -> None:
    """A command that DVC refuses has a status and its words, and prints nothing."""
    finished = dvc.run("no-such-command")
    assert finished.returncode != 0
    assert "no-such-command" in dvc.said(finished)
    assert "\n" not in dvc.said(finished)


def test_dvc_is_this_python_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a PATH without it, or with another one, offers is not run."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert dvc.run("version").returncode == 0


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("WARNING: a lot\nof it\nERROR: failed to\n pull", "failed to pull"),
        ("usage: dvc", "usage: dvc"),
        ("", "it gives no reason, and ends with status 255"),
    ],
)
def test_a_failure_has_a_reason(printed: str, said: str) -> None:
    """The error is told before the warnings; and silence is not taken for success."""
    assert dvc.said(subprocess.CompletedProcess(["dvc"], 255, "", printed)) == said
