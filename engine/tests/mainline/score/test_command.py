"""`score` as it is typed: text that fits its terminal, JSON, a badge, a status; and what tests leave for it."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from mainline.claims import catalogue, integration, training
from mainline.commands import score, verify
from mainline.errors import MainlineError, UnknownError
from mainline.repository import record
from mainline.score import badge, rubric, terminal, total, workflows
from mainline.score.workflows import runs
from tests.mainline.registry import registries
from tests.mainline.score import world
from tests.project import ROOT, SEARCH_PATH, Project


@pytest.mark.parametrize("columns", [100, 80, 60, 40])
@pytest.mark.usefixtures("earned")
def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All 28 tests, the sections, the score and what is next, within the columns that there are."""
    monkeypatch.setenv("COLUMNS", str(columns))
    found = world.measure(stale="train is stale")
    lines = terminal.render(found).splitlines()
    assert max(map(len, lines)) <= columns
    assert [line for line in lines if line.startswith(("Data:", "Model:", "Infra:", "Monitor:", "Score "))] != []
    shorts = [test.short for test in total.TESTS]
    assert len(shorts) == 28
    assert all(any(short in line for line in lines) for short in shorts)


@pytest.mark.usefixtures("earned")
def test_the_document_says_where_each_point_is_from() -> None:
    """Of each point: what was seen, in which file or branch, of which commit, when; what has no commit has null."""
    told = total.document(world.measure())
    by_name = {each["test"]: each for each in told["tests"]}
    assert (told["score"], told["sections"]) == (6.5, {"Data": 7, "Model": 6.5, "Infra": 7, "Monitor": 7})
    assert by_name["Infra 4"]["source"] == "metrics/report/gate.json"
    assert by_name["Infra 4"]["when"] == "2026-01-03T00:00:00Z"
    assert len(by_name["Infra 4"]["commit"]) == 40
    assert (by_name["Infra 6"]["source"], by_name["Infra 6"]["commit"]) == ("deployments/production", None)
    assert by_name["Data 5"]["said"].startswith("nothing is personal; ")


@pytest.mark.usefixtures("earned")
def test_the_badge_is_a_picture_that_says_the_score() -> None:
    """Whole XML, with the score in its title and nothing from a network."""
    drawn = badge.draw(world.measure())
    title = ElementTree.fromstring(drawn).findtext("{http://www.w3.org/2000/svg}title")  # noqa: S314 - our own
    assert title == "ML test score: 6.5 of 7"
    assert "href" not in drawn


