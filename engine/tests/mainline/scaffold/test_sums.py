"""A label that is a weighted sum of columns is found, whatever else there is; one that is only near to one is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.contract import Array
from mainline.scaffold import questions
from mainline.scaffold.findings import Wishes
from tests.mainline.scaffold.samples import found, plan, write

STARS = [f"r{number}" for number in range(1, 11)]


def _films(rows: int = 600, decimals: int = 0) -> pd.DataFrame:
    """Return films: the share of each rating in percent, rounded, and the mean rating that follows from all of them."""
    random = np.random.default_rng(8)
    shares = random.dirichlet(np.full(10, 0.7), rows) * 100
    frame = pd.DataFrame(shares.round(decimals), columns=STARS)
    frame["length"] = random.normal(100, 20, rows).round()
    frame["genre"] = random.choice(["drama", "comedy"], rows)
    frame["rating"] = (shares @ np.arange(1, 11) / 100).round(1)
    return frame


def _noise(rows: int, columns: int) -> pd.DataFrame:
    random = np.random.default_rng(5)
    return pd.DataFrame(random.normal(size=(rows, columns)), columns=[f"x{number}" for number in range(columns)])


def _linear(features: pd.DataFrame, share: float) -> Array:
    """Return a label that is linear in three columns, with noise that makes them explain no more than a share of it."""
    signal = features["x0"] + 2 * features["x1"] - 3 * features["x2"]
    noise = np.random.default_rng(6).normal(0, signal.std() * np.sqrt((1 - share) / share), len(features))
    return np.asarray(signal + noise)


def test_weighted_mean_of_shares_is_a_leak(tmp_path: Path) -> None:
    """Shares of ratings whose weighted mean is the rating are left out together, although all of them are rounded."""
    made = plan(write(tmp_path, _films()), "rating")
    assert made.suspects == tuple(STARS)
    assert made.features == ("length", "genre")
    assert made.left_out["r1"].startswith("the label is a weighted sum (99.")
    assert made.left_out["r1"].endswith(" of its variance) of r1, r2, r3, r4 and 6 more")
    assert {*plan(write(tmp_path, _films()), "rating", keep=tuple(STARS)).features} == {*STARS, "length", "genre"}


def test_leak_of_many_columns_is_one_line_and_one_question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ten columns that say the label together are named in one line and asked for once."""
    made = plan(write(tmp_path, _films()), "rating")
    (line,) = found(made, "leak?")
    assert line.startswith("'r1', 'r2', 'r3', 'r4' and 6 more are left out: the label is a weighted sum (99.")
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    assert questions.ask(made, Wishes()).keep == tuple(STARS)
    assert len(asked) == 1


@pytest.mark.parametrize("columns", [5, 60, 1000])
def test_formula_is_found_among_many_columns(tmp_path: Path, columns: int) -> None:
    """The three columns of an exact formula are found among five and among more than there are rows."""
    rows = _noise(240, columns)
    made = plan(write(tmp_path, rows.assign(y=0.5 * rows["x0"] + 2 * rows["x1"] - 3 * rows["x2"] + 7)), "y")
    assert made.suspects == ("x0", "x1", "x2")
    assert made.left_out["x0"] == "the label is a weighted sum (exactly) of x0, x1, x2"


@pytest.mark.parametrize(("rows", "columns"), [(20, 4), (240, 5), (240, 60), (240, 1000), (3000, 5)])
@pytest.mark.parametrize("share", [0.9, 0.99])
def test_label_that_is_linear_with_noise_is_no_leak(tmp_path: Path, rows: int, columns: int, share: float) -> None:
    """Columns that explain 90 or 99 % of a label predict it well, as good features do."""
    table = _noise(rows, columns)
    assert plan(write(tmp_path, table.assign(y=_linear(table, share))), "y").suspects == ()


def test_gaps_and_repeated_columns_hide_no_formula(tmp_path: Path) -> None:
    """A formula is found if a part of it has gaps, is there twice, or stands beside a column that is mostly empty."""
    rows = _noise(600, 6)
    rows["y"] = 0.5 * rows["x0"] + 2 * rows["x1"] - 3 * rows["x2"]
    rows.loc[rows.index % 9 == 0, "x0"] = np.nan
    rows.loc[rows.index % 9 != 0, "x4"] = np.nan
    rows["again"] = rows["x1"] * 100
    made = plan(write(tmp_path, rows), "y")
    assert {"x0", "x1", "x2", "again"} == {*made.suspects}


@pytest.mark.parametrize(("rows", "columns"), [(300, 100), (2000, 400)])
def test_gaps_that_leave_no_row_whole_hide_no_formula(tmp_path: Path, rows: int, columns: int) -> None:
    """Of many columns that each lack some cells, those of a formula are found by the rows in which they have theirs."""
    table = _noise(rows, columns)
    exact, noisy = 0.5 * table["x0"] + 2 * table["x1"] - 3 * table["x2"], _linear(table, 0.99)
    table = table.mask(np.random.default_rng(7).random(table.shape) < 0.05)
    assert table.notna().all(axis=1).sum() < 10
    assert plan(write(tmp_path, table.assign(y=exact)), "y").suspects == ("x0", "x1", "x2")
    assert plan(write(tmp_path, table.assign(y=noisy)), "y").suspects == ()


@pytest.mark.parametrize(
    "other", [{"z": lambda rows: rows["x3"] + rows["x4"]}, {"z": lambda rows: np.full(len(rows), 5.0)}]
)
def test_collinear_and_constant_columns_are_no_formula(tmp_path: Path, other: dict[str, Any]) -> None:
    """Columns that follow from each other, and one that is the same in each row, say nothing of the label."""
    rows = _noise(240, 5).assign(**other)
    made = plan(write(tmp_path, rows.assign(y=_linear(rows, 0.9))), "y")
    assert made.suspects == ()
