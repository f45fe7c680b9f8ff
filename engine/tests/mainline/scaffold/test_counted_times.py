"""Numbers that count a time are named, since a model would take them for amounts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.look import advice, portraits, sources
from mainline.scaffold.findings import Wishes
from mainline.scaffold.table import Options
from tests.mainline.scaffold.samples import plan, write

SECONDS = (pd.date_range("2013-01-01 05:04", periods=200, freq="31h") - pd.Timestamp("1970-01-01")).total_seconds()


def said_of(folder: Path, numbers: object) -> list[str]:
    """Return what `look` says of a column of 200 numbers being a time."""
    rows = np.arange(200)
    file = write(folder, pd.DataFrame({"when": numbers, "y": rows % 7 + 0.5, "x": rows % 11}))
    gallery = portraits.paint(sources.of_files([file], "", Options(), Wishes()))
    return [sentence for sentence in advice.give(gallery) if "may be a time" in sentence]


@pytest.mark.parametrize(
    ("unit", "name", "factor"),
    [("s", "seconds", 1), ("ms", "milliseconds", 10**3), ("us", "microseconds", 10**6), ("ns", "nanoseconds", 10**9)],
)
def test_numbers_that_count_from_1970_are_named(tmp_path: Path, unit: str, name: str, factor: int) -> None:
    """The sentence says the unit, the days that come of it, and what to write."""
    (said,) = said_of(tmp_path, (SECONDS * factor).astype("int64"))
    assert said.startswith(
        f"'when' is taken as a number, and may be a time: {name} since 1970, from 2013-01-01 to 2013-09-15. If it is, "
    )
    assert f"unit='{unit}'" in said


def test_parts_of_a_second_are_no_hindrance(tmp_path: Path) -> None:
    """`time.time()` of Python has digits behind the point."""
    assert len(said_of(tmp_path, SECONDS + 0.125)) == 1


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(200) * 7 + 100, np.full(200, 1_400_000_000), np.arange(200) * 20_000_000, np.arange(200) % 2 * 1.4e9,
        np.arange(200) + 8_712_345_678_901,
    ],
    ids=["small", "one", "from 1970 on", "few", "barcodes"],
)  # fmt: skip
def test_other_numbers_are_not(tmp_path: Path, numbers: object) -> None:
    """Amounts, codes and what has few values are numbers."""
    assert said_of(tmp_path, numbers) == []


def test_days_of_a_spreadsheet_are_named_if_the_name_says_a_time(tmp_path: Path) -> None:
    """41275.25 in a column called `when` is the first of January 2013; prices of that size are prices."""
    days = 41275.25 + np.arange(200)
    (said,) = said_of(tmp_path, days)
    assert "may be a time: days since 1900, as in a spreadsheet, from 2013-01-01 to 2013-07-19. If it is, " in said
    (option,) = [part for part in said.split(", ") if part.startswith("origin=")]
    assert pd.to_datetime(days[0], unit="D", origin=option[8:18]) == pd.Timestamp("2013-01-01 06:00")
    rows = pd.DataFrame({"price": days, "when": days + 1, "y": np.arange(200) % 7 + 0.5, "x": np.arange(200) % 11})
    made = plan(write(tmp_path, rows), "y")
    (line,) = [finding for finding in made.findings if finding.about == "dates?"]
    assert line.found == "'when' is a number, and may be days since 1900, as in a spreadsheet: 2013-01-02 and later"
    assert line.option == "pandas.to_datetime(column, unit='D', origin='1899-12-30'), in the file"
