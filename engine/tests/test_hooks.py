"""The hooks of git for those who want them, by the real pre-commit in a fork."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import LIMIT, Project

pytestmark = pytest.mark.slow
PROGRAM = "pre-commit==4.7.0"
CONFIG = ".github/pre-commit.yaml"
DEFECT = "def f( ):\n    return  undefined\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the real program, in an environment of its own."""
    folder = tmp_path_factory.mktemp("program")
    uv, python = Path(sys.executable).parent / "uv", folder / "bin/python"
    for command in (["venv", str(folder)], ["pip", "install", "--python", str(python), PROGRAM]):
        made = subprocess.run([uv, *command], capture_output=True, text=True, timeout=LIMIT, check=False)
        if made.returncode:
            pytest.skip(f"the package index does not bring {PROGRAM}: {made.stderr[-200:]}")
    return folder / "bin"


class Hooked:
    """A fork in which the hooks are installed, as CONTRIBUTING.md says."""

    def __init__(self, project: Project, program: Path) -> None:
        self.project = project
        self.variables = {"VENV": sys.prefix, "PRE_COMMIT_COLOR": "never"}
        self.variables["PATH"] = f"{program}:{project.environment()['PATH']}"
        self.run("pre-commit", "install", "--config", CONFIG)

    def run(self, *command: str, succeed: bool = True) -> str:
        """Run a command as a person would, with or without success; return what it says."""
        ran = self.project.run(*command, succeed=succeed, env=self.variables)
        return ran.stdout + ran.stderr

    def commit(self, name: str, text: str, succeed: bool) -> str:
        """Commit a file, or be refused; return what was said."""
        file = self.project.path / name
        file.write_text(text)
        self.run("git", "add", "--", name)
        return self.run("git", "commit", "--message", f"Change {name}", succeed=succeed)


@pytest.fixture
def hooked(timeless_project: Project, program: Path, tmp_path: Path) -> Hooked:
    """A fork with its pipeline run, and the hooks."""
    return Hooked(timeless_project.twin(tmp_path / "fork"), program)


def test_a_commit_that_breaks_the_checks_is_refused(hooked: Hooked) -> None:
    """What `make check` says is said before the commit is made; once it is mended, the commit is made."""
    said = hooked.commit("src/usecase/wrong.py", DEFECT, succeed=False)
    assert "Run: engine/run tests ruff format src tests" in said
    assert "(make check)" in said
    said = hooked.commit("src/usecase/wrong.py", '"""Nothing is here."""\n', succeed=True)
    assert "Failed" not in said


def test_what_git_should_not_have_is_refused(hooked: Hooked) -> None:
    """A large file and a private key are refused, each by a line that says so; a text is taken."""
    large = hooked.commit("table.csv", "1,2,3\n" * 100_000, succeed=False)
    assert "no new file over 500 kB in git; give it to DVC (dvc add FILE)" in large
    assert "table.csv (586 KB) exceeds 500 KB" in large
    hooked.run("git", "reset", "--hard", "--quiet")
    key = "A line.\n-----BEGIN RSA PRIVATE " + "KEY-----\n"
    refused = hooked.commit("notes.txt", key, succeed=False)
    assert "no private key in git" in refused
    assert "notes.txt:2:" in refused
    hooked.commit("notes.txt", "A thought.\n", succeed=True)


def test_a_push_without_its_results_is_refused(hooked: Hooked) -> None:
    """Parameters that `dvc.lock` does not fit are committed freely, and pushed only after the pipeline has run."""
    hooked.project.give_origin()
    text = (hooked.project.path / "params.yaml").read_text()
    hooked.commit("params.yaml", re.sub("^seed: .*", "seed: 7", text, flags=re.MULTILINE), succeed=True)
    said = hooked.run("git", "push", "origin", "HEAD:first", succeed=False)
    assert "dvc.lock does not fit: train is stale" in said
    assert "Run `make repro`" in said
    assert hooked.run("git", "ls-remote", "origin") == ""
    hooked.run("dvc", "repro", "--quiet")
    hooked.run("git", "commit", "--all", "--message", "Train with another seed")
    hooked.run("git", "push", "origin", "HEAD:first")
    assert "first" in hooked.run("git", "ls-remote", "origin")


def test_a_clone_that_never_fetched_its_data_pushes(hooked: Hooked) -> None:
    """Who corrects a text needs no results for it: the lock still fits."""
    hooked.project.give_origin()
    for name in (".dvc/cache", "data/raw", "data/features", "models"):
        shutil.rmtree(hooked.project.path / name)
    hooked.run("git", "restore", "models", "data")
    hooked.commit("README.md", "# Ours\n", succeed=True)
    hooked.run("git", "push", "origin", "HEAD:first")
