"""DVC's experiments as git holds them."""

from pathlib import Path

import pytest

from mainline.repository import experiments
from tests.project import Project


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository with one commit, as the working directory."""
    made = Project(tmp_path)
    made.run("git", "init", "--quiet", "--initial-branch=main")
    for name, value in (("name", "Test"), ("email", "test@example.org")):
        made.run("git", "config", f"user.{name}", value)
    (tmp_path / "file").write_text("text\n")
    made.commit("Start")
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def begun(repository: Project) -> str:
    """Two experiments of the last commit, on refs as DVC writes them; the commit that they began from."""
    base = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    for name, message in (("b", "half the rate"), ("a", "dvc: commit experiment 0123")):
        made = repository.run("git", "commit-tree", "-p", base, "-m", message, "HEAD^{tree}").stdout.strip()
        repository.run("git", "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", made)
    repository.run("git", "update-ref", "refs/exps/exec/EXEC_HEAD", base)
    return base


def test_experiments_are_listed_with_their_notes(begun: str) -> None:
    """Each has its name and what a person wrote; what DVC wrote itself is not a note, and its own refs are none."""
    found = experiments.begun_from(begun)
    assert [(one.name, one.note) for one in found] == [("a", ""), ("b", "half the rate")]


def test_base_is_found_after_the_next_commit(repository: Project, begun: str) -> None:
    """The commit that they began from is found below the one in which an experiment was applied."""
    assert experiments.base() == begun
    (repository.path / "more").write_text("more\n")
    repository.commit("Apply")
    assert experiments.base() == begun


def test_without_experiments_there_is_no_base(repository: Project) -> None:
    """A branch from which nothing began has none, and lists none."""
    assert experiments.base() == ""
    assert experiments.begun_from(repository.run("git", "rev-parse", "HEAD").stdout.strip()) == []