def test_next_steps_begin_with_the_cheapest(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that helps most tests comes before one that helps fewer, and both before an edit."""
    monkeypatch.chdir(built)
    found = world.measure(stale="train is stale")
    efforts = [step.effort for step, _ in found.steps]
    assert efforts == sorted(efforts)
    assert found.lifting
    assert {found.sum(section) for section, _ in found.lifting} == {found.points}


def test_of_equal_sections_all_have_to_rise() -> None:
    """One section more does not lift the smallest of four equal sums."""
    marks = tuple(total.Mark(test, 0.0, "nothing", None, rubric.TEST) for test in total.TESTS)
    said = terminal.render(total.Score("production", "", "", 90, marks))
    assert "The score rises with Data and Model and Infra and Monitor:" in said


@pytest.mark.usefixtures("earned")
def test_an_environment_that_is_not_declared_is_refused() -> None:
    """A typo is named, and is not a score of 0."""
    asked = argparse.Namespace(environment="prodution", json=False, badge=None, at_least=None)
    with pytest.raises(UnknownError, match="did you mean 'production'"):
        score.run(asked)


@pytest.mark.parametrize(
    ("left", "scored"), [((), "production"), (("staging", "live"), "live"), (("production", "live"), "production")]
)
@pytest.mark.usefixtures("earned")
def test_a_fork_without_production_is_scored(left: tuple[str, ...], scored: str) -> None:
    """What nobody named is no typo: it is production, or else the environment that a version reaches last."""
    text = Path("deploy/production.yaml").read_text()
    shutil.rmtree("deploy")
    Path("deploy").mkdir()
    for before, name in zip((None, *left), left, strict=False):
        Path(f"deploy/{name}.yaml").write_text(re.sub("(?m)^  after: .*", f"  after: {before or 'null'}", text))
    asked = argparse.Namespace(environment="", json=True, badge=None, page=None, against=None, at_least=None)
    assert json.loads(score.run(asked))["environment"] == scored


@pytest.mark.usefixtures("earned")
def test_without_a_true_lock_the_pipeline_comes_before_the_gate() -> None:
    """Who edited code is sent to `make repro`, and not to a gate that has nothing to judge; stages are counted."""
    shutil.rmtree("metrics/report")
    found = world.measure(stale="train is stale, package is stale")
    (mark,) = [mark for mark in found.marks if mark.test.name == "Infra 4"]
    assert (mark.said, mark.step) == ("dvc.lock is not of what is here: 2 stages are stale", rubric.REPRO)


def test_a_use_case_of_another_begins_with_what_it_has_earned(other_project: Project, tmp_path: Path) -> None:
    """The second use case has none of the flights' points; what nobody committed earns nothing; a badge is drawn."""
    asked = ("python", "-m", "mainline", "score")
    said = other_project.run(*asked, "--json", "--badge", str(tmp_path / "badge.svg")).stdout
    told = json.loads(said)
    points = {each["test"]: each["points"] for each in told["tests"]}
    assert (told["score"], len(points)) == (0, 28)
    assert {points[name] for name in ("Data 2", "Data 3", "Model 3", "Model 4")} == {0}
    assert (tmp_path / "badge.svg").read_text().startswith("<svg")
    refused = other_project.run(*asked, "--at-least", "1", succeed=False)
    assert "mainline: the score is 0, and 1 was asked for." in refused.stderr
    assert "Score 0 of 7" in refused.stdout


def test_a_repository_with_nothing_in_it_has_no_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dvc.lock, params.yaml, deploy/ and even a commit each test says what it lacks."""
    registries.create(tmp_path / "empty")
    monkeypatch.chdir(tmp_path / "empty")
    found = total.measure("production")
    assert {mark.points for mark in found.marks} == {0.0}
    assert all(mark.said and "\n" not in mark.said for mark in found.marks)


def test_tests_leave_a_record_of_what_ran_on_which_code(tmp_path: Path) -> None:
    """The outcome of each test by name, at a commit; the code's hash is another after an edit."""
    made = registries.create(tmp_path / "fork")
    long = f"@pytest.mark.parametrize('x', [1], ids=['{'x' * 700}'])\ndef test_e(x): assert 0\n"
    short = (
        "def test_a(): assert [1]\ndef test_b(): assert []\n@pytest.mark.skip\ndef test_c(): pass\ndef test_d(): pass\n"
    )
    tests = f"import pytest\n{long}{short}"
    commit = made.commit(0, tests__test_a_dot_py=tests, _dot_gitignore="/.mainline/\n__pycache__/\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mainline.score.plugin", "-p", "no:cacheprovider"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": SEARCH_PATH}
    done = subprocess.run(command, cwd=made.path, env=environment, capture_output=True, text=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.path)
        found = record.read(record.TESTS)
        assert found is not None, done.stdout + done.stderr
        assert (found.commit, found.code) == (commit, record.code())
        (made.path / "tests/test_a.py").write_text("")
        assert found.code != record.code()
    names = (record.PASSED, "failed", "skipped", record.SILENT)
    told = {name: outcome for name, outcome in found.found.items() if "xxx" not in name}
    assert told == {f"tests/test_a.py::test_{letter}": name for letter, name in zip("abcd", names, strict=True)}
    assert [outcome for name, outcome in found.found.items() if "xxx" in name] == ["failed"]


def test_claims_that_points_rest_on_are_in_the_catalogue() -> None:
    """No point waits for a claim that the contract does not have."""
    known = (*catalogue.ALL, *training.CLAIMS, *integration.CLAIMS)
    assert set(world.CLAIMS) <= {claim.__name__ for claim in known}
    assert {claim.__name__ for claim in (*training.CLAIMS, *integration.CLAIMS)} <= set(world.CLAIMS)


def test_explaining_a_row_leaves_a_record_of_its_package(other_project: Project, tmp_path: Path) -> None:
    """`explain` of one row says which package it explained."""
    project = other_project.twin(tmp_path / "twin")
    project.run("python", "-m", "mainline", "explain", "--golden", "0", "--sentence")
    found = json.loads((project.path / record.FOLDER / "explain.json").read_text())["found"]
    manifest = json.loads((project.path / "models/package/manifest.json").read_text())
    assert found == {"digest": manifest["digest"]}


@pytest.mark.usefixtures("earned")
def test_a_rebuild_leaves_a_record_of_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` that ends well says so of the committed package; one that fails, or is killed, takes that back."""
    asked = argparse.Namespace(keep=None, exact=False)
    monkeypatch.setattr(verify, "verify", lambda *_: "The lock is true: 21 outputs.")
    verify.run(asked)
    assert world.points(world.measure())["Infra 1"] == 1
    monkeypatch.setattr(verify, "verify", _refuse)
    with pytest.raises(MainlineError, match=r"dvc\.lock is not true"):
        verify.run(asked)
    assert world.points(world.measure())["Infra 1"] == 0


def _refuse(*_: object) -> str:
    raise MainlineError("dvc.lock is not true.")


@pytest.mark.parametrize(
    "command",
    ["./mainline explain", "./mainline tune", "./mainline verify", "./mainline lock", "./mainline monitor",
     "./mainline due", "make gate", "make test", "engine/ci/promote"],
)  # fmt: skip
def test_the_workflows_that_ship_run_what_a_whole_point_asks(command: str) -> None:
    """A fork whose workflows run has no half point for want of a workflow."""
    assert runs(command, workflows.commands(workflows.files(ROOT / workflows.FOLDER)))


def test_a_command_is_run_with_options_and_not_by_a_longer_name() -> None:
    """A step with options counts; `make gatekeeper` is another command."""
    assert runs("make gate", frozenset(("make gate -s",)))
    assert not runs("make gate", frozenset(("make gatekeeper",)))
