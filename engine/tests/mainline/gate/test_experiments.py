"""What the gate takes from `./mainline explain`."""

from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.gate import experiments
from tests.project import FLIGHTS

HEAD = "feature,loss,low,high,metric,correlated_with,correlation,microseconds,bytes\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without anything measured, as the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("metrics").mkdir()


def test_the_shipped_tables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every feature has its worth, and staleness is a line over the months of age."""
    monkeypatch.chdir(FLIGHTS)
    found = experiments.read_worth("flight-delay", "rmse")
    assert (len(found), any(worth.stale for worth in found)) == (20, False)
    (line,) = experiments.read_staleness("flight-delay", "rmse")[0].series
    assert (line.name, [point.x for point in line.points]) == ("candidate", [0, 1, 2, 3])


def test_without_tables_there_is_nothing() -> None:
    """Nobody has to run `./mainline explain` before the gate."""
    assert (experiments.read_worth("flight-delay", "rmse"), experiments.read_staleness("flight-delay", "rmse")) == (
        (),
        [],
    )


def test_what_could_not_be_measured_is_left_out() -> None:
    """An empty cell is an unknown number."""
    Path("metrics/worth.csv").write_text(f"{HEAD}temp,0.1,,,16.2,,,0.2,0\nseats,0.1,0.0,0.2,16.2,,,0.2,0\n")
    assert [worth.feature for worth in experiments.read_worth("flight-delay", "rmse")] == ["seats"]


def test_what_was_measured_for_another_model_is_left_out() -> None:
    """Rows of another model are none of the candidate's, and rows that name none are its own."""
    rows = "malignancy,temp,0.1,0,1,1,,,0.2,0\nflight-delay,seats,0.1,0.0,0.2,16.2,,,0.2,0\n"
    Path("metrics/worth.csv").write_text(f"model,{HEAD}{rows}")
    assert [worth.feature for worth in experiments.read_worth("flight-delay", "rmse")] == ["seats"]
    Path("metrics/staleness.csv").write_text("model,unit,age,relative\nmalignancy,month,0,0.0\n")
    assert experiments.read_staleness("flight-delay", "rmse") == []


@pytest.mark.parametrize("trained", ["model,", "model,trained,"], ids=["not recorded", "another"])
def test_what_was_measured_on_an_earlier_model_says_so(trained: str) -> None:
    """Worth and staleness of a model that was trained before are marked, and so are those that do not say of which."""
    start = "flight-delay," + ("0123456789ab," if "trained" in trained else "")
    Path("metrics/worth.csv").write_text(f"{trained}{HEAD}{start}seats,0.1,0.0,0.2,16.2,,,0.2,0\n")
    assert [worth.stale for worth in experiments.read_worth("flight-delay", "rmse")] == [True]
    Path("metrics/staleness.csv").write_text(f"{trained}age_months,relative\n{start}0,0.0\n")
    assert experiments.read_staleness("flight-delay", "rmse")[0].series[0].name == "an earlier model or metric"


def test_what_was_measured_by_another_metric_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the primary metric worth and staleness are marked, although no model was trained again."""
    monkeypatch.chdir(FLIGHTS)
    assert all(worth.stale for worth in experiments.read_worth("flight-delay", "mae"))
    assert experiments.read_staleness("flight-delay", "mae")[0].series[0].name == "an earlier model or metric"


@pytest.mark.parametrize("text", [f"{HEAD}temp,high,0,0,0,,,0,0\n", "feature,loss\ntemp,0.1\n", f"{HEAD}temp,0.1\n"])
def test_a_damaged_table_is_one_clear_error(text: str) -> None:
    """A table with conflict marks or lost columns names itself and the way back."""
    Path("metrics/worth.csv").write_text(text)
    with pytest.raises(MainlineError, match=r"metrics/worth\.csv is damaged\. Restore it with `git checkout"):
        experiments.read_worth("flight-delay", "rmse")
