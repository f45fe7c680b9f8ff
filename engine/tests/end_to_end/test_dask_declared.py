"""Stages on a cluster of Dask: the same files and the same lines, and nothing half-written when it goes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainline.declared.compute import SETTING
from mainline.stages.harness import BY_DVC
from tests import dask_cluster
from tests import project as projects
from tests.dask_cluster import Cluster
from tests.end_to_end.test_processes_declared import run
from tests.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def city(tmp_path: Path) -> Project:
    """The use case of one place whose raw data is there."""
    made = projects.copy(tmp_path / "project")
    projects.replace_use_case(made, projects.CITY)
    made.run("engine/stage", "ingest")
    return made


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    with dask_cluster.running(tmp_path_factory.mktemp("dask") / "cluster") as made:
        yield made


def test_the_same_bytes_come_from_a_cluster(city: Project, cluster: Cluster) -> None:
    """Every file of the data stages and every line that they say is the same as from one process."""
    expected = run(city)
    assert len(expected[0]) > 20
    assert run(city, **{SETTING: cluster.declared()}) == expected


def test_weeks_that_a_cluster_computed_are_reused(city: Project, cluster: Cluster) -> None:
    """What workers made is taken by one process; no key holds where it was computed."""
    by_dvc = {BY_DVC: "prepare"}
    city.run("engine/stage", "validate", env={SETTING: cluster.declared()})
    city.run("engine/stage", "prepare", env=by_dvc | {SETTING: cluster.declared()})
    for name in ("tables", "features"):  # as DVC does
        shutil.rmtree(city.path / "data" / name)
    assert "prepare: 6 of 6 weeks taken from an earlier run" in city.run("engine/stage", "prepare", env=by_dvc).stdout


def test_an_error_of_the_use_case_names_its_line_from_a_cluster(city: Project, cluster: Cluster) -> None:
    """The line of the use case and the first row are named as one process names them."""
    file = city.path / "src/usecase/features.py"
    text = file.read_text()
    file.write_text(text.replace("    return {", "    int('seven')\n    return {"))
    city.run("engine/stage", "validate")
    here, there = (
        city.run("engine/stage", "prepare", succeed=False, env={SETTING: declared}).stderr
        for declared in ("", cluster.declared())
    )
    assert "prepare failed: src/usecase/features.py, line" in here
    assert there == here


def test_a_stage_without_its_cluster_ends_in_one_line(city: Project) -> None:
    """The status is 1, no traceback is shown, and no file of the stage is there in part."""
    failed = city.run("engine/stage", "validate", succeed=False, env={SETTING: "dask: tcp://127.0.0.1:1"})
    assert failed.stderr.startswith("\nvalidate failed: no Dask scheduler answers at tcp://127.0.0.1:1 (")
    assert (failed.returncode, "Traceback" in failed.stderr, failed.stdout) == (1, False, "")
    assert [file for file in (city.path / "data/validated").rglob("*") if file.is_file()] == []
