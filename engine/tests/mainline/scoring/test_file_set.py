"""Many files: predicted side by side, each as it is alone, and none twice."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mainline.__main__ import main
from mainline.declared.compute import SETTING, Compute
from mainline.limits.sketches import Sketch
from mainline.scoring import file_set, files
from mainline.serving.answering.model import Model
from mainline.stages import computing
from tests import dask_cluster
from tests.mainline.scoring.test_files import read_csv, write_csv
from tests.project import ENGINE, ROOT

Predict = Callable[..., int]


@pytest.fixture
def days(golden: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Four files with the golden requests, five each, in the current folder; one of their rows is bad."""
    monkeypatch.chdir(tmp_path)
    names = [f"day-{number}.csv" for number in range(4)]
    for number, name in enumerate(names):
        rows = golden["requests"][5 * number : 5 * number + 5]
        write_csv(
            Path(name),
            [row | {"origin": "MOON"} if number == 2 and not place else row for place, row in enumerate(rows)],
        )
    return names


@pytest.fixture
def predict(package_dir: Path) -> Predict:
    """`mainline predict` with the shipped package."""
    return lambda *words: main(["predict", *words, "--package", str(package_dir)])


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of each file of predictions and of quarantine."""
    found = [file for file in folder.rglob("*") if file.is_file() and file.name != files.STATE]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


@pytest.mark.parametrize("declared", ["processes: 1", "processes: 2"])
def test_each_file_is_predicted_as_it_is_alone(
    declared: str, days: list[str], predict: Predict, model: Model, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Wherever files are predicted, their folders hold the bytes of a run of that file alone."""
    monkeypatch.setenv(SETTING, declared)
    assert predict(*days, "--output", "out") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "19 predictions of 4 files in out"
    for name in days:
        files.score(model, Path(name), Path("alone"))
        assert tree(Path("out") / f"{Path(name).stem}.predictions") == tree(Path("alone"))
        for file in [*Path("alone").rglob("*")][::-1]:
            file.rmdir() if file.is_dir() else file.unlink()


