"""Ctrl-C, once and again at once: each long command ends without a traceback and leaves nothing half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mainline.rollout.records import Ref
from tests.mainline.rollout.conftest import packages
from tests.mainline.serving.running import lives, wait_for
from tests.mainline.test_processes import FOREVER, number
from tests.project import LIMIT, ROOT, SEARCH_PATH

__all__ = ["packages"]
SAID = "mainline: interrupted; run the command again to go on.\n"
ENDED = (128 + signal.SIGINT, -signal.SIGINT)
"""By itself, or by a second Ctrl-C in the last moments of Python, when nothing is left to be done."""
BEGIN = """
import signal, sys, threading, time
from mainline import interrupts, processes
interrupts.catch()
interrupts.allow()
def press(): signal.raise_signal(signal.SIGINT)
"""
SLOW = """
import os, pathlib, sys, time
here = pathlib.Path(__file__).parent
(here / "loading").touch()
while not (here / "pressed").exists():
    time.sleep(0.01)
sys.path.remove(str(here))
del sys.modules[{name!r}]
sys.modules[{name!r}] = __import__({name!r})
(here / "loaded").touch()
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has taken Ctrl-C from Python."""
    return subprocess.run(
        [sys.executable, "-c", BEGIN + script], env=os.environ | {"PYTHONPATH": SEARCH_PATH}, capture_output=True,
        text=True, timeout=LIMIT, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["argparse", "orjson"])
def test_ctrl_c_while_libraries_are_loaded_is_one_line(name: str, tmp_path: Path) -> None:
    """Those of the command line and those of a command: compiled ones crash if they are stopped in the middle."""
    (tmp_path / f"{name}.py").write_text(SLOW.format(name=name))
    with subprocess.Popen(
        [sys.executable, "-m", "mainline", "serve", "no-package", "--settings", "no-settings"], cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{SEARCH_PATH}"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        wait_for(lambda: (tmp_path / "loading").exists(), LIMIT)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
        (tmp_path / "pressed").touch()
        said, _ = process.communicate(timeout=LIMIT)
    assert (said, process.returncode in ENDED) == (SAID, True)
    assert (tmp_path / "loaded").exists()


def test_second_ctrl_c_does_not_stop_what_puts_away() -> None:
    """Also where that meets and handles errors of its own."""
    done = run("""
try:
    press()
finally:
    try:
        raise ValueError("of the clean-up")
    except ValueError:
        press()
    print("put away", flush=True)
""")
    assert done.stdout == "put away\n"
    assert "KeyboardInterrupt" in done.stderr


def test_ctrl_c_that_a_library_swallows_comes_again() -> None:
    """A command cannot be made deaf by a library that takes it for its own affair."""
    done = run("""
try:
    press()
except KeyboardInterrupt:
    pass
try:
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    print("again", interrupts.came())
""")
    assert (done.stdout, done.stderr) == ("again True\n", "")


def test_nothing_is_interrupted_after_the_end() -> None:
    """What Python does at its exit is not a person's affair."""
    done = run("""
import atexit
atexit.register(lambda: (press(), time.sleep(3 * interrupts.AGAIN), print("whole")))
try:
    press()
except KeyboardInterrupt:
    interrupts.end()
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "whole\n", "")


def test_who_listens_later_hears_a_ctrl_c_that_came_before() -> None:
    """A server's own way to end is taken as soon as it is there, though the libraries were still being loaded."""
    done = run("""
interrupts._is_importing = lambda _: True
press()
signal.signal(signal.SIGINT, lambda *_: heard.set())
heard = threading.Event()
while not heard.is_set():
    time.sleep(0.01)
print("heard")
""")
    assert (done.stdout, done.stderr) == ("heard\n", "")


def test_third_ctrl_c_ends_at_once_with_all_programs(tmp_path: Path) -> None:
    """A person is never caught in a clean-up that waits, and no program stays behind."""
    script = f"""
try:
    press()
finally:
    press()
    processes.run([sys.executable, "-c", {FOREVER.format(str(tmp_path / "number"))!r}], 3600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN + script], env=os.environ | {"PYTHONPATH": SEARCH_PATH}, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        child = number(tmp_path / "number")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, said) == (128 + signal.SIGINT, SAID.replace("interrupted", "ended at once"))
    wait_for(lambda: not lives(child), LIMIT)


def test_ctrl_c_that_was_ignored_stays_ignored() -> None:
    """A command in the background of a script goes on when somebody ends the script's foreground."""
    script = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + BEGIN + "press(); print('on')"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": SEARCH_PATH}, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("on\n", "")


COMMANDS = {
    "follow": ["follow", "AWAY", "--state", "STATE"],
    "serve --follow": ["serve", "--follow", "AWAY", "--state", "STATE", "--settings", "SETTINGS"],
    "serve": ["serve", "PACKAGE", "--settings", "SETTINGS"],
    "predict --stream": ["predict", "--stream", "--package", "PACKAGE"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_command_that_is_interrupted_twice_ends(name: str, packages: dict[Ref, Path], tmp_path: Path) -> None:
    """Where a person loses patience, the second signal changes nothing."""
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
        assert process.wait(LIMIT) in (0, *ENDED)
    assert "Traceback" not in output.read_text()
    wait_for(lambda: not group(process.pid), LIMIT)
    assert not list(tmp_path.rglob(".*partial"))


def group(number: int) -> list[str]:
    """Return the processes of a group."""
    shown = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(number)], capture_output=True, text=True, check=False)
    return [line for line in shown.stdout.splitlines() if "Z" not in line.split()[1]]
