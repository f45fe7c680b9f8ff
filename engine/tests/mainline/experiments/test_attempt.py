"""`./mainline try` as people run it: real pipelines, real commits, real caches."""

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mainline.data.dataset import Prepared
from mainline.experiments import diff, scratch, side
from mainline.experiments.layout import number
from tests.mainline.serving.running import lives, wait_for
from tests.project import LIMIT, Project

WEIGHT = "\n\ndef weight(label, columns):\n    return 1.0 + 9.0 * (label == 1)\n"
FEATURE = '    "dest_gain": tables["dest_arrivals"]["gain_1440"],\n'
SAME = """
import numpy as np
from mainline.data import dataset
from mainline.declared import params
from mainline.experiments import recomputation, side
from usecase import interface, scoring

declared = side.without_test(params.load())
read, fields = recomputation.reader(declared), [field.name for field in interface.REQUEST]
for part in declared.data.periods:
    made, kept = read([part]), dataset.read(dataset.FOLDER, [part], fields, declared.features)
    columns = (made.features, kept.features), (made.request, kept.request), ({0: made.label}, {0: kept.label})
    for one, other in columns:
        assert list(one) == list(other)
        for name, values in one.items():
            assert values.dtype == other[name].dtype, name
            np.testing.assert_array_equal(values, other[name])
"""
RECENT = ("origin_departures", "origin_delay", "origin_gain", "dest_gain")


