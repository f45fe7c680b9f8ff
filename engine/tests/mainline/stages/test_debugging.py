"""A stage under a debugger: at a terminal, started by DVC or alone."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mainline.contract import Array
from mainline.data.feature_values import first_failing
from mainline.stages.harness import PINNED
from tests.project import ENGINE, FLIGHTS, ROOT, Project
from tests.terminal import CTRL_C, converse

PROMPT = "(Pdb) "
FUNCTIONS = {"ingest": ("source", "fetch"), "prepare": ("features", "compute"), "train": ("scoring", "respond")}
"""By stage, a module and a function of the use case that the stage calls."""
MAINLINE = (sys.executable, "-m", "mainline")


@pytest.fixture
def project(other_project: Project, tmp_path: Path) -> Project:
    """A project of its own, whose pipeline has run."""
    return other_project.twin(tmp_path / "project")


def begin_with(project: Project, module: str, function: str, statement: str) -> None:
    """Put a statement at the start of a function of the use case."""
    file = project.path / f"src/usecase/{module}.py"
    code = re.sub(
        rf'(def {function}\(.*?\) -> .*?:\n    """.*?"""\n)', rf"\1    {statement}\n", file.read_text(), flags=re.DOTALL
    )
    assert statement in code
    file.write_text(code)


@pytest.mark.parametrize("stage", FUNCTIONS)
def test_breakpoint_stops_where_it_stands(project: Project, stage: str) -> None:
    """With `dvc repro` a person is asked at the terminal; Ctrl-C there ends nothing, and `q` ends it in a line."""
    module, function = FUNCTIONS[stage]
    begin_with(project, module, function, "breakpoint()")
    seen, status = converse(
        ["dvc", "repro", "--single-item", "--force", stage],
        [
            (PROMPT, "p 6 * 7\n"), ("42", ""), (PROMPT, CTRL_C), ("--KeyboardInterrupt--", ""), (PROMPT, "p 7 * 9\n"),
            ("63", ""), (PROMPT, "q\n"),
        ],
        project.path, project.environment(),
    )  # fmt: skip
    assert f"src/usecase/{module}.py(" in seen
    assert seen.count("--KeyboardInterrupt--") == 1
    assert f"{stage} was interrupted" in seen
    assert "Traceback" not in seen
    assert status != 0


def test_stage_goes_on_after_a_breakpoint(project: Project) -> None:
    """`c` makes the result that the stage makes without a stop."""
    before = project.hashes()
    begin_with(project, "features", "compute", "breakpoint()")
    seen, status = converse(
        ["dvc", "repro", "--single-item", "prepare"],
        [(PROMPT, "import os; os.environ['PYTHONBREAKPOINT'] = '0'\n"), (PROMPT, "c\n")],
        project.path, project.environment(),
    )  # fmt: skip
    assert (status, project.hashes()) == (0, before), seen


def test_stage_alone_makes_what_dvc_makes(project: Project) -> None:
    """Each stage runs by its name, writes the same bytes, and leaves the lock and the record of runs as they are."""
    project.run(*MAINLINE, "repro")
    project.commit("Train")
    for stage in ("ingest", "validate", "prepare", "train", "evaluate", "package"):
        project.run(*MAINLINE, "stage", stage)
    assert list((project.path / ".dvc/tmp/runs").glob("*.json")) == []
    project.run("dvc", "status", "--quiet")
    project.run(*MAINLINE, "repro")
    assert project.run("git", "status", "--short").stdout == ""


def test_editor_starts_stages_as_the_pipeline_does() -> None:
    """The launch file for VS Code has every stage to choose from, and the settings on which their bytes depend."""
    launch = json.loads((ROOT / ".vscode/launch.json").read_text())
    stage, tests, attach = launch["configurations"]
    assert (stage["module"], stage["args"], stage["env"]) == ("mainline.stages", ["${input:stage}"], PINNED)
    pipeline = yaml.safe_load((FLIGHTS / "dvc.yaml").read_text())["stages"]
    assert launch["inputs"][0]["options"] == list(pipeline)
    assert (tests["module"], tests["args"]) == ("pytest", ["tests"])
    assert f"--listen {attach['connect']['port']} " in (ENGINE / "docs/debugging.md").read_text()


def test_stage_alone_stops_where_it_fails(project: Project) -> None:
    """With `--debug` the failing line is looked at with its variables; then the failure is one line as always."""
    begin_with(project, "features", "compute", "here = 6 * 7; [].pop()")
    seen, status = converse(
        [*MAINLINE, "stage", "prepare", "--debug"], [(PROMPT, "p here\n"), ("42", "q\n")],
        project.path, project.environment(),
    )  # fmt: skip
    assert "src/usecase/features.py(" in seen.split(PROMPT)[0]
    assert "IndexError: pop from empty list" in seen.split(PROMPT)[0]
    assert "prepare failed: src/usecase/features.py, line" in seen.split(PROMPT)[-1]
    assert status == 1


def test_stage_alone_needs_a_name_and_a_listener(project: Project) -> None:
    """A name that is no stage, and a debugger that is not installed, are one line each."""
    unknown = project.run(*MAINLINE, "stage", "prepair", succeed=False)
    assert "did you mean 'prepare'?" in unknown.stderr
    absent = project.run(*MAINLINE, "stage", "prepare", "--listen", "5678", succeed=False)
    assert "debugpy is not installed here: `engine/run main pip install debugpy`" in absent.stderr
    assert unknown.stderr.count("\n") == absent.stderr.count("\n") == 1


@pytest.mark.parametrize("call", ["breakpoint()", "import pdb; pdb.set_trace()"])
def test_package_takes_no_breakpoint(project: Project, call: str) -> None:
    """What is released waits for nobody: the last stage refuses code that would, with the line to remove."""
    begin_with(project, "scoring", "slices", f"if len(columns) < 0: {call}")
    refused = project.run(*MAINLINE, "stage", "package", succeed=False)
    assert re.search(r"src/usecase/scoring\.py, line \d+, stops in a debugger", refused.stderr)


def test_use_case_that_ends_the_process_has_failed(project: Project) -> None:
    """`sys.exit(0)` in the use case is not a stage that succeeded, whose half of the outputs DVC would record."""
    before = project.hashes()
    begin_with(project, "features", "compute", "raise SystemExit(0)")
    failed = project.run("dvc", "repro", "--single-item", "prepare", succeed=False)
    assert re.search(
        r"prepare failed: src/usecase/features\.py, line \d+: the code ended the process by itself \(SystemExit: 0\)",
        failed.stderr,
    )
    assert project.hashes() == before


def test_search_for_the_failing_row_does_not_stop() -> None:
    """The rows are computed again and again to name the first that fails; a breakpoint in them is passed over."""

    def compute(rows: Array) -> object:
        breakpoint()  # noqa: T100 - pytest's own hook would stop the test here
        return 1 // int(not (rows == 5).any())

    assert first_failing(compute, 9) == 5
    assert first_failing(lambda rows: np.sqrt(rows), 9) is None
