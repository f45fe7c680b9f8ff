"""A change that leaves the machinery alone does not wait for the machinery's tests, and is told so."""

import shutil
from pathlib import Path

import pytest

from tests.project import ROOT, Project

MAKEFILE = "check:\n\t@echo the machinery is checked\ntest:\n\t@echo the machinery is tested\n"
ROOM = ("engine/src/a.py", ".github/workflows/a.yml", "Makefile", "mainline", "requirements/main.txt")


@pytest.fixture
def fork(tmp_path: Path) -> Project:
    """A repository on a branch that starts from main."""
    made = Project(tmp_path / "fork")
    (made.path / "engine/ci").mkdir(parents=True)
    shutil.copy2(ROOT / "engine/ci/if-changed", made.path / "engine/ci")
    (made.path / "engine/Makefile").write_text(MAKEFILE)
    made.run("git", "init", "--quiet", "--initial-branch=main")
    made.run("git", "config", "user.name", "Test")
    made.run("git", "config", "user.email", "test@example.org")
    made.commit("Start")
    made.run("git", "switch", "--quiet", "--create", "change")
    return made


def change(project: Project, *names: str) -> None:
    """Commit a line more in some files."""
    for name in names:
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        with (project.path / name).open("a") as file:
            file.write("# changed\n")
    project.commit("Change")


def decided(project: Project, base: str, **environment: str) -> tuple[str, bool]:
    """Return what is said first, and whether the machinery was checked and tested."""
    said = project.run("engine/ci/if-changed", base, env=environment).stdout
    tested = "the machinery is tested" in said
    assert ("the machinery is checked" in said) == tested
    return said.splitlines()[0], tested


@pytest.mark.parametrize("name", ROOM)
def test_a_change_of_the_machinery_is_tested(fork: Project, name: str) -> None:
    """The machinery, its workflows, its doors and the lock have its tests run, and the file is named."""
    change(fork, name, "params.yaml")
    assert decided(fork, "main") == (f"The machinery's tests run, since {name} changed.", True)


def test_several_files_are_counted(fork: Project) -> None:
    """The first is named, and how many there are besides."""
    change(fork, *ROOM)
    said = "The machinery's tests run, since .github/workflows/a.yml changed and 4 more."
    assert decided(fork, "main") == (said, True)


@pytest.mark.parametrize("name", ["params.yaml", "src/usecase/features.py", "tests/engine/test_a.py", "dvc.lock"])
def test_a_change_of_what_is_the_forks_is_not(fork: Project, name: str, tmp_path: Path) -> None:
    """The reason is in the log and in the summary of the run."""
    change(fork, name)
    said, tested = decided(fork, "main", GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert not tested
    assert said == (
        "The machinery's tests do not run, since nothing changed in engine .github Makefile mainline requirements. "
        "`make -C engine test` runs them."
    )
    assert (tmp_path / "summary").read_text() == f"{said}\n"


def test_what_changed_on_main_meanwhile_is_not_of_the_change(fork: Project) -> None:
    """A branch is held against the commit that it left main at."""
    change(fork, "params.yaml")
    fork.run("git", "switch", "--quiet", "main")
    change(fork, "engine/src/a.py")
    fork.run("git", "switch", "--quiet", "change")
    assert not decided(fork, "main")[1]


def test_a_file_that_moves_out_of_the_machinery_changes_it(fork: Project) -> None:
    """A move takes something away from where it was."""
    fork.run("git", "mv", "engine/Makefile", "own.mk")
    fork.commit("Move")
    failed = fork.run("engine/ci/if-changed", "main", succeed=False)
    assert failed.stdout.startswith("The machinery's tests run, since engine/Makefile changed.")


@pytest.mark.parametrize("base", ["", "0" * 40, "--output=x"])
def test_without_a_base_the_machinery_is_tested(fork: Project, base: str) -> None:
    """What is not known to be unchanged is tested."""
    change(fork, "params.yaml")
    said = f"The machinery's tests run, since it is not known what changed: there is no commit '{base}' here."
    assert decided(fork, base) == (said, True)


def test_without_common_history_the_machinery_is_tested(fork: Project) -> None:
    """A base that the change does not come from says nothing about it."""
    fork.run("git", "switch", "--quiet", "--orphan", "other")
    fork.run("git", "commit", "--quiet", "--allow-empty", "--message", "Begin anew")
    other = fork.run("git", "rev-parse", "HEAD").stdout.strip()
    fork.run("git", "switch", "--quiet", "change")
    said, tested = decided(fork, other)
    assert said.endswith("have no common history.")
    assert tested