@pytest.fixture(scope="session")
def committed(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three months of flights with their results committed; tests only read it."""
    made = small_project.twin(tmp_path_factory.mktemp("committed") / "project")
    made.commit("Train on three months")
    return made


@pytest.fixture
def project(committed: Project, tmp_path: Path) -> Project:
    """The same, to change."""
    return committed.twin(tmp_path / "project")


def attempt(project: Project, *options: str, succeed: bool = True) -> str:
    """Try, and return what is said without line breaks; work tree, lock and DVC's folder stay as they are."""
    before = state(project)
    done = project.run("python", "-m", "mainline", "try", *options, succeed=succeed)
    assert state(project) == before
    assert left(project) == []
    assert succeed or len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    return " ".join((done.stdout if succeed else done.stderr).split())


def left(project: Project) -> list[Path]:
    """List the folders of sides."""
    return [*(project.path / ".dvc/tmp").glob("try-*")]


def state(project: Project) -> tuple[str, bytes]:
    """Everything that git and the lock say of a project."""
    shown = project.run("git", "status", "--porcelain", "--untracked-files=all", "--ignored=no").stdout
    return shown + project.run("git", "diff").stdout, (project.path / "dvc.lock").read_bytes()


def edit(project: Project, file: str, old: str, new: str) -> None:
    """Replace text that a file has."""
    path = project.path / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def add_feature(project: Project, value: str) -> None:
    """Offer and declare a feature."""
    edit(project, "src/usecase/features.py", '"dest_gain",\n)', '"dest_gain", "mine",\n)')
    edit(project, "src/usecase/features.py", FEATURE, f'{FEATURE}        "mine": {value},\n')
    declared = yaml.safe_load((project.path / "params.yaml").read_text())["features"]
    project.declare(features=[*declared, "mine"])


def hide_test(project: Project, *parts: str) -> None:
    """Take away every file of the test, in the work tree and in the cache."""
    for part in parts:
        for file in project.path.glob(f"data/**/{part}.parquet"):
            file.chmod(0o644)
            file.unlink()
    listed = yaml.safe_load((project.path / "dvc.lock").read_text())["stages"]
    for stage in listed.values():
        for out in stage["outs"]:
            if out["path"].startswith("data/"):
                remove_from_cache(project, out["md5"], parts)


def remove_from_cache(project: Project, oid: str, parts: tuple[str, ...]) -> None:
    """Remove the objects of some parts of a folder that DVC's cache holds."""
    cache = project.path / ".dvc/cache/files/md5"
    for entry in yaml.safe_load((cache / oid[:2] / oid[2:]).read_text()):
        if Path(entry["relpath"]).stem in parts:
            (cache / entry["md5"][:2] / entry["md5"][2:]).unlink(missing_ok=True)


def test_change_that_loses_is_said_to_be_worse(project: Project) -> None:
    """Without the recent operations the model is worse, with an interval above zero; nothing of the test is needed."""
    hide_test(project, "2013-03")
    declared = yaml.safe_load((project.path / "params.yaml").read_text())["features"]
    project.declare(features=[name for name in declared if name not in RECENT])
    said = attempt(project)
    assert "Trying features -origin_departures -origin_delay -origin_gain -dest_gain against" in said
    assert "Worse: rmse" in said
    assert "95 % interval +" in said
    assert "the test rows were not looked at" in said


def test_feature_is_computed_without_the_test(project: Project) -> None:
    """An added feature is computed and fitted with no file of the test months anywhere."""
    hide_test(project, "2013-03")
    add_feature(project, 'columns["distance"] * 0.5')
    said = attempt(project, "--sample")
    assert "Trying features +mine, src/usecase/features.py against the last commit" in said
    assert "with 21 features" in said
    assert "10% of the training rows" in said


def test_feature_gives_what_the_stages_give(project: Project) -> None:
    """The figure of a feature that needs tables of two months is the one that the pipeline measures, to every digit."""
    add_feature(project, 'tables["departures"]["delay_60"] * columns["distance"]')
    tried = re.search(r"rmse (\S+), was", attempt(project))
    assert tried is not None
    project.run("dvc", "repro", "--quiet", "train")
    measured = json.loads((project.path / "metrics/validation.json").read_text())["rmse"]
    assert tried[1] == number(measured)


def test_recomputed_rows_are_those_of_prepare(committed: Project) -> None:
    """Without an edit, features computed from the requests and tables of the last commit are the same, bit for bit."""
    committed.run("python", "-c", SAME)


@pytest.mark.parametrize(
    ("file", "old", "new", "first"),
    [
        ("features.py", 'columns["distance"],', 'columns["distance"] + 1,', "features"),
        ("features.py", "% DAY\n", "% DAY + 1\n", "prepare"),
        ("tables.py", "REPORTING_LAG = 15", "REPORTING_LAG = 16", "prepare"),
        ("interface.py", "NAME =", "TITLE = NAME =", "validate"),
    ],
)
def test_tables_are_kept_if_nothing_reaches_them(
    project: Project, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, first: str
) -> None:
    """Only an edit of features that no table is built with leaves the tables of the last commit in their place."""
    edit(project, f"src/usecase/{file}", old, new)
    monkeypatch.chdir(project.path)
    assert diff.read().first == first


def test_comment_is_no_difference(project: Project) -> None:
    """A comment in a feature file moves no prediction, and that is said."""
    with (project.path / "src/usecase/features.py").open("a") as file:
        file.write("# A remark.\n")
    assert "No difference: the change moves no prediction by more than 0.001." in attempt(project)


def test_sample_is_the_same_share_of_both_sides(project: Project) -> None:
    """With --sample a comment moves nothing, since both sides are fitted on that share, and not on all rows."""
    with (project.path / "src/usecase/features.py").open("a") as file:
        file.write("# A remark.\n")
    of_all = json.loads((project.path / "metrics/validation.json").read_text())["rmse"]
    said = attempt(project, "--sample")
    assert "No difference: the change moves no prediction" in said
    assert f"rmse {number(of_all)}, was" not in said


def test_each_side_runs_its_own_machinery(project: Project) -> None:
    """After an edit of the machinery, the last commit's side of a sample predicts as the last commit did."""
    respond = "    predicted = scoring.respond(raw, rows.request)\n"
    edit(project, "engine/src/mainline/stages/fitting.py", respond, f"{respond[:-1]} + 100.0\n")
    said = attempt(project, "--sample")
    assert re.search(r"Worse: rmse 10\d\.\d+, was 1\d\.\d+ at the last commit", said), said


def test_folder_of_one_that_was_killed_is_not_that_of_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A side that outlives its `try` removes the folder that it had, not the one of a `try` that runs by then."""
    monkeypatch.chdir(project.path)
    with scratch.folder() as first:
        pass
    with scratch.folder() as second:
        assert first != second
        shutil.rmtree(first, ignore_errors=True)
        assert second.is_dir()


def test_sample_is_even_over_time() -> None:
    """A tenth of the rows is every tenth of them, from the first to the last."""
    rows = Prepared({}, {}, np.arange(1000.0))
    taken = side.sample(rows, 0.1).label
    assert (len(taken), taken[0], taken[-1]) == (100, 0.0, 999.0)
    assert set(np.diff(taken)) == {10.0, 11.0}


def test_broken_feature_is_one_line_with_its_row(project: Project) -> None:
    """A division by zero in a feature is named with its period and row, as the pipeline names it."""
    add_feature(project, 'columns["distance"] / 0.0')
    said = attempt(project, succeed=False)
    assert said.startswith("mainline: src/usecase/features.py: 'mine' is inf in ")
    assert "first in 2013-01, row 0" in said


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("params.yaml", "through: 2013-03", "through: 2013-04", "data.through 2013-03 -> 2013-04 changes the data, so"),
        ("src/usecase/source.py", "def fetch", "# New.\ndef fetch", "src/usecase/source.py changes the data, so"),
        ("params.yaml", "HistGradientBoostingRegressor", "HistGradientBoostingRegresor", "has no estimator"),
        ("src/usecase/features.py", "def compute", "def komputed", "features.py offers no 'compute'"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_is_one_line(project: Project, file: str, old: str, new: str, said: str) -> None:
    """Another window or source, a typo, a missing function: one line says what is wrong and what to do."""
    edit(project, file, old, new)
    found = attempt(project, succeed=False)
    assert said in found


def test_nothing_changed_is_one_line(project: Project) -> None:
    """Without a change that reaches the model there is nothing to compare, whatever else was edited."""
    edit(project, "params.yaml", "margin: 0.01", "margin: 0.02")
    said = attempt(project, succeed=False)
    assert "nothing that shapes the model differs from the last commit" in said


def test_commit_without_its_result_is_one_line(project: Project) -> None:
    """A last commit whose lock was made from other parameters is nothing to compare with."""
    project.declare(seed=7)
    project.commit("Change the seed, and run nothing")
    project.declare(seed=8)
    assert "has seed without its result: train is stale. `make repro`" in attempt(project, succeed=False)


def test_commit_of_code_without_its_result_is_one_line(project: Project) -> None:
    """A last commit whose lock was made from other code is nothing to compare with, whatever is tried."""
    with (project.path / "src/usecase/scoring.py").open("a") as file:
        file.write("# A remark.\n")
    project.commit("Remark, and run nothing")
    assert "has src/usecase/scoring.py without its result: train is stale" in attempt(project, succeed=False)


def test_commit_without_cache_is_one_line(project: Project) -> None:
    """A last commit of which DVC's cache has no model says where it comes from."""
    model = project.hashes()["models/model"]
    (project.path / ".dvc/cache/files/md5" / model[:2] / model[2:]).unlink()
    project.declare(seed=7)
    said = attempt(project, succeed=False)
    assert "models/model of the last commit" in said
    assert "is not in DVC's cache. `git stash`, then `./mainline pull` or `make repro`" in said


def test_no_commit_is_one_line(tmp_path: Path, committed: Project) -> None:
    """A repository without a commit says what to do first."""
    made = committed.twin(tmp_path / "project")
    made.run("rm", "-rf", ".git")
    made.run("git", "init", "--quiet")
    done = made.run("python", "-m", "mainline", "try", succeed=False)
    assert done.stderr.startswith("mainline: there is no commit to compare with. `make repro`")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_leaves_nothing(project: Project, number: signal.Signals) -> None:
    """Whatever ends it while a feature is computed, neither folder nor process is left."""
    began = project.path.parent / "began"
    slow = f'__import__("time").sleep(open({str(began)!r}, "w").write(str(__import__("os").getpid())) * 600)'
    add_feature(project, slow)
    command = [sys.executable, "-m", "mainline", "try"]
    with subprocess.Popen(
        command, cwd=project.path, env=project.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            wait_for(lambda: began.exists() and began.read_text() != "", LIMIT)
            process.send_signal(number)
            process.communicate(timeout=LIMIT)
            side = int(began.read_text())
            wait_for(lambda: left(project) == [] and not lives(side), LIMIT)
        finally:
            process.kill()


def test_two_classes_and_weights(other_project: Project, tmp_path: Path) -> None:
    """A classification is compared by its log loss, also if the change weighs its rows."""
    made = other_project.twin(tmp_path / "project")
    made.commit("Train")
    with (made.path / "src/usecase/scoring.py").open("a") as file:
        file.write(WEIGHT)
    said = attempt(made)
    assert "Trying src/usecase/scoring.py against" in said
    assert "log_loss" in said


def test_several_classes(flower_project: Project, tmp_path: Path) -> None:
    """Three classes are compared by their log loss; a model that hardly learns is worse."""
    made = flower_project.twin(tmp_path / "project")
    made.commit("Train")
    made.declare(model={"params": {"C": 0.0001}})
    said = attempt(made)
    assert "Worse: log_loss" in said
    assert "Trying model.params.C " in said


def test_snapshot(timeless_project: Project, tmp_path: Path) -> None:
    """Data without time is compared on its validation side, by groups of rows; the test side is not read."""
    made = timeless_project.twin(tmp_path / "project")
    hide_test(made, "test")
    made.declare(model={"params": {"alpha": 1e9}})
    said = attempt(made)
    assert "Worse: rmse" in said
    assert "groups of rows" in said
