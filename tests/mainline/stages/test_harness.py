"""What surrounds a stage: repeatable settings, one line of error, no survivors."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mainline.stages.harness import PINNED
from tests.project import LIMIT, ROOT

STAGE = """
import sys, time
from mainline.errors import LimitError
from mainline.stages.harness import run

def work(params):
    print("working", params.seed, flush=True)
    if sys.argv[1:] == ["fail"]:
        raise LimitError("The share of rows", "50 %", "1 %", "Mend the source.")
    if sys.argv[1:] == ["lack"]:
        from usecase import features
        features.no_such_thing
    time.sleep(600)

run("example", work)
"""

PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"


def test_stage_fails_with_one_line_and_the_way_back() -> None:
    """An expected error is a sentence, how to get the previous output, and exit 1; no traceback."""
    failed = _run_stage("fail")
    assert failed.returncode == 1
    assert "example failed: The share of rows is 50 %, the limit is 1 %. Mend the source." in failed.stderr
    assert "dvc checkout" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_stage_names_what_the_use_case_lacks() -> None:
    """A name of the contract that a module does not offer is one line, not a traceback."""
    failed = _run_stage("lack")
    assert failed.returncode == 1
    assert "src/usecase/features.py offers no 'no_such_thing'" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("name", PINNED)
def test_stage_refuses_settings_that_do_not_repeat(name: str) -> None:
    """Run by hand without the pinned settings, a stage says which is missing and what to run."""
    failed = _run_stage("fail", **{name: "7"})
    assert failed.returncode == 1
    assert f"{name}=7 is not set as it must be" in failed.stderr
    assert "dvc repro -s example" in failed.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stage_ends_with_its_parent(ending: signal.Signals) -> None:
    """However the parent ends, the stage does not go on alone."""
    command = [sys.executable, "-c", PARENT, sys.executable, "-c", STAGE]
    parent = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **PINNED}, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent, parent.stdout:
        assert parent.stdout.readline().startswith("working")
        (stage,) = psutil.Process(parent.pid).children()
        parent.send_signal(ending)
        parent.wait(LIMIT)
        _wait_until_gone(stage)


def _run_stage(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STAGE, *arguments],
        cwd=ROOT, env={**os.environ, **PINNED, **settings}, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip


def _wait_until_gone(process: psutil.Process) -> None:
    started = time.monotonic()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - started < LIMIT, "the stage outlives its parent"
        time.sleep(0.05)


def test_every_stage_is_started_with_the_pinned_settings() -> None:
    """The settings that dvc.yaml gives are the ones that the harness asks for."""
    given = " ".join(f"{name}={value}" for name, value in PINNED.items())
    assert f"exec env {given} python -m mainline.stages" in Path(ROOT / "dvc.yaml").read_text()
