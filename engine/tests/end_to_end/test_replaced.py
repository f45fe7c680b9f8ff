"""A fork that replaced everything that is its own: the machinery's tests do not notice."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import project
from tests.project import FORKS, Project

TESTS = ("python", "-P", "-m", "pytest", "-c", "engine/pyproject.toml", "-p", "no:cacheprovider", "-q")
READERS = (
    "engine/tests/mainline/stages", "engine/tests/mainline/test_params.py", "engine/tests/mainline/test_conformance.py",
    "engine/tests/mainline/cluster/test_manifests.py", "engine/tests/mainline/registry/test_lineage.py",
    "engine/tests/mainline/commands/test_render.py", "engine/tests/mainline/commands/test_forget.py",
    "engine/tests/mainline/cluster/test_gitlab.py", "engine/tests/github/test_traffic.py",
    "engine/tests/mainline/serving/test_settings.py",
)  # fmt: skip
"""Quick tests of what reads a fork's files."""
HOURS = 3 * 3600
"""Seconds after which the tests of the machinery count as hanging."""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A fork of which no file can be read by what knows flights: each file of its own is damaged."""
    made = project.copy_whole(tmp_path_factory.mktemp("foreign") / "project")
    for place in FORKS:
        path = made.path / place
        for file in [path] if path.is_file() else filter(Path.is_file, path.rglob("*")):
            file.write_text("raise RuntimeError('this is the fork's\n")
    (made.path / "README.md").write_text("# Ours\n")
    made.commit("Replace what is ours")
    return made


def run(fork: Project, *arguments: str, limit: int = project.LIMIT) -> str:
    """Run the machinery's tests in a fork, as `make -C engine test` does; return what they say at their end."""
    search_path = {"PYTHONPATH": f"{fork.environment()['PYTHONPATH']}:{fork.path / 'engine'}"}
    ran = subprocess.run(
        [*TESTS, *arguments], cwd=fork.path, env=fork.environment(search_path), capture_output=True, text=True,
        timeout=limit, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    return ran.stdout.splitlines()[-1]


def test_the_machinerys_tests_are_collected_in_a_fork(foreign: Project) -> None:
    """Every test of the machinery can be imported, whatever stands in the fork's files."""
    said = run(foreign, "engine/tests", "--collect-only", "-qq")
    assert "error" not in said


def test_tests_that_need_a_use_case_bring_their_own(foreign: Project) -> None:
    """Tests of what reads parameters, environments, results and the use case pass beside a fork's."""
    assert " passed" in run(foreign, *READERS, "-m", "not slow")


@pytest.mark.slow
def test_all_of_the_machinerys_tests_pass_in_a_fork(foreign: Project) -> None:
    """The whole suite of `make -C engine test`, except for this file."""
    arguments = ("-m", "not slow", "--ignore", "engine/tests/end_to_end/test_replaced.py", "-n", "2")
    assert " passed" in run(foreign, "engine/tests", *arguments, "--dist", "loadfile", limit=HOURS)


@pytest.mark.slow
def test_a_fork_with_another_use_case_is_green(tmp_path: Path) -> None:
    """With src/usecase, tests/ and params.yaml replaced, `make repro`, `make check` and `make test` pass."""
    fork = project.copy_whole(tmp_path / "project")
    project.replace_use_case(fork)
    fork.run("make", "repro", VENV=sys.prefix)
    fork.run("make", "check", VENV=sys.prefix)
    assert " passed" in fork.run("make", "test", VENV=sys.prefix).stdout
