"""A fork takes the template's later changes, by the lines of engine/docs/github.md."""

import shlex
import shutil
from pathlib import Path

import pytest

from tests import project
from tests.project import ENGINE, OTHER, Project

pytestmark = pytest.mark.slow
ADDRESS = "https://github.com/OWNER/TEMPLATE.git"


def _documented() -> list[str]:
    text = (ENGINE / "docs" / "github.md").read_text(encoding="utf-8")
    block = text.split("## Taking the template's later changes")[1].split("```console\n")[1].split("```")[0]
    return [line.removeprefix("$ ") for line in block.splitlines()]


def _edit(at: Project, name: str, old: str, new: str) -> None:
    file = at.path / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def template(tmp_path: Path) -> Project:
    """The template, as it was when it was forked."""
    return project.copy(tmp_path / "template")


@pytest.fixture
def fork(template: Project, tmp_path: Path) -> Project:
    """A fork with another use case, its own way to production, and the pipeline run."""
    template.run("git", "clone", "--quiet", str(template.path), str(tmp_path / "fork"))
    made = Project(tmp_path / "fork")
    for name, value in (("user.name", "Fork"), ("user.email", "fork@example.org")):
        made.run("git", "config", name, value)
    shutil.rmtree(made.path / "src" / "usecase")
    shutil.copytree(OTHER / "usecase", made.path / "src" / "usecase", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(OTHER / "params.yaml", made.path / "params.yaml")
    _edit(made, "deploy/production.yaml", "approval: automatic", "approval: manual")
    made.run("python", "-m", "mainline", "repro")
    made.commit("Predict something else")
    return made


def test_a_fork_keeps_what_is_its_own_and_takes_the_rest(template: Project, fork: Project) -> None:
    """Changed on both sides: the use case, parameters and environments stay the fork's; the lock is true afterwards."""
    _edit(template, "engine/src/mainline/progress.py", '"""What a person sees', '"""All that a person sees')
    _edit(template, "src/usecase/features.py", '"""', '"""Changed: ')
    _edit(template, "params.yaml", "seed: 2013", "seed: 1903")
    _edit(template, "deploy/production.yaml", "after: staging  ", "after:          ")
    _edit(template, "dvc.lock", "md5: ", "md5: 0")
    (template.path / "docs" / "later.md").write_text("Later\n")
    template.commit("Go on")
    own = {name: (fork.path / name).read_bytes() for name in ("params.yaml", "deploy/production.yaml")}
    for line in _documented():
        command = shlex.split(line.replace(ADDRESS, str(template.path)))
        command = ["python", "-m", "mainline", "resolve"] if command == ["make", "resolve"] else command
        fork.run(*command, succeed=None if command[1] == "merge" else True)
    assert own == {name: (fork.path / name).read_bytes() for name in own}
    assert (fork.path / "src/usecase/features.py").read_bytes() == (OTHER / "usecase/features.py").read_bytes()
    assert "All that a person sees" in (fork.path / "engine/src/mainline/progress.py").read_text()
    assert (fork.path / "docs" / "later.md").exists()
    assert fork.run("git", "status", "--porcelain").stdout == ""
    assert fork.run("dvc", "status").stdout.strip().endswith("up to date.")
    merged = fork.run("git", "merge-base", "--is-ancestor", "upstream/main", "HEAD", succeed=None)
    assert merged.returncode == 0
