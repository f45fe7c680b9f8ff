"""Rows without a time: a few go to quarantine, and the others are split by time all the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from mainline.scaffold import outline, settings
from mainline.scaffold.findings import Finding
from mainline.scaffold.plan import Plan
from tests.mainline.scaffold.samples import ROWS, flats, plan, write, written_source

DAYS = pd.date_range("2023-01-01", periods=ROWS)
FEW = [0, 20, 31, 100]
"""Rows of the table without a time: the first of all, two in one month, and the first of another month."""


def _dated(absent: list[int], times: Any = None) -> pd.DataFrame:
    sold = pd.Series(DAYS.strftime("%Y-%m-%d") if times is None else times).astype(object)
    return flats().assign(sold=sold.mask(np.isin(np.arange(ROWS), absent), None))


def _about(made: Plan, about: str) -> list[Finding]:
    return [finding for finding in made.findings if finding.about == about]


def _fetched(made: Plan, folder: Path) -> dict[str, pd.DataFrame]:
    """Return what the written `fetch` delivers of the file, by period."""
    assert made.time is not None
    return {period: rows for _, period, rows in written_source(made, folder)["fetch"](made.time.periods)}


@pytest.mark.parametrize(
    ("times", "wishes"),
    [
        (None, {}),
        (DAYS.strftime("%d.%m.%Y 07:30"), {"zone": "America/Los_Angeles"}),
        (DAYS.strftime("%Y-%m-%dT07:30:00+01:00"), {}),
        (DAYS.strftime("%Y%m%d").astype(int), {"time": "sold", "period": "month"}),
    ],
    ids=["days", "a local clock", "with a zone", "whole numbers"],
)
def test_few_rows_without_a_time_are_delivered(tmp_path: Path, times: Any, wishes: dict[str, Any]) -> None:
    """The split is by time, every row is delivered once, and one without a time with the rows that it stands among."""
    made = plan(write(tmp_path, _dated(FEW, times)), **wishes)
    _check_delivered(made, tmp_path)


def test_few_rows_of_parquet_without_a_time_are_delivered(tmp_path: Path) -> None:
    """The same of a file whose times are times and not text."""
    _dated(FEW, DAYS).astype({"sold": "datetime64[us]"}).to_parquet(tmp_path / "flats.parquet")
    _check_delivered(plan(tmp_path / "flats.parquet"), tmp_path)


def _check_delivered(made: Plan, folder: Path) -> None:
    assert made.time is not None
    assert [finding.found for finding in _about(made, "missing")] == [
        f"'sold' in 4 rows of {ROWS}, which go to quarantine"
    ]
    delivered = _fetched(made, folder)
    assert sum(map(len, delivered.values())) == ROWS
    absent = {period: int(rows["sold"].isna().sum()) for period, rows in delivered.items()}
    assert {period: number for period, number in absent.items() if number} == {
        "2023-01": 3, "2023-04": 1
    }  # fmt: skip
    assert delivered["2023-01"]["sold"].isna().tolist()[0]


def test_limits_let_the_rows_without_a_time_into_quarantine(tmp_path: Path) -> None:
    """What is written passes the worst month and the gate, and is not much more than this table needs."""
    made = plan(write(tmp_path, _dated(FEW)))
    written = yaml.safe_load(settings.params(made))
    assert 3 / 32 < written["limits"]["quarantined_share"] <= 3 * 3 / 32
    assert len(FEW) / ROWS < written["gate"]["quarantined_share"] <= 3 * len(FEW) / ROWS
    usual = yaml.safe_load(settings.params(plan(write(tmp_path, _dated([])))))
    assert (usual["limits"]["quarantined_share"], usual["gate"]["quarantined_share"]) == (0.01, 0.001)


def test_example_has_a_time(tmp_path: Path) -> None:
    """The request that README and tests show is of a row that has a time, although another row lacks no other cell."""
    rows = _dated(FEW).astype(object)
    rows.loc[~rows.index.isin(FEW), "city"] = None
    assert outline.example(plan(write(tmp_path, rows)))["sold"] != "NaT:00Z"


def test_many_rows_without_a_time_are_a_persons_decision(tmp_path: Path) -> None:
    """Beyond a few the rows are split by a hash, and the plan names the option that takes the time all the same."""
    absent = list(range(0, ROWS, 10))
    path = write(tmp_path, _dated(absent))
    made = plan(path)
    assert made.time is None
    assert [(finding.found, finding.option) for finding in _about(made, "time")] == [
        (f"none: 'sold' is missing in 24 rows of {ROWS}; as the time it costs these rows", "--time sold")
    ]
    told = plan(path, time="sold")
    assert told.time is not None
    assert told.time.rows_of_test == int(np.isin(told.time.named, told.time.periods[-told.time.test :]).sum())
    assert yaml.safe_load(settings.params(told))["limits"]["quarantined_share"] >= 4 / 30


@pytest.mark.parametrize("values", [np.arange(ROWS) // 2, [f"season {day // 40}" for day in range(ROWS)]])
def test_what_grows_with_time_is_found_beside_gaps(tmp_path: Path, values: Any) -> None:
    """A counter and the name of a season are left out, also if some rows have no time."""
    made = plan(write(tmp_path, _dated(FEW).assign(goes=values)))
    assert "each new one is beyond" in made.left_out["goes"]


@pytest.mark.parametrize(
    ("times", "said"),
    [(DAYS, "'sold' tells the rows apart"), (DAYS.repeat(2)[:ROWS], "no column tells the rows apart")],
)
def test_time_that_tells_the_rows_apart_is_named(tmp_path: Path, times: Any, said: str) -> None:
    """Of data with one row per day the plan does not say that nothing tells its rows apart."""
    made = plan(write(tmp_path, _dated([5], times.strftime("%Y-%m-%d")).drop(columns="id")))
    assert [finding.found for finding in _about(made, "key")] == [f"none: {said}"]
