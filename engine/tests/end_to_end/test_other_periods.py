"""The second use case by weeks and by days, through the pipeline, the gate's words and the window."""

import json
from pathlib import Path

import pytest

from tests import project
from tests.project import Project

MONTHS = 'MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06")'
FIRST = 'pd.date_range(f"{month}-01", periods=count, freq=f"{HOURS_BETWEEN}h", tz="UTC", unit="ms")'


WEEK = 'pd.date_range(pd.Timestamp.fromisocalendar(2024, int(month[-2:]), 1), periods=count, freq="1h", tz="UTC")'
DAY = 'pd.date_range(month, periods=count, freq="5min", tz="UTC")'
WEEKS = ("2024-W01", "2024-W02", "2024-W03", "2024-W04", "2024-W05", "2024-W06")
DAYS = ("2024-02-25", "2024-02-26", "2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01")


@pytest.mark.parametrize(
    ("periods", "unit", "first"),
    [(WEEKS, "week", WEEK), pytest.param(DAYS, "day", DAY, marks=pytest.mark.slow)],
    ids=["weeks", "days"],
)
def test_a_window_of_other_periods(tmp_path: Path, periods: tuple[str, ...], unit: str, first: str) -> None:
    """The window is cut, validated, measured and moved on in its own periods, over the end of a February as well."""
    made = project.copy(tmp_path / "project")
    project.replace_use_case(made)
    source = made.path / "src/usecase/source.py"
    text = source.read_text()
    assert MONTHS in text
    assert FIRST in text
    source.write_text(text.replace(MONTHS, f"MONTHS = {periods}").replace(FIRST, f'{first}.as_unit("ms")'))
    made.declare(data={"from": periods[0], "through": periods[-2]}, split={"test": 2})
    made.run("dvc", "repro", "--quiet")
    assert _window(made) == {
        "train": list(periods[:2]), "validation": list(periods[2:3]), "test": list(periods[3:5])
    }  # fmt: skip
    assert json.loads((made.path / "metrics/data.json").read_text())["quarantined"] == 0
    said = made.run("python", "-m", "mainline", "explain").stdout
    assert f"models of 1 {unit}," in said
    moved = made.run("python", "-m", "mainline", "window", "--advance").stdout
    assert f"to {periods[-1]}, was through {periods[-2]}. `make repro` takes the new {unit}." in moved


def _window(made: Project) -> dict[str, list[str]]:
    return dict(json.loads((made.path / "models/package/manifest.json").read_text())["window"])
