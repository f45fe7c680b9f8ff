"""`./mainline tune` on a cluster of Dask: the table of one process, whoever is killed in the middle."""

import csv
import re
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from mainline.declared.compute import SETTING
from tests import dask_cluster
from tests.mainline.experiments.conftest import trained_project  # noqa: F401 - a fixture
from tests.project import AUTHOR, Project

TABLE = "metrics/tuning.csv"
TUNE = (sys.executable, "-m", "mainline", "tune")
A_TRIAL = r" *\d+ .*\d\.\d+ "
"""A line of the table that is shown."""
SPACE = {"learning_rate": [0.05, 0.1, 0.3], "max_leaf_nodes": [4, 15, 31]}

pytestmark = pytest.mark.slow


@pytest.fixture
def project(trained_project: Project) -> Project:  # noqa: F811
    """A project with a search of eight trials, which take long enough that one is killed in the middle."""
    params = {"max_iter": 60, "learning_rate": 0.05, "min_samples_leaf": 100}
    trained_project.declare(model={"params": params}, tune={"trials": 8, "space": SPACE})
    for command in (("init", "-q"), ("add", "--all"), (*AUTHOR, "commit", "-q", "-m", "All")):
        trained_project.run("git", *command)
    return trained_project


def found(project: Project) -> list[dict[str, str]]:
    """Read the table, but for what a trial took."""
    with (project.path / TABLE).open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def conclusion(said: str) -> str:
    """Return what is concluded, but for what a trial took."""
    return re.sub(r" \d+\.\d(?= |$)", "", said[said.index("The best ") :], flags=re.MULTILINE)


def alone(project: Project) -> tuple[list[dict[str, str]], str]:
    """Search in one process; return the table and the conclusion, and forget the table."""
    said = project.run(*TUNE).stdout
    rows = found(project)
    (project.path / TABLE).unlink()
    return rows, conclusion(said)


@pytest.mark.parametrize("act", dask_cluster.KILLS, ids=lambda act: act.__name__)
def test_a_cluster_finds_what_one_process_finds(
    act: Callable[[psutil.Process], None], project: Project, tmp_path: Path
) -> None:
    """One of two workers is killed after the first trial came from there; every trial is there all the same."""
    expected = alone(project)
    with dask_cluster.running(tmp_path / "cluster") as cluster:
        environment = project.environment({SETTING: cluster.declared()})
        shown = dask_cluster.run_and_lose(cluster, act, TUNE, A_TRIAL, cwd=project.path, env=environment)
    assert (found(project), conclusion(shown)) == expected
    assert len(expected[0]) == 8
