"""Tests see the same on every machine, whoever runs them and however."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import surroundings
from tests.project import LIMIT, ROOT

SHOW = """
import signal
print(*(number.name for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
        if signal.getsignal(number) is signal.SIG_IGN))
"""
PERSONAL = {
    "AWS_PROFILE": "nobody", "COLUMNS": "20", "DVC_STUDIO_TOKEN": "secret", "FORCE_COLOR": "1", "GIT_DIR": "/nowhere",
    "GITHUB_ACTOR": "octocat", "http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
    "LANGUAGE": "tr", "LC_ALL": "tr_TR.UTF-8", "MAKEFLAGS": "-k", "PYTHONWARNINGS": "default", "TZ": "Asia/Kathmandu",
    "XDG_CONFIG_HOME": "/nowhere",
}  # fmt: skip


def test_a_process_of_a_test_ignores_no_signal() -> None:
    """What a test starts gets the signals that end a process, whatever the shell that started the tests ignores."""
    shown = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True)
    assert shown.stdout == "\n"


def test_nothing_personal_reaches_a_test() -> None:
    """No variable that says whose machine it is, and no configuration of its user, is seen by what a test starts."""
    assert {name: value for name, value in os.environ.items() if PERSONAL.get(name) == value} == {}
    assert dict(os.environ) == surroundings.plain(os.environ)
    listed = subprocess.run(["git", "config", "--list", "--show-scope"], cwd=os.sep, capture_output=True, text=True)
    assert listed.stdout == ""


def test_nor_under_nohup_with_an_environment_of_its_own() -> None:
    """Both hold where a shell ignores signals, as `nohup` and `&` in a script do, and exports variables."""
    only = "ignores_no_signal or nothing_personal"
    tests = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", __file__, "-k", only]
    command = ["sh", "-c", "trap '' HUP INT QUIT TERM; exec \"$@\"", "sh", *tests]
    environment = os.environ | PERSONAL
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT)
    assert "2 passed" in re.sub(r"\x1b.*?m", "", done.stdout), done.stdout + done.stderr


def test_no_program_can_make_what_is_said_to_be_nowhere() -> None:
    """Not even as root: a home such as `/nonexistent` is made by the first program that keeps a cache."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        nowhere = Path(surroundings.plain({})[name])
        assert not nowhere.exists()
        with pytest.raises(OSError, match="nowhere"):
            nowhere.mkdir(parents=True)
