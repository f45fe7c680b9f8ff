"""Tests that send signals see the same on a terminal, under `nohup` and in the background."""

import subprocess
import sys

from tests.project import LIMIT, ROOT

SHOW = """
import signal
print(*(number.name for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
        if signal.getsignal(number) is signal.SIG_IGN))
"""


def test_a_process_of_a_test_ignores_no_signal() -> None:
    """What a test starts gets the signals that end a process, whatever the shell that started the tests ignores."""
    shown = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True)
    assert shown.stdout == "\n"


def test_nor_under_nohup() -> None:
    """The same where a shell ignores signals, as `nohup` and `&` in a script do."""
    only = f"{__file__}::{test_a_process_of_a_test_ignores_no_signal.__name__}"
    tests = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", only]
    command = ["sh", "-c", "trap '' HUP INT QUIT TERM; exec \"$@\"", "sh", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
