"""What `make check` and `make -C engine check` look at."""

import json
import os
import re

import pytest

from tests.project import Project

DEFECT = "def f( ):\n    number: int = undefined\n    return  number\n"
"""Not formatted, a name that nobody defines, and a function whose type is left open."""

FORK = re.compile(r"engine/tests/(flights|[a-z]+_use_case)/")
"""A fork's half that tests bring: another `usecase`, which is checked where it stands in `src/`."""

NOTEBOOK = "engine/src/mainline/look/notebook.py"
"""Its cells may have no types, as marimo writes their arguments; what they do with values is checked all the same."""


@pytest.fixture
def defective(fresh_project: Project) -> Project:
    """A copy of this repository in which every Python file is the same few lines, wrong in each way."""
    for name in tracked(fresh_project):
        (fresh_project.path / name).write_text(DEFECT, encoding="utf-8")
    return fresh_project


def tracked(project: Project, folder: str = "") -> set[str]:
    """Name the Python files of a folder that git has, without links to others; of the whole tree without a folder."""
    listed = project.run("git", "ls-files", "-z", "--", f"{folder}*.py").stdout
    return {name for name in listed.split("\0") if name and not (project.path / name).is_symlink()}


def relative(project: Project, *names: str) -> set[str]:
    """Name files as git does."""
    return {(project.path / name).relative_to(project.path).as_posix() for name in names}


def test_a_defect_in_any_python_file_is_found(defective: Project) -> None:
    """Lint refuses each tracked Python file, in whichever folder."""
    said = defective.run("ruff", "check", "--no-cache", "--output-format=json", ".", succeed=False).stdout
    undefined = [found["filename"] for found in json.loads(said) if found["code"] == "F821"]
    assert relative(defective, *undefined) == tracked(defective)


def test_the_format_of_every_python_file_is_checked(defective: Project) -> None:
    """The formatter would change each tracked Python file."""
    said = defective.run("ruff", "format", "--check", "--no-cache", "--output-format=concise", ".", succeed=False)
    found = re.findall(r"^(?:Would reformat: )?([^:\n]+\.py)", said.stdout, re.MULTILINE)
    assert relative(defective, *found) == tracked(defective)


def test_the_types_of_every_file_of_the_source_are_checked(defective: Project) -> None:
    """A function without types is refused in each tracked file of the use case, the machinery, and beside it."""
    machinery = ("engine/src/", "engine/structure/", "engine/tests/", "engine/benchmarks/")
    for folders, settings in ((("src/",), "pyproject.toml"), (machinery, "engine/pyproject.toml")):
        command = ("mypy", "--cache-dir", os.devnull, "--config-file", settings)
        said = defective.run(*command, succeed=False).stdout
        untyped = re.findall(r"^([^:\n]+\.py):1: error: .*\[no-untyped-def\]$", said, re.MULTILINE)
        unknown = re.findall(r"^([^:\n]+\.py):2: error: .*\[name-defined\]$", said, re.MULTILINE)
        names = {name for folder in folders for name in tracked(defective, folder) if not FORK.match(name)}
        assert relative(defective, *untyped) == names - {NOTEBOOK}
        assert relative(defective, *unknown) == names


UNUSED = "def f(used: int, unused: int) -> int:\n    return used\n"


def test_arguments_of_the_contract_need_not_be_used(fresh_project: Project) -> None:
    """The contract says which arguments a function of the use case gets; elsewhere one that is not used is found."""
    files = ("src/usecase/unused.py", "engine/tests/other_use_case/usecase/unused.py", "engine/src/mainline/unused.py")
    for name in files:
        (fresh_project.path / name).write_text(UNUSED, encoding="utf-8")
    lint = ("ruff", "check", "--no-cache", "--select=ARG", "--output-format=json", *files)
    said = json.loads(fresh_project.run(*lint, succeed=False).stdout)
    assert relative(fresh_project, *(found["filename"] for found in said)) == {files[-1]}
