"""What a person reads while DVC runs."""

import sys

from tests.mainline.remote.conftest import made, repository
from tests.project import Project

__all__ = ["made", "repository"]
PIPELINE = """\
stages:
  first:
    desc: Make the first file
    cmd: echo it works && mkdir -p data && echo 1 > data/1
    outs: [data/1]
  second:
    cmd: {command}
    deps: [data/1]
    outs: [data/2]
"""
NARRATED = """
from mainline.pipeline import narration, reproduction
with narration.narrated() as told:
    status = reproduction._dvc("repro")
print(status, told.failed, told.text({"first": 1.25}))
"""


def run(repository: Project, command: str) -> tuple[list[str], str]:
    """Run the pipeline in a process; return the lines of its output, and its errors."""
    (repository.path / "dvc.yaml").write_text(PIPELINE.format(command=command))
    done = repository.run(sys.executable, "-c", NARRATED)
    return done.stdout.splitlines(), done.stderr


def test_stages_are_told_by_what_they_do(repository: Project) -> None:
    """A line for each stage that runs, with its description; no command, no lock, no git and no push are spoken of."""
    said, errors = run(repository, "cp data/1 data/2")
    assert said == [
        "Running first: Make the first file",
        "it works",
        "Running second",
        "0 False first 1.2 s, second",
    ]
    assert errors == ""


def test_folder_without_a_file_is_usual(repository: Project) -> None:
    """A stage that fills its folder with nothing, such as no row in quarantine, is no warning."""
    said, errors = run(repository, "mkdir -p data/2")
    assert not [line for line in (*said, *errors.splitlines()) if "empty" in line or "WARNING" in line]
    assert said[-1] == "0 False first 1.2 s, second"


def test_what_did_not_run_is_summed_up(repository: Project) -> None:
    """Stages that did not change, and those from the cache, are named in the one line at the end."""
    run(repository, "cp data/1 data/2")
    (repository.path / "data/2").unlink()
    said, _ = run(repository, "cp data/1 data/2")
    assert said == ["0 False from the cache: second; unchanged: first"]


def test_stage_that_failed_has_the_last_word(repository: Project) -> None:
    """Why a stage failed stands once, in its own words; DVC adds nothing to it."""
    said, errors = run(repository, "echo it is broken >&2; exit 3")
    assert errors == "it is broken\n"
    assert said[-1] == "255 True first 1.2 s, second"


def test_what_dvc_itself_cannot_do_is_said(repository: Project) -> None:
    """An error that is no stage's is printed as DVC has it."""
    said, errors = run(repository, "[")
    assert "dvc.yaml" in errors
    assert said[-1].endswith(" False ")
