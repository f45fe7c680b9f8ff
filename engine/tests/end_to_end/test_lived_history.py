"""A history whose bad week is known, played by the command: killed, gone on with, and judged."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from tests import project
from tests.project import Project

pytestmark = pytest.mark.slow

COMMAND = ("python", "-m", "mainline", "backtest", "--from", "2024-W04", "--through", "2024-W09")
CHANGED = {
    "min_rows: 2000\n": "min_rows: 300\n",
    "min_new_days: 14": "min_new_days: 7",
    "cool_down_days: 7": "cool_down_days: 0",
}
"""What of `deploy/production.yaml` does not suit weeks of 420 rows."""
BEFORE_THE_KILL = "fit through 2024-W03"


@dataclass(frozen=True)
class Played:
    """What the command said before it was killed, when it went on, and when everything was there."""

    project: Project
    left: list[psutil.Process]
    killed: str
    resumed: str
    again: str


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Kill the command after its first fit, run it again, and once more."""
    made = project.copy(tmp_path_factory.mktemp("lived") / "project")
    project.replace_use_case(made, project.LIVED)
    declared = made.path / "deploy/production.yaml"
    text = declared.read_text()
    for before, after in CHANGED.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    declared.write_text(text)
    killed, left = _kill(made)
    resumed = made.run(*COMMAND).stdout
    return Played(made, left, killed, resumed, made.run(*COMMAND).stdout)


def test_a_kill_leaves_no_process_and_no_half_entry(played: Played) -> None:
    """Steps end with the command, and what they had begun is gone after the next run."""
    assert not [process for process in played.left if process.is_running()]
    assert not list((played.project.path / ".mainline/backtest").rglob("*.partial"))


def test_what_was_finished_before_a_kill_is_not_done_again(played: Played) -> None:
    """The rows and the fits that were there are taken from the cache, all others are made."""
    before, after = _steps(played.killed), _steps(played.resumed)
    assert BEFORE_THE_KILL in before
    assert not before & after
    assert "fit through 2024-W08" in before | after


def test_a_second_run_makes_nothing_and_says_the_same(played: Played) -> None:
    """Each step is in the cache, and the answer depends on nothing else."""
    assert not _steps(played.again)
    assert _answer(played.again) == _answer(played.resumed)


def test_the_gate_refuses_the_release_that_would_have_been_worse(played: Played) -> None:
    """The model that was fitted on the week in seconds is refused, and in the week after it, it was worse."""
    (row,) = re.findall(r"^2024-W07 +2024-W.*$", _answer(played.resumed), re.MULTILINE)
    assert "refused" in row
    assert row.endswith("worse")
    assert "no worse" not in row


def test_without_the_gate_life_is_worse(played: Played) -> None:
    """The same policy loses by the release that the gate refuses."""
    gated, ungated = (
        float(re.search(rf"^{name} +\d+ +\d+ +([\d.]+) ", _answer(played.resumed), re.MULTILINE)[1])  # type: ignore[index]
        for name in ("each period", "each period, no gate")
    )
    assert gated < ungated


def test_the_page_answers_each_question_and_loads_nothing(played: Played) -> None:
    """The picture is in the page, and is a whole document of its own beside it."""
    folder = played.project.path / "metrics/report"
    page, picture = ((folder / f"backtest.{kind}").read_text() for kind in ("html", "svg"))
    assert picture.strip() in page
    assert ElementTree.fromstring(picture).tag.endswith("svg")  # noqa: S314 - ours
    for question in ("Which policy pays", "Did the gate help", "Did the alarms help", "holdout is used up"):
        assert f"<h2>{question}" in page or question in page
    assert not re.findall(r"(?:src|href)=|url\(|<script", page)


def test_advice_is_a_change_that_git_takes(played: Played) -> None:
    """It names reasons of retraining that differ from what is declared."""
    change = played.again[played.again.index("--- a/deploy/production.yaml") :].split("\n\n")[0]
    done = subprocess.run(
        ["git", "apply", "--check", "-"], input=f"{change}\n", cwd=played.project.path, text=True, check=False
    )
    assert done.returncode == 0
    assert "when:" in change


def _kill(made: Project) -> tuple[str, list[psutil.Process]]:
    """Run the command until its first fit is there, and kill it alone; return what it said, and what it had started."""
    log = made.path.parent / "killed.txt"
    with log.open("w") as output:
        running = subprocess.Popen(COMMAND, cwd=made.path, env=made.environment(), stdout=output, stderr=output)
        while BEFORE_THE_KILL not in log.read_text():
            assert running.poll() is None, log.read_text()
            time.sleep(0.05)
        started = psutil.Process(running.pid).children(recursive=True)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    psutil.wait_procs(started, timeout=project.LIMIT)
    return log.read_text(), started


def _steps(said: str) -> set[str]:
    return set(re.findall(r"^  (.+), [\d.]+ s$", said, re.MULTILINE))


def _answer(said: str) -> str:
    return said[said.index("Which policy pays") :]


def test_the_folder_of_a_candidate_has_no_newer_period(played: Played) -> None:
    """A step finds no row of the time after its window, whatever the code of the use case looks for."""
    folders = [path.parent for path in Path(played.project.path / ".mainline/backtest/models").glob("*/params.yaml")]
    assert folders
    for folder in folders:
        (through,) = re.findall(r"through: (\S+)", (folder / "params.yaml").read_text())
        assert max(file.stem for file in folder.glob("data/features/*.parquet")) == through


def test_too_few_candidates_advise_nothing(played: Played) -> None:
    """One retraining shows neither whether metrics rank alike nor which policy to declare, and `--write` edits none."""
    before = (played.project.path / "deploy/production.yaml").read_bytes()
    said = played.project.run(*COMMAND[:4], "--from", "2024-W08", "--through", "2024-W09", "--write").stdout
    assert "nan" not in said
    assert "1 candidate cannot tell whether offline and online differences rank alike; 4 or more may." in said
    assert "1 candidate is too few to recommend a policy of retraining; 4 or more may. Live more periods." in said
    assert (played.project.path / "deploy/production.yaml").read_bytes() == before
