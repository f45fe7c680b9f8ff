"""A fork with its own use case takes later versions of this very template, and runs again only what they changed."""

import re
from pathlib import Path

import pytest
import yaml

from tests import project
from tests.project import Project

pytestmark = pytest.mark.slow
SERVED = "engine/src/mainline/serving/__init__.py"
TRAINED = "engine/src/mainline/model/estimator.py"
"""A file of the machinery that only the stage `train` imports."""


def _edit(at: Project, name: str, old: str, new: str) -> None:
    file = at.path / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def _release(template: Project, number: str, edited: str) -> None:
    """Make a version of the template in which one file has another docstring."""
    _edit(template, edited, '"""', '"""Later: ')
    _edit(template, "engine/CHANGELOG.md", "## ", f"## {number}\n\n- What {number} has.\n\n## ")
    settings = template.path / "engine/pyproject.toml"
    settings.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{number}"', settings.read_text()))
    template.commit(f"Version {number}")
    template.run("git", "tag", f"v{number}")


def _stale(at: Project) -> set[str]:
    """Return the stages that would run again."""
    status = yaml.safe_load(at.run("dvc", "status", "--json").stdout)
    return set(status)


@pytest.fixture
def template(tmp_path: Path) -> Project:
    """This repository at a version before two others."""
    made = project.copy(tmp_path / "template")
    _release(made, "900.0.0", SERVED)
    return made


@pytest.fixture
def fork(template: Project, tmp_path: Path) -> Project:
    """A fork of it with another use case, its own way to production and its own tests; the pipeline has run."""
    template.run("git", "clone", "--quiet", ".", "../fork")
    made = Project(tmp_path / "fork")
    made.run("git", "config", "user.name", "Fork")
    made.run("git", "config", "user.email", "fork@example.org")
    project.replace_use_case(made)
    _edit(made, "deploy/production.yaml", "approval: automatic", "approval: manual")
    _edit(made, "README.md", "# ", "# Tumours: ")
    made.run("python", "-m", "mainline", "repro")
    made.commit("Predict something else")
    return made


def test_a_fork_is_upgraded_twice_and_runs_what_changed(template: Project, fork: Project) -> None:
    """A later server reruns nothing, a later estimator what fits one; the fork's files keep every byte."""
    before, made = fork.run("git", "rev-parse", "HEAD").stdout.strip(), fork.hashes()
    _release(template, "900.1.0", SERVED)
    said = fork.run("python", "-m", "mainline", "upgrade", "v900.1.0", "--from", "../template").stdout
    assert "  What 900.1.0 has." in said
    assert "What 900.0.0 has." not in said
    assert _stale(fork) == set()
    _release(template, "900.2.0", TRAINED)
    assert "  What 900.2.0 has." in fork.run("python", "-m", "mainline", "upgrade", "v900.2.0").stdout
    assert _stale(fork) == {"train", "package"}, "the package plays the window back with models of its own"
    changed = set(fork.run("git", "diff", "--name-only", before, "HEAD").stdout.split())
    assert changed == {SERVED, TRAINED, "engine/CHANGELOG.md", "engine/pyproject.toml"}
    fork.run("python", "-m", "mainline", "repro")
    assert fork.hashes() == made
    assert fork.run("python", "-m", "mainline", "deps").returncode == 0
    assert set(fork.run("git", "diff", "--name-only", "HEAD").stdout.split()) <= {"dvc.lock", "metrics/runs.csv"}


def test_the_machinery_goes_back_by_a_revert(template: Project, fork: Project) -> None:
    """`git revert` of an upgrade is the fork as it was, and everything is up to date."""
    _release(template, "900.1.0", TRAINED)
    fork.run("python", "-m", "mainline", "upgrade", "v900.1.0", "--from", "../template")
    fork.run("git", "revert", "--no-edit", "HEAD")
    assert fork.run("git", "diff", "--name-only", "HEAD~2").stdout == ""
    assert _stale(fork) == set()
