"""Two branches changed the model: merged, the lock is true for what both say."""

import subprocess
from pathlib import Path

import pytest

from tests.project import Project


@pytest.fixture(scope="module")
def diverged(other_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two branches that each changed a parameter of their own and ran the pipeline; `main` is checked out."""
    made = other_project.twin(tmp_path_factory.mktemp("diverged") / "project")
    made.declare()  # written as both branches will write it
    made.commit("Other use case")
    made.run("git", "switch", "--quiet", "--create", "weaker")
    _change(made, model={"params": {"C": 0.3}})
    made.run("git", "switch", "--quiet", "main")
    made.run("dvc", "checkout", "--quiet")
    _change(made, evaluation={"slice_min_rows": 25})
    return made


@pytest.fixture(scope="module")
def truth(diverged: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The hashes that the merged parameters make from nothing."""
    clone = Project(tmp_path_factory.mktemp("truth") / "project")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", diverged.path, clone.path], check=True)
    clone.declare(model={"params": {"C": 0.3}})
    clone.run("dvc", "repro", "--quiet")
    return clone.hashes()


@pytest.fixture
def project(diverged: Project, tmp_path: Path) -> Project:
    """The diverged branches, to be merged."""
    return diverged.twin(tmp_path / "project")


def test_with_the_driver_the_merge_does_not_stop(project: Project, truth: dict[str, str]) -> None:
    """The merge keeps one lock and says that it is not true yet; one run of the pipeline makes it so."""
    project.run("python", "-m", "mainline", "resolve", "--install")
    merged = project.run("git", "merge", "--no-edit", "weaker")
    assert merged.stderr.count("dvc.lock: both sides changed it and one was kept; run make repro") == 1
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert project.run("dvc", "status", "--quiet", succeed=None).returncode == 1
    project.run("python", "-m", "mainline", "repro")
    assert project.hashes() == truth
    assert project.run("dvc", "status", "--quiet").returncode == 0


def test_without_the_driver_one_command_ends_the_conflict(project: Project, truth: dict[str, str]) -> None:
    """Where git merged as text, `resolve` leaves a lock that is true for the merge, ready to commit."""
    project.run("git", "merge", "weaker", succeed=False)
    assert "<<<<<<< " in (project.path / "dvc.lock").read_text()
    failed = project.run("python", "-m", "mainline", "repro", succeed=False)
    assert (
        failed.stderr == "mainline: dvc.lock holds a merge conflict. Take one side and rebuild: `./mainline resolve`.\n"
    )
    said = project.run("python", "-m", "mainline", "resolve").stdout
    assert "dvc.lock is true for the merged code and parameters." in said
    assert project.hashes() == truth
    assert project.run("dvc", "status", "--quiet").returncode == 0
    project.run("git", "commit", "--no-edit", "--quiet")
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert len(project.run("git", "rev-parse", "HEAD^@").stdout.split()) == 2


def test_parameters_in_conflict_are_left_to_a_person(project: Project) -> None:
    """What the model shall be is refused in one line, and the conflict stays as it is."""
    project.declare(model={"params": {"C": 0.7}})
    project.commit("Another value, not run yet")
    project.run("git", "merge", "weaker", succeed=False)
    before = project.run("git", "status", "--porcelain").stdout
    refused = project.run("python", "-m", "mainline", "resolve", succeed=False)
    assert refused.stderr.startswith("mainline: params.yaml: still in conflict. Only a person knows")
    assert len(refused.stderr.splitlines()) == 1
    assert project.run("git", "status", "--porcelain").stdout == before


def _change(project: Project, **sections: object) -> None:
    project.declare(**sections)
    project.run("python", "-m", "mainline", "repro")
    project.commit(f"Change {', '.join(sections)}")
