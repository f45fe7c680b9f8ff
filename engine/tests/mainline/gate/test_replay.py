"""Production is held to what it predicted when it was measured, on the rows that it shares with the candidate."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.data.storage import read_columns, write_columns
from mainline.gate import replay
from mainline.gate.holdout import Holdout
from tests.mainline.gate import samples

ROWS = Holdout(
    {"flight": np.array(["A1", "B2", "C3", "D4"], dtype=object), "time": np.array([10, 20, 30, 40])},
    label=np.array([1.0, 2.0, 3.0, 4.0]), cluster=np.zeros(4), slices={},
)  # fmt: skip


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A package's folder with three predictions: two on rows of the candidate's, in another order, and an older one."""
    table = {
        "flight": np.array(["C3", "B2", "A1"], dtype=object), "prediction_time": np.array([30, 20, 9]),
        "actual": np.array([3.0, 2.0, 1.0]), "predicted": np.array([0.3, 0.2, 0.1]), "baseline": np.zeros(3),
    }  # fmt: skip
    write_columns(table, tmp_path / replay.PREDICTIONS)
    return tmp_path


def package(tolerance: float = 0.0, probabilities: tuple[str, ...] = ()) -> Any:
    """Stand for a package as far as it is looked at here."""
    model = samples.predictor()
    model.request = [SimpleNamespace(name=name) for name in ROWS.request]
    model.features = SimpleNamespace(prediction_time=lambda columns: columns["time"])
    model.tolerance = tolerance
    model.response = SimpleNamespace(probabilities=list(probabilities))
    return model


@pytest.mark.parametrize(
    ("predicted", "tolerance", "found"),
    [
        ([9, 0.2, 0.3, 9], 0.0, (0, 2)),
        ([9, 0.2, 0.30001, 9], 0.0, (1, 2)),
        ([9, 0.2, 0.30001, 9], 1e-4, (0, 2)),
        ([9, 0.3, 0.2, 9], 0.0, (2, 2)),
        ([0.1, np.nan, 0.3, 9], 0.0, (1, 2)),
    ],
    ids=["same", "one", "stated", "swapped", "nan"],
)
def test_shared_rows_are_predicted_as_they_were(
    measured: Path, predicted: list[float], tolerance: float, found: tuple[int, int]
) -> None:
    """Rows are the same by key, time and label; others are not looked at, and last bits may move as stated."""
    assert replay.differing(package(tolerance), measured, ROWS, np.array(predicted)) == found


def test_row_whose_label_was_corrected_is_another_row(measured: Path) -> None:
    """What it is held to is what it said of the same data."""
    rows = Holdout(ROWS.request, np.array([1.0, 7.0, 3.0, 4.0]), ROWS.cluster, {})
    assert replay.differing(package(), measured, rows, np.zeros(4)) == (1, 1)


def test_rows_without_that_key_are_not_shared(measured: Path) -> None:
    """Where the candidate's requests no longer have the key, nothing is the same row."""
    model = package()
    model.request = [SimpleNamespace(name="time")]
    rows = Holdout({"time": ROWS.request["time"]}, ROWS.label, ROWS.cluster, {})
    assert replay.differing(model, measured, rows, np.zeros(4)) == (0, 0)


def test_probabilities_of_classes_are_held_to_what_they_were(measured: Path, tmp_path: Path) -> None:
    """A row counts once, whichever of its probabilities moved; the columns that hold them tell no row from another."""
    names = ("probability_a", "probability_b")
    table = read_columns(measured / replay.PREDICTIONS)
    write_columns(table | dict(zip(names, np.array([[0.7, 0.2, 0.5], [0.3, 0.8, 0.5]]), strict=True)),
                  tmp_path / replay.PREDICTIONS)  # fmt: skip
    now = np.array([[0.5, 0.5], [0.2, 0.8], [0.7, 0.3], [0.5, 0.5]])
    assert replay.differing(package(probabilities=names), tmp_path, ROWS, now) == (0, 2)
    now[2] = [0.3, 0.7]
    assert replay.differing(package(probabilities=names), tmp_path, ROWS, now) == (1, 2)


def test_rows_without_a_value_in_their_key_are_found_again(tmp_path: Path) -> None:
    """A key that is optional and absent is the same in both: NaN, which equals nothing, does not hide a row."""
    rows = replace(ROWS, request={**ROWS.request, "flight": np.array([1, np.nan, 3, 4])})
    table = {
        "flight": np.array([np.nan, 3]), "prediction_time": np.array([20, 30]), "actual": np.array([2.0, 3.0]),
        "predicted": np.array([0.2, 0.3]),
    }  # fmt: skip
    write_columns(table, tmp_path / replay.PREDICTIONS)
    assert replay.differing(package(), tmp_path, rows, np.array([9, 0.2, 0.3, 9])) == (0, 2)