def test_what_is_done_is_left_out_by_its_content(
    days: list[str], predict: Predict, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that was touched or is new among them costs nothing else; one with other bytes is refused."""
    assert predict(*days[:3]) == 0
    before = {file: file.stat().st_ino for file in Path().glob("*.predictions/predictions/*")}
    Path(days[0]).write_bytes(Path(days[0]).read_bytes())
    capsys.readouterr()
    assert predict(*days) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  day-3.csv: 5 predictions", "19 predictions of 4 files beside them; 3 files done before",
    ]  # fmt: skip
    assert {file: file.stat().st_ino for file in before} == before
    Path(days[0]).write_bytes(Path(days[1]).read_bytes())
    assert predict(*days) == 1
    assert "day-0.predictions holds predictions of another file, of the file as it was" in capsys.readouterr().err


def test_a_run_that_was_killed_goes_on(days: list[str], predict: Predict) -> None:
    """Files before the kill stay; a folder that is half written is written again."""
    assert predict(*days) == 0
    expected = [tree(Path(f"day-{number}.predictions")) for number in range(4)]
    half = Path("day-1.predictions")
    state = json.loads((half / files.STATE).read_text())
    (half / files.STATE).write_text(json.dumps(state | {"finished": False}))
    (half / files.PREDICTIONS / "part-00000.csv").unlink()
    kept = Path("day-0.predictions/predictions/part-00000.csv").stat().st_ino
    assert predict(*days) == 0
    assert [tree(Path(f"day-{number}.predictions")) for number in range(4)] == expected
    assert Path("day-0.predictions/predictions/part-00000.csv").stat().st_ino == kept


def test_what_is_wrong_is_said_before_anything_is_predicted(
    days: list[str], predict: Predict, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there, or two that would share a folder, are named."""
    assert predict(*days, "nowhere.csv") == 1
    assert "there is no nowhere.csv; name .parquet or .csv files." in capsys.readouterr().err
    Path("more").mkdir()
    write_csv(Path("more/day-1.csv"), read(days[1]))
    assert predict(*days, "more/day-1.csv", "--output", "out") == 1
    said = "mainline: day-1.csv and more/day-1.csv would both be predicted into out/day-1.predictions; rename one.\n"
    assert capsys.readouterr().err == said
    assert not [*Path().glob("*.predictions")]


def read(name: str) -> list[dict[str, Any]]:
    """Read the rows of a file."""
    return [*csv.DictReader(Path(name).read_text().splitlines())]


def test_a_file_that_cannot_be_predicted_is_named(
    days: list[str], predict: Predict, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those before it are done, and are left out by the run that follows the mending."""
    good = Path(days[2]).read_text()
    Path(days[2]).write_text(good.replace("origin", "from", 1))
    assert predict(*days) == 1
    assert "day-2.csv has no column 'origin'" in capsys.readouterr().err
    Path(days[2]).write_text(good)
    assert predict(*days) == 0
    assert "2 files done before" in capsys.readouterr().out


def test_a_file_that_is_refused_waits(days: list[str], package_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its predictions are held until a run that allows it, which predicts nothing again."""
    monkeypatch.setattr(computing, "run", once := Once(computing.run))
    folders = file_set.folders([*map(Path, days)], None)

    def run(allow: Callable[[str, Sketch | None], bool]) -> list[bool]:
        found = file_set.score(package_dir, folders, None, allow, Compute())
        return [predicted.is_held for predicted in sorted(found, key=lambda predicted: predicted.name)]

    assert run(lambda name, sketch: name != "day-1.csv" and sketch is not None) == [False, True, False, False]
    held = Path("day-1.predictions")
    assert [(held / name).is_dir() for name in (files.HELD, files.PREDICTIONS)] == [True, False]
    assert run(lambda *_: True) == [False] * 4
    assert [(held / name).is_dir() for name in (files.HELD, files.PREDICTIONS)] == [False, True]
    assert once.jobs == [4, 0]
    assert len(read_csv(held)) == 5


class Once:
    """Counts what is asked to be computed."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self.jobs: list[int] = []
        self._run = run

    def __call__(self, work: Any, jobs: Any, *others: Any) -> Any:
        """Compute as ever."""
        jobs = [*jobs]
        self.jobs.append(len(jobs))
        return self._run(work, jobs, *others)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The current folder with the code and the requirements that a cluster is sent."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/src").symlink_to(ENGINE / "src")
    (tmp_path / "requirements").symlink_to(ROOT / "requirements")
    return tmp_path


@pytest.mark.slow
def test_a_cluster_predicts_the_same(
    days: list[str], predict: Predict, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and package travel to the workers, and the same bytes come back."""
    assert predict(*days, "--output", "here") == 0
    with dask_cluster.running(workspace / "cluster") as cluster:
        monkeypatch.setenv(SETTING, cluster.declared())
        assert predict(*days, "--output", "there") == 0
    assert tree(workspace / "there") == tree(workspace / "here")


@pytest.mark.slow
@pytest.mark.parametrize("act", dask_cluster.KILLS, ids=lambda act: act.__name__)
def test_whoever_is_killed_every_file_is_predicted(
    act: Callable[[psutil.Process], None], golden: dict[str, Any], package_dir: Path, workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """One of two workers is killed after the first file came from there; all files come out, none twice."""
    monkeypatch.chdir(workspace)
    names = [f"day-{number}.csv" for number in range(8)]
    for number, name in enumerate(names):
        write_csv(Path(name), golden["requests"][number : number + 5] * 2_000)
    command = [sys.executable, "-m", "mainline", "predict", *names, "--package", str(package_dir), "--output"]
    subprocess.run([*command, "here"], check=True, capture_output=True)
    with dask_cluster.running(workspace / "cluster") as cluster:
        environment = os.environ | {SETTING: cluster.declared()}
        shown = dask_cluster.run_and_lose(cluster, act, [*command, "there"], "", env=environment)
    assert tree(workspace / "there") == tree(workspace / "here")
    assert sorted(re.findall(r"(day-\d.csv): 10,000 predictions", shown)) == names
    assert shown.splitlines()[-1] == "80,000 predictions of 8 files in there"
