"""Ctrl-C, once and again at once: each long command ends without a traceback and leaves nothing half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mainline.rollout.records import Ref
from tests.mainline.rollout.conftest import packages
from tests.mainline.serving.running import wait_for
from tests.project import LIMIT, ROOT, SEARCH_PATH

__all__ = ["packages"]
COMMANDS = {
    "follow": ["follow", "AWAY", "--state", "STATE"],
    "serve --follow": ["serve", "--follow", "AWAY", "--state", "STATE", "--settings", "SETTINGS"],
    "serve": ["serve", "PACKAGE", "--settings", "SETTINGS"],
    "predict --stream": ["predict", "--stream", "--package", "PACKAGE"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_command_that_is_interrupted_twice_ends(name: str, packages: dict[Ref, Path], tmp_path: Path) -> None:
    """Where a person loses patience, the second signal changes nothing but the moment."""
    (tmp_path / "production.yaml").write_text(f"service: {{port: 0, keys: {tmp_path / 'keys.yaml'}}}\n")
    places = {
        "AWAY": str(tmp_path / "away"), "STATE": str(tmp_path / "state"),
        "SETTINGS": str(tmp_path / "production.yaml"), "PACKAGE": str(next(iter(packages.values()))),
    }  # fmt: skip
    command = [sys.executable, "-m", "mainline", *(places.get(word, word) for word in COMMANDS[name])]
    output = tmp_path / "output"
    with output.open("w") as file, subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": SEARCH_PATH}, stdin=subprocess.PIPE, stdout=file,
        stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        if name == "predict --stream":
            assert process.stdin is not None
            process.stdin.write(b"{}\n")
            process.stdin.flush()
        ready = (lambda: (tmp_path / "state/status.json").exists()) if name == "follow" else output.read_text
        wait_for(lambda: bool(ready()), LIMIT)
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
        assert process.wait(LIMIT) in (0, 130, -signal.SIGINT)
    assert "Traceback" not in output.read_text()
    wait_for(lambda: not group(process.pid), LIMIT)
    assert not list(tmp_path.rglob(".*partial"))


def group(number: int) -> list[str]:
    """Return the processes of a group."""
    shown = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(number)], capture_output=True, text=True, check=False)
    return [line for line in shown.stdout.splitlines() if "Z" not in line.split()[1]]
