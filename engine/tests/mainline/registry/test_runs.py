"""`metrics/runs.csv`: a row for each stage of the lock, kept as long as its entry."""

import json
from pathlib import Path

import pytest

from mainline.registry import runs
from mainline.repository import lock
from mainline.stages import timing
from tests.project import FLIGHTS

SHIPPED = (FLIGHTS / "dvc.lock").read_text(encoding="utf-8")
STAGES = list(lock.entries(SHIPPED))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped lock, in which no stage was run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.lock").write_text(SHIPPED)
    (tmp_path / "metrics").mkdir()
    return tmp_path


def known(folder: Path) -> dict[str, runs.Run]:
    """Return the runs that belong to the folder's lock."""
    return runs.of_lock((folder / "metrics/runs.csv").read_text(), (folder / "dvc.lock").read_text())


def test_each_stage_that_ran_has_a_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is kept with its UTC start, its seconds, who ran it and on what."""
    monkeypatch.setenv("GITHUB_ACTOR", "somebody")
    for stage in STAGES:
        timing.write(stage, 1_600_000_000.0)
    runs.update()
    found = known(folder)
    assert list(found) == STAGES
    assert found["train"].started == "2020-09-13T12:26:40Z"
    assert found["train"].by == "somebody"
    assert found["train"].seconds > 1e8
    assert found["train"].peak_memory_mib > 10
    assert "Python 3." in found["train"].machine


def test_running_again_with_the_same_result_changes_nothing(folder: Path) -> None:
    """A second run whose lock is the same leaves the table as it was, so git has nothing to commit."""
    timing.write("train", 1_600_000_000.0)
    runs.update()
    before = (folder / "metrics/runs.csv").read_text()
    timing.write("train", 1_700_000_000.0)
    runs.update()
    assert (folder / "metrics/runs.csv").read_text() == before
    assert not list(timing.RUNS.iterdir())


def test_a_changed_entry_gets_its_new_run_and_the_others_keep_theirs(folder: Path) -> None:
    """Only the stage whose entry changed has another start afterwards."""
    for stage in ("prepare", "train"):
        timing.write(stage, 1_600_000_000.0)
    runs.update()
    (folder / "dvc.lock").write_text(SHIPPED.replace("learning_rate: 0.1", "learning_rate: 0.2"))
    assert set(known(folder)) == {"prepare"}
    timing.write("train", 1_700_000_000.0)
    runs.update()
    assert {stage: run.started[:4] for stage, run in known(folder).items()} == {"prepare": "2020", "train": "2023"}


def test_a_row_that_does_not_fit_is_left_out() -> None:
    """A table that somebody edited or merged badly costs its bad rows only."""
    good = "train,abc,2020-01-01T00:00:00Z,1.5,1.4,100,me,here"
    header = "stage,lock,started,seconds,cpu_seconds,peak_memory_mib,by,machine"
    text = "\n".join([header, "<<<<<<< HEAD", good, "train,abc,then,fast,1,1,me,here", ""])
    assert [run.seconds for run in runs.parse(text)] == [1.5]


def test_without_a_run_nothing_is_read_or_written(folder: Path) -> None:
    """A repository in which nothing ran, or whose lock is gone, is left alone."""
    (folder / "dvc.lock").unlink()
    runs.update()
    assert not (folder / "metrics/runs.csv").exists()


@pytest.mark.usefixtures("folder")
def test_a_half_written_record_is_never_read() -> None:
    """A record appears under its name when it is whole."""
    timing.write("train", 0.0)
    assert [file.name for file in timing.RUNS.iterdir()] == ["train.json"]
    assert json.loads((timing.RUNS / "train.json").read_text())["stage"] == "train"


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "-1"])
def test_a_time_that_no_run_takes_is_left_out(seconds: str) -> None:
    """The table may be a stranger's; what reads it adds seconds to a moment."""
    head = "stage,lock,started,seconds,cpu_seconds,peak_memory_mib,by,machine"
    rows = [f"train,a,2026-01-01T00:00:00Z,{found},1,10,me,here" for found in (seconds, "2.5")]
    assert [run.seconds for run in runs.parse("\n".join([head, *rows]))] == [2.5]
