"""What the gate takes from `./mainline explain`."""

from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.gate import experiments, history
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
    assert experiments.read_staleness("flight-delay", "rmse")[0].series[0].name == "another model or metric"


def test_what_was_measured_by_another_metric_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the primary metric worth and staleness are marked, although no model was trained again."""
    monkeypatch.chdir(FLIGHTS)
    assert all(worth.stale for worth in experiments.read_worth("flight-delay", "mae"))
    assert experiments.read_staleness("flight-delay", "mae")[0].series[0].name == "another model or metric"


@pytest.mark.parametrize("text", [f"{HEAD}temp,high,0,0,0,,,0,0\n", "feature,loss\ntemp,0.1\n", f"{HEAD}temp,0.1\n"])
def test_a_damaged_table_is_one_clear_error(text: str) -> None:
    """A table with conflict marks or lost columns names itself and the way back."""
    Path("metrics/worth.csv").write_text(text)
    with pytest.raises(MainlineError, match=r"metrics/worth\.csv is damaged\. Restore it with `git checkout"):
        experiments.read_worth("flight-delay", "rmse")


TABLE = """\
model,base,primary,name,trained,value,difference,low,high,verdict,changed,note
flight-delay,4cf2fe8,rmse,4cf2fe8,16808731f1db,16.2972,,,,,,
flight-delay,4cf2fe8,rmse,coarse,{trained},16.2613,-0.0022,-0.0125,0.0065,no worse,max_leaf_nodes 31 -> 15,smaller
malignancy,4cf2fe8,rmse,other,06bae0a6c268,16.2613,-0.0022,-0.0125,0.0065,no worse,,
"""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of a table whose second model is the candidate; it is in the folder."""
    monkeypatch.setattr(experiments, "trained_hash", lambda: "0123456789ab")
    text = TABLE.format(trained="0123456789ab")
    Path("metrics/experiments.csv").write_text(text)
    return text


@pytest.mark.usefixtures("kept")
def test_experiments_come_with_the_candidate() -> None:
    """Each row of the candidate's model is read, and the one of the trained model is marked; another model's is not."""
    start, coarse = experiments.read_experiments("flight-delay", "")
    assert (start.name, start.difference, start.is_candidate) == ("4cf2fe8", None, False)
    assert (coarse.name, coarse.difference, coarse.low, coarse.high) == ("coarse", -0.0022, -0.0125, 0.0065)
    assert (coarse.is_candidate, coarse.verdict, coarse.note) == (True, "no worse", "smaller")
    assert coarse.changed == "max_leaf_nodes 31 -> 15"


def test_experiments_of_another_model_are_marked_by_nothing(kept: str) -> None:
    """After an edit the candidate is none of the experiments; the base is never marked."""
    Path("metrics/experiments.csv").write_text(kept.replace("0123456789ab", "ba9876543210"))
    assert [one.is_candidate for one in experiments.read_experiments("flight-delay", "")] == [False, False]
    Path("metrics/experiments.csv").write_text(kept.replace("16808731f1db", "0123456789ab"))
    assert [one.is_candidate for one in experiments.read_experiments("flight-delay", "")] == [False, True]


def test_experiments_of_an_earlier_pull_request_are_left_out(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that production has too is not shown again; one that is other than production's is."""
    held = {"of now": kept, "of before": kept.replace("coarse", "fine")}
    monkeypatch.setattr(history, "show", lambda commit, _path: held[commit])
    assert experiments.read_experiments("flight-delay", "of now") == ()
    assert len(experiments.read_experiments("flight-delay", "of before")) == 2


def test_an_experiment_that_nobody_could_measure_is_left_out(kept: str) -> None:
    """One whose data is elsewhere and that recorded another metric has no value, and stops no gate."""
    Path("metrics/experiments.csv").write_text(kept.replace("16.2613,-0.0022,-0.0125,0.0065,no worse", ",,,,", 1))
    assert [one.name for one in experiments.read_experiments("flight-delay", "")] == ["4cf2fe8"]


def test_without_experiments_there_is_no_table() -> None:
    """Nobody has to use experiments."""
    assert experiments.read_experiments("flight-delay", "") == ()


@pytest.mark.parametrize(("old", "new"), [("16.2613", "better"), ("verdict", "said"), ("-0.0125", "inf")])
def test_damaged_experiments_are_one_clear_error(kept: str, old: str, new: str) -> None:
    """A table with another head or with words for numbers names itself and the way back."""
    Path("metrics/experiments.csv").write_text(kept.replace(old, new, 1))
    with pytest.raises(MainlineError, match=r"metrics/experiments\.csv is damaged\. Restore it with `git checkout"):
        experiments.read_experiments("flight-delay", "")
