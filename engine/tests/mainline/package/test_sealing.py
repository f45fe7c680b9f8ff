"""The tables of a package: every test month finds in them what it was prepared with."""

from pathlib import Path

import numpy as np
import pytest

from mainline.contract import Array, FeatureTable
from mainline.data.storage import write_columns
from mainline.errors import MainlineError
from mainline.package import sealing

DECLARED = FeatureTable("traffic", "road", ("cars",), keep=5)
MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of one road with a row each ten minutes, a hundred to a month."""
    monkeypatch.chdir(tmp_path)
    for place, month in enumerate(MONTHS):
        time = np.arange(100) * 10 + place * 1000
        rows = {"key": np.array(["A1"] * 100, object), "time": time, "cars": time.astype(np.float64)}
        write_columns(rows, sealing.FOLDER / DECLARED.name / f"{month}.parquet")


def strange(sealed_from: int, month: int, moment: Array) -> int:
    """Count the rows of a month, predicted at given minutes, that tables from another month on answer otherwise."""
    sealed = {DECLARED.name: sealing.read(DECLARED, MONTHS[sealed_from:])}
    request = {"road": np.array(["A1"] * len(moment), object)}
    names = (MONTHS[month - 1], MONTHS[month])
    return int(sealing.strangers([DECLARED], sealed, names, request, moment).sum())


@pytest.mark.parametrize("month", [1, 2, 3])
def test_tables_over_the_test_months_know_what_each_knew(month: int) -> None:
    """No row of any test month is answered otherwise, its first and its last minute included."""
    assert strange(0, month, np.arange(1000) + month * 1000) == 0


def test_tables_that_lack_a_test_month_are_refused() -> None:
    """Tables of the newest two months alone, under three test months, leave a month without its lookups."""
    with pytest.raises(MainlineError, match=r"600 of 1,000 rows of 2024-02 are predicted outside of .*set split.test"):
        strange(2, 1, np.arange(1000) + 1000)


def test_rows_that_are_predicted_in_the_next_month_are_counted() -> None:
    """A few may know more than they did, since the next month's rows were not there when they were prepared."""
    assert strange(0, 1, np.append(np.arange(1000) + 1000, [2001, 2002])) == 2


def test_a_table_that_does_not_go_by_months_is_taken_whole() -> None:
    """One file holds all of it."""
    clocks = FeatureTable("clocks", "road", ("offset",))
    rows = {"key": np.array(["A1"], object), "time": np.array([0]), "offset": np.array([60.0])}
    write_columns(rows, sealing.FOLDER / "clocks.parquet")
    assert len(sealing.read(clocks, MONTHS)) == 1
