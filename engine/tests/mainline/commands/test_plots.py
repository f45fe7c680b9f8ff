"""`plots`: pictures of what dvc.yaml declares."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.browser import WIDTHS, Browser
from tests.project import Project

PAGE = Path("metrics/report/plots.html")
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
"""Names that look like addresses, and that no browser opens."""


def declared_plots(project: Project) -> list[Path]:
    """List the files that stages of dvc.yaml declare to be plots."""
    stages = yaml.safe_load((project.path / "dvc.yaml").read_text())["stages"].values()
    return [Path(name) for stage in stages for plot in stage.get("plots", []) for name in plot]


def plots_with_rows(project: Project) -> set[str]:
    """Name the declared plots that have something to show; a model fitted at once has no learning curve."""
    files = declared_plots(project)
    return {file.stem for file in files if len((project.path / file).read_text().splitlines()) > 1}


@pytest.fixture
def project(small_project: Project, tmp_path: Path) -> Project:
    """A project with metrics, which tests may draw."""
    unread = shutil.ignore_patterns("data", "models", "cache", "*.png")
    return Project(shutil.copytree(small_project.path, tmp_path / "project", ignore=unread))


def test_every_declared_plot_becomes_a_picture(project: Project) -> None:
    """One PNG per declared plot is drawn, and the command lists them, and the page last."""
    *names, page = project.run("python", "-m", "mainline", "plots").stdout.split()
    drawn = [project.path / name for name in names]
    assert page == str(PAGE)
    assert {picture.parent for picture in drawn} == {project.path / "metrics" / "plots"}
    assert {picture.stem for picture in drawn} == plots_with_rows(project) > {"residuals"}
    for picture in drawn:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) > 5000


def test_the_page_of_plots_opens_without_a_network(project: Project, browser: Browser) -> None:
    """In a browser the page draws every plot, fits each width, and names nothing that could be loaded or run."""
    project.run("python", "-m", "mainline", "plots", "HEAD")
    page = (project.path / PAGE).read_text()
    assert {name for name in plots_with_rows(project) if f"{name}." in page} == plots_with_rows(project)
    assert set(re.findall(r"https?://[^\"'<) ]+", page)) == NAMESPACES
    for width, found in zip(WIDTHS, browser.measure([page]), strict=True):
        assert found["scrolled"] <= found["width"] == width
        assert (found["sections"], found["foreign"], found["links"]) == (len(plots_with_rows(project)), 0, 0)
    assert "of HEAD" in page
    assert not list((project.path / "metrics/plots").glob("*.png"))  # they show what is here alone


def test_an_unknown_revision_is_one_clear_error(project: Project) -> None:
    """What git does not know is named in one line."""
    failed = project.run("python", "-m", "mainline", "plots", "nosuch", succeed=False)
    assert failed.stderr.startswith("mainline: nosuch cannot be drawn beside what is here (")
    assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1)


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
