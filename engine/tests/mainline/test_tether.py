"""A command that ends when the process that started it is gone."""

import os
import signal
import subprocess
import sys

from mainline import children
from tests.project import LIMIT, SEARCH_PATH

ENVIRONMENT = os.environ | {"PYTHONPATH": SEARCH_PATH}
ASLEEP = "import time; from mainline import tether; tether.watch(); print('here', flush=True); time.sleep(3600)"


def test_it_ends_as_if_it_were_told_to_when_its_input_is_closed() -> None:
    """Which happens to whoever held the other end, whatever became of them."""
    command = [sys.executable, "-c", ASLEEP]
    with subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(LIMIT) == -signal.SIGTERM


def test_it_is_the_command_itself() -> None:
    """The same words, status and output as without it."""
    ran = []
    for name in ("mainline", "mainline.tether"):
        command = children.command(name, "rehearse", "--hlp")
        with subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            ran.append((process.stderr.read(), process.wait(LIMIT)))
    assert ran[0] == ran[1]
    assert ran[0][1] == 2
