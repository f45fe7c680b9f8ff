"""`plots`: pictures of what dvc.yaml declares."""

import shutil
from pathlib import Path

import yaml

from tests.project import Project


def plots_with_rows(project: Project) -> set[str]:
    """Name the declared plots that have something to show; a model fitted at once has no learning curve."""
    stages = yaml.safe_load((project.path / "dvc.yaml").read_text())["stages"].values()
    files = [project.path / name for stage in stages for plot in stage.get("plots", []) for name in plot]
    return {file.stem for file in files if len(file.read_text().splitlines()) > 1}


def test_every_declared_plot_becomes_a_picture(small_project: Project, tmp_path: Path) -> None:
    """One PNG per declared plot is drawn, and the command lists them."""
    unread = shutil.ignore_patterns("data", "models", "cache", "*.png")
    project = Project(shutil.copytree(small_project.path, tmp_path / "project", ignore=unread))
    drawn = [project.path / line for line in project.run("python", "-m", "mainline", "plots").stdout.split()]
    assert {picture.parent for picture in drawn} == {project.path / "metrics" / "plots"}
    assert {picture.stem for picture in drawn} == plots_with_rows(project) > {"residuals"}
    for picture in drawn:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) > 5000


def test_nothing_to_draw_is_one_clear_error(fresh_project: Project) -> None:
    """Before the first run the command says in one line that there is nothing to draw, and what to run."""
    shutil.rmtree(fresh_project.path / "metrics")
    failed = fresh_project.run("python", "-m", "mainline", "plots", succeed=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("mainline: there is nothing to draw")
    assert failed.stderr.endswith("Run `make repro` first.\n")
    assert len(failed.stderr.splitlines()) == 1


def test_outside_a_repository_is_one_clear_error(small_project: Project, tmp_path: Path) -> None:
    """Where DVC finds no pipeline the command says the same."""
    elsewhere = Project(tmp_path)
    failed = elsewhere.run(
        "python", "-m", "mainline", "plots", succeed=False, PYTHONPATH=str(small_project.path / "src")
    )
    assert failed.stderr.startswith("mainline: this is not a git repository. Clone it, or run `git init")
