"""The written source delivers the periods that are asked for, and says what is beyond them."""

from pathlib import Path

import pandas as pd
import pytest

from mainline.errors import SourceError
from tests.mainline.scaffold.samples import ROWS, flats, plan, write, written_source


@pytest.mark.parametrize(
    ("unit", "last", "others"), [("month", "2024-06", 240 - 182), ("quarter", "2024-Q2", 58), ("day", "2024-08-26", 1)]
)
def test_rows_after_the_window_are_told(
    unit: str, last: str, others: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that grew by a period says so at each run, until the window takes it."""
    days = pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d")
    made = plan(write(tmp_path, flats().assign(sold=days)), period=unit)
    assert made.time
    fetch = written_source(made, tmp_path)["fetch"]
    periods = made.time.periods
    assert sum(len(rows) for _, _, rows in fetch(periods)) == ROWS
    assert capsys.readouterr().out == ""
    window = periods[: periods.index(last) + 1]
    assert sum(len(rows) for _, _, rows in fetch(window)) == ROWS - others
    said = f"  {others} rows are after {last}: `./mainline window --advance` takes the next {unit}\n"
    assert capsys.readouterr().out == said
    with pytest.raises(SourceError, match=r"no row is of 2031-0?.*; the last of 240 rows is of .*2024.* data.through"):
        next(fetch(["2031-01"]))
    assert [*fetch([])] == []
