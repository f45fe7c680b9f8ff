"""A file that is predicted is held to training by the checks that a day of production is held to."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.__main__ import main
from mainline.data import columns
from mainline.monitoring.packages import Packaged
from tests.mainline.monitoring import month as months
from tests.project import Project

Rows = list[dict[str, Any]]
Predict = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def many(packaged: Packaged, small_project: Project) -> Rows:
    """The flights of three days of the test month, more than a day needs to say something."""
    month = months.read(packaged, small_project.path)
    day = month.moment // columns.DAY
    return columns.to_rows(month.choose(np.isin(day, np.unique(day)[3:6])).request, packaged.request)


@pytest.fixture
def predict(
    package_dir: Path,
    packaged: Packaged,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Predict:
    """Predict rows by the command, with options; return its exit status and all that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(rows: Rows, *options: str) -> tuple[int, str]:
        content = io.StringIO()
        writer = csv.DictWriter(content, [field.name for field in packaged.request], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        if not Path("f.csv").is_file() or Path("f.csv").read_text() != content.getvalue():
            Path("f.csv").write_text(content.getvalue())
        status = main(["predict", "f.csv", "--package", str(package_dir), *options])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def declare(monitoring: str) -> None:
    """Declare an environment called production."""
    Path("deploy").mkdir()
    promotion = "promotion: {after: null, approval: automatic, signature: optional}"
    Path("deploy/production.yaml").write_text(f"{promotion}\nmonitoring: {monitoring}\n")


def hours(rows: Rows) -> Rows:
    """Send hours for minutes."""
    return [row | {"dep_delay": row["dep_delay"] / 60} for row in rows]


def predictions() -> list[bytes]:
    """Return the files that somebody finds who reads the predictions."""
    return [part.read_bytes() for part in sorted(Path("f.predictions/predictions").glob("*"))]


def test_usual_file_is_said_to_be_one(predict: Predict, many: Rows) -> None:
    """Rows as training had them are a sentence, and no table."""
    status, said = predict(many)
    assert (status, "f.csv is made of what the model was fitted on." in said) == (0, True)
    assert "whole numbers" not in said


def test_unlike_file_is_predicted_and_said_in_the_words_of_monitoring(predict: Predict, many: Rows) -> None:
    """Hours for minutes in all rows: the table names field, share and limit, and the predictions are there."""
    status, said = predict(hours(many))
    (row,) = [line for line in said.splitlines() if line.startswith("  FAIL")]
    assert row.split()[1:4] == ["whole", "numbers", "dep_delay:"]
    told = " ".join(said.split())
    assert "of the rows of dep_delay are not whole numbers; at most 0.10% are allowed." in told
    assert "Look at what sends or joins dep_delay." in told
    assert "Since" not in said
    assert "f.csv is unlike training, whole numbers: dep_delay: " in said
    assert (status, len(predictions())) == (0, 1)


@pytest.mark.parametrize("declared", [True, False])
def test_refused_file_leaves_no_predictions_until_it_is_allowed(predict: Predict, many: Rows, declared: bool) -> None:
    """By the key or by the option; then the same predictions are there that a file of a usual run has, at once."""
    if declared:
        declare("{batch: refuse}")
    options = [] if declared else ["--unlike", "refuse"]
    for _ in range(2):
        status, said = predict(hours(many), *options)
        assert (status, predictions()) == (1, [])
    (line,) = [line for line in said.splitlines() if line.startswith("mainline: ")]
    assert line.startswith("mainline: f.csv is unlike training, whole numbers: dep_delay: ")
    assert "f.predictions/held" in line
    status, said = predict(hours(many), "--unlike", "report")
    assert (status, "1 part was there already" in said, len(predictions())) == (0, True, 1)
    found = predictions()
    assert predict(hours(many), "--unlike", "report", "--output", "other")[0] == 0
    assert found == [part.read_bytes() for part in sorted(Path("other/predictions").iterdir())]


def test_file_that_was_allowed_can_be_refused_later(predict: Predict, many: Rows) -> None:
    """Whoever asks that unlike files are refused finds none after a refusal, also if a run before gave them out."""
    assert predict(hours(many))[0] == 0
    assert predict(hours(many), "--unlike", "refuse")[0] == 1
    assert predictions() == []


def test_usual_file_passes_where_others_are_refused(predict: Predict, many: Rows) -> None:
    """Nothing is held back without a reason."""
    status, _ = predict(many, "--unlike", "refuse")
    assert (status, len(predictions())) == (0, 1)


def test_limits_and_severities_are_those_of_the_environment(predict: Predict, many: Rows) -> None:
    """What monitoring allows, or only reports, is allowed and reported of a file."""
    declare("{batch: refuse, support: {not_whole: 1.0}}")
    assert predict(hours(many))[0] == 0
    Path("deploy/production.yaml").unlink()
    Path("deploy").rmdir()
    declare("{batch: refuse, severity: {support: report}}")
    status, said = predict(hours(many), "--output", "other")
    assert (status, "  WARN  whole numbers" in said) == (0, True)


def test_few_rows_are_not_refused_and_said(predict: Predict, rows: Rows) -> None:
    """A file with fewer rows than a day needs says nothing of itself."""
    status, said = predict(hours(rows), "--unlike", "refuse")
    assert (status, len(predictions())) == (0, 1)
    assert "f.csv is not held to training: fewer than 200 of its rows are predicted." in said


def test_environment_that_nobody_declares_is_named(predict: Predict, rows: Rows) -> None:
    """A misspelt environment is one line; without any declared one, the defaults hold."""
    declare("{}")
    status, said = predict(rows, "--environment", "prodction")
    assert (status, "did you mean 'production'?" in said) == (1, True)
