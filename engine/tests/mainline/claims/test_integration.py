"""The claim that raw data become an answer over HTTP: what breaks it on the way, and that it changes nothing here."""

import re
from pathlib import Path
from typing import Any

import pytest

from mainline.claims import integration
from mainline.declared import params
from mainline.errors import UseCaseError
from tests import project
from tests.project import FLOWERS, TIMELESS, Project, replace_use_case

TEST = ("python", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests/test_pipeline.py")


def test_raw_data_become_an_answer(fresh_project: Project) -> None:
    """Nothing was run before: rows are the source's, all six stages and a server run, and no file here changes."""
    fresh_project.commit("Take what is here")
    assert re.search(r"^1 passed", fresh_project.run(*TEST).stdout, re.MULTILINE)
    assert fresh_project.run("git", "status", "--porcelain").stdout == ""
    assert not list((fresh_project.path / "data").glob("raw/*"))


def test_a_snapshot_becomes_an_answer(fresh_project: Project) -> None:
    """Data without time has one batch and shares of its rows, and goes the same way."""
    replace_use_case(fresh_project, TIMELESS)
    assert re.search(r"^1 passed", fresh_project.run(*TEST).stdout, re.MULTILINE)


def replace(project: Project, file: str, old: str, new: str) -> None:
    """Edit a file of the project."""
    path = project.path / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_class_that_is_rare_is_looked_for_in_earlier_periods(fresh_project: Project) -> None:
    """Where the newest periods have none of a class, as many more are taken as it needs to be fitted on."""
    replace_use_case(fresh_project, FLOWERS)
    lost = '            batch = batch.replace("virginica", "versicolor") if month > "2024-01" else batch\n'
    replace(fresh_project, "src/usecase/source.py", '            yield "flowers"', f'{lost}            yield "flowers"')
    assert re.search(r"^1 passed", fresh_project.run(*TEST).stdout, re.MULTILINE)


ANSWERED = "predictor.scoring.respond(raw, columns), np.float64)"
BREAKS = {
    "a column that is never delivered": (
        "src/usecase/schema.py", '"dest"', '"destination"',
        "with few rows of the newest periods, validate failed: "),
    "a server that answers something else": (
        "engine/src/mainline/serving/answering/model.py", ANSWERED, f"{ANSWERED} + 1",
        "golden request 0 is answered with"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), BREAKS.values(), ids=list(BREAKS))
def test_what_breaks_on_the_way_is_said(fresh_project: Project, file: str, old: str, new: str, said: str) -> None:
    """A stage's own line is passed on; a server that answers something else is found out."""
    replace(fresh_project, file, old, new)
    assert said in fresh_project.run(*TEST, succeed=False).stdout


def test_a_source_that_is_away_skips_the_claim(fresh_project: Project) -> None:
    """Without data here and without the source there is nothing to try it on; the reason says what to run."""
    replace(fresh_project, "src/usecase/source.py", 'AVAILABLE = ("2013-01", "2013-12")', 'AVAILABLE = ("1", "2")')
    said = fresh_project.run(*TEST).stdout
    assert re.search(r"SKIPPED.*data/raw lacks .*run `make repro`, then `make test`", said)


@pytest.mark.parametrize(
    ("answered", "expected", "said"),
    [
        ([], [{"price": 1.0}], "0 answers to 1 golden requests; respond"),
        ([{"price": 1.1}], [{"price": 1.0}], "request 0 is answered with .*1.1.* not on the clock"),
        ([{"price": None}], [{"price": 1.0}], "request 0 is answered with .*None"),
        ([{"cost": 1.0}], [{"price": 1.0}], "request 0 is answered with .*cost"),
        (
            [{"class": "a", "probabilities": {"a": 0.6, "b": 0.4}}],
            [{"class": "b", "probabilities": {"a": 0.6, "b": 0.4}}], "request 0 is answered with .*'class': 'a'",
        ),
    ],
)  # fmt: skip
def test_other_answers_are_found(answered: list[Any], expected: list[Any], said: str) -> None:
    """Too few answers, other numbers, other names and other classes are none of the pipeline's."""
    with pytest.raises(UseCaseError, match=said):
        integration.compare(answered, expected, 0.001)


def test_numbers_may_differ_by_the_declared_parity() -> None:
    """What `limits.parity` allows between two programs is the same answer."""
    integration.compare([{"price": 1.0005}], [{"price": 1.0}], 0.001)


def test_few_rows_of_a_snapshot_stay_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data without time is declared in the folder as it is here: by the name of its snapshot."""
    declared = params.load(TIMELESS / "params.yaml")
    monkeypatch.chdir(project.copy(tmp_path / "flights").path)
    monkeypatch.setattr(integration, "_delivered", lambda _: ())
    integration._lay_out(tmp_path / "made", declared)
    assert params.load(tmp_path / "made/params.yaml").data == declared.data
