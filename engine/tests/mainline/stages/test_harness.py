"""What surrounds a stage: repeatable settings, one line of error, no survivors."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from mainline.stages.harness import PINNED
from tests.project import LIMIT, Project

STAGE = """
import sys, time
from pathlib import Path
from mainline.stages.__main__ import end_with_parent
end_with_parent()
from mainline.errors import LimitError
from mainline.stages.harness import run

def work(params):
    print("working", params.seed, flush=True)
    match sys.argv[1:]:
        case ["fail"]:
            raise LimitError("The share of rows", "50 %", "1 %", "Mend the source.")
        case ["lack"]:
            from usecase import features
            features.no_such_thing
        case ["module"]:
            import usecase.nowhere
        case ["memory"]:
            import numpy
            numpy.zeros((2**40, 2**19))
        case ["compute"]:
            from usecase import features
            try:
                features.compute({}, {})
            except KeyError as error:
                error.add_note("first in 2013-01, row 5")
                raise
        case ["disk"]:
            raise OSError(28, "No space left on device")
        case ["bug"]:
            [].no_such_thing
        case ["idle"]:
            return
        case ["interrupt"]:
            raise KeyboardInterrupt
    time.sleep(600)

run("example", work, Path.cwd() if sys.argv[1:] != ["elsewhere"] else Path("/nowhere"))
"""

STARTED_BY = {"MAINLINE_PARENT": "$PPID", "MAINLINE_STARTER": "$starter"}

PARENT = """
import subprocess, sys
subprocess.Popen(sys.argv[1:]).wait()
"""


@pytest.fixture(autouse=True)
def _at_the_root(whole_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(whole_project.path)


def test_stage_fails_with_one_line_and_the_way_back() -> None:
    """An expected error is a sentence, how to get the previous output, and exit 1; no traceback."""
    failed = _run_stage("fail")
    assert failed.returncode == 1
    assert "example failed: The share of rows is 50 %, the limit is 1 %. Mend the source." in failed.stderr
    assert "`./mainline restore`" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("lack", "src/usecase/features.py offers no 'no_such_thing'"),
        ("module", "src/usecase/nowhere.py cannot be imported"),
        ("memory", "out of memory (Unable to allocate 4.00 EiB for an array"),
        (
            "compute",
            ": KeyError: 'weather' (first in 2013-01, row 5). Correct it, or what it reads; `./mainline",
        ),
        ("disk", "No space left on device. Is the disk full"),
        ("elsewhere", "not in /nowhere. Run the stage through DVC"),
    ],
)
def test_stage_says_what_a_person_can_mend(fault: str, said: str) -> None:
    """A name or file the use case lacks, a full disk, code of another folder: one line each, no traceback."""
    failed = _run_stage(fault)
    assert failed.returncode == 1
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_traceback_is_shown_where_it_is_asked_for() -> None:
    """What is one line otherwise is the whole way there with `mainline --traceback`."""
    failed = _run_stage("compute", MAINLINE_TRACEBACK="1")
    assert failed.returncode == 1
    assert 'src/usecase/features.py", line' in failed.stderr
    assert "Traceback (most recent call last)" in failed.stderr


def test_an_interrupt_is_one_line() -> None:
    """Ctrl-C ends a stage with 130 and says how to go on."""
    interrupted = _run_stage("interrupt")
    assert interrupted.returncode == 130
    assert interrupted.stderr.strip() == "example was interrupted; run `make repro` to go on."


def test_the_file_of_an_earlier_run_is_no_result() -> None:
    """A stage that leaves a file as it was put back, and makes none of its own, has failed."""
    assert _run_stage("idle").returncode == 0
    failed = _run_stage("idle", MAINLINE_HELD="metrics/train.json")
    assert "example failed: example made no metrics/train.json, which dvc.yaml declares as its output." in failed.stderr
    assert failed.returncode == 1


def test_a_bug_is_not_hidden() -> None:
    """An error that is nobody's input keeps its traceback."""
    assert "AttributeError: 'list' object has no attribute" in _run_stage("bug").stderr


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
    parent = subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent, parent.stdout:
        assert parent.stdout.readline().startswith("working")
        (stage,) = psutil.Process(parent.pid).children()
        parent.send_signal(ending)
        parent.wait(LIMIT)
        _wait_until_gone(stage)


@pytest.mark.parametrize("name", ["MAINLINE_PARENT", "MAINLINE_STARTER"])
def test_stage_whose_parent_is_gone_already_ends(name: str) -> None:
    """A parent, or a starter behind a shell, that died before Python was up is noticed by its number."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(LIMIT)
    assert _run_stage(**{name: str(gone.pid)}).returncode == 130


def _environment(**settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in STARTED_BY}
    return inherited | PINNED | settings


def _run_stage(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STAGE, *arguments],
        env=_environment(**settings), capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip


def _wait_until_gone(process: psutil.Process) -> None:
    started = time.monotonic()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - started < LIMIT, "the stage outlives its parent"
        time.sleep(0.05)


def test_every_stage_is_started_with_the_pinned_settings() -> None:
    """Each command of dvc.yaml goes by `engine/stage`, whose settings are the ones that the harness asks for."""
    stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
    assert {stage["cmd"] for stage in stages.values()} == {f"engine/stage {name}" for name in stages}
    words = Path("engine/stage").read_text().partition("exec env ")[2].replace("\\\n", " ").split()
    assert words[-4:] == ["python", "-m", "mainline.stages", '"$@"']
    assert dict(word.split("=") for word in words[:-4]) == {**STARTED_BY, **PINNED}
