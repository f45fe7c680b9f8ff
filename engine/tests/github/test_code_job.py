"""The job *Code* of the real workflow, under act: what a pull request waits for depends on what it changes."""

import shutil
from collections.abc import Iterator

import pytest

from tests import project
from tests.github import standin, world
from tests.github.repository import Item
from tests.github.runner import Finished, Runner
from tests.github.world import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("act") is None, reason="act is not installed; the environment of the tests has it"),
]
NOT_RUN = "The machinery's tests do not run, since nothing changed in engine .github Makefile mainline requirements."
TARGETS = ("make -C engine check", "make -C engine test")


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A fork with the flights; `make -C engine check` and `test` say that they ran, and nothing more."""
    folder = tmp_path_factory.mktemp("code")
    (folder / "github").mkdir()
    with standin.serve(folder / "github") as github:
        made = world.connect(project.copy(folder / "clone"), github, Runner(github, folder))
        rules = "".join(f"{target.split()[-1]}:\n\t@echo '{target} ran'\n" for target in TARGETS)
        (made.project.path / "engine/Makefile").write_text(rules)
        made.project.commit("Start")
        made.project.run("git", "push", "--quiet", "origin", "main")
        yield made
        assert github.nonconform == []


def propose(fork: World, branch: str, name: str) -> Item:
    """Open a pull request that adds a line to a file."""
    here = fork.project
    here.run("git", "switch", "--quiet", "--create", branch, "origin/main")
    with (here.path / name).open("a") as file:
        file.write("# changed\n")
    here.commit("Change")
    here.run("git", "push", "--quiet", "origin", branch)
    return fork.github.repository.open(branch, "Change")


def ran(run: Finished) -> list[bool]:
    """Say of check and test of the machinery whether they ran."""
    return [f"{target} ran" in run.said for target in TARGETS]


def test_a_change_of_a_parameter_runs_the_forks_tests_alone(fork: World) -> None:
    """Its checks, its tests and the contract run; the log says why the machinery's do not."""
    run = fork.look(propose(fork, "longer", "params.yaml"), job="code")
    assert run.succeeded, run.said
    assert NOT_RUN in run.said
    assert "and the contract. 'make -C engine test' runs the tests of the machinery." in run.said
    assert ran(run) == [False, False]


def test_a_change_of_the_machinery_runs_its_tests_too(fork: World) -> None:
    """The file that changed is named."""
    run = fork.look(propose(fork, "machinery", "engine/docs/serving.md"), job="code")
    assert run.succeeded, run.said
    assert "The machinery's tests run, since engine/docs/serving.md changed." in run.said
    assert ran(run) == [True, True]


@pytest.mark.parametrize(
    ("branch", "name", "tested"), [("shorter", "params.yaml", False), ("documents", "engine/docs/serving.md", True)]
)
def test_a_merge_queue_decides_by_its_own_base(fork: World, branch: str, name: str, tested: bool) -> None:
    """The commit that a queue made is held against the one that it is put on."""
    propose(fork, branch, name)
    _, run = fork.queue(branch, job="code")
    assert run.succeeded, run.said
    assert (NOT_RUN in run.said) is not tested
    assert ran(run) == [tested, tested]
