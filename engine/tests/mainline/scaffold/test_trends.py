"""Numbers that only grow are left out, or named: the first rows of production lie beyond all that were fitted."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from mainline.scaffold import outline, settings
from tests.mainline.scaffold.samples import ROWS, flats, found, plan, write

STEP = np.arange(ROWS)
DAYS = pd.date_range("2018-01-01", periods=ROWS, freq="7D")
GROWS = ": it only grows or falls with time: each new one is beyond those that were fitted"


@pytest.mark.parametrize(
    "values", [DAYS.year, STEP * 3 + 7.5, -(STEP**2), DAYS.year * 1.0], ids=["year", "counter", "falling", "float"]
)
def test_number_that_grows_with_time_is_left_out(tmp_path: Path, values: Any) -> None:
    """A year beside a date, a counter and what falls in the same way are left out, unless they are kept."""
    path = write(tmp_path, flats().assign(sold=DAYS.strftime("%Y-%m-%d"), grown=values).sample(frac=1, random_state=1))
    made = plan(path)
    assert "grown" not in made.features
    assert f"'grown'{GROWS}" in found(made, "left out")
    assert "grown" in plan(path, keep=("grown",)).features


def test_text_that_never_comes_back_is_left_out(tmp_path: Path) -> None:
    """The name of a season, of which production has another one, is left out; a weekday and a flag are features."""
    seasons = [f"season {year}" for year in DAYS.year]
    rows = flats().assign(sold=DAYS.strftime("%Y-%m-%d"), season=seasons, month=DAYS.month_name())
    made = plan(write(tmp_path, rows.assign(after=np.where(STEP > 100, "yes", "no")).sample(frac=1, random_state=2)))
    assert {"month", "after"} < {*made.features}
    assert "season" not in made.features
    said = "'season': none of its texts comes back later: each new one is beyond those that were fitted"
    assert said in found(made, "left out")


@pytest.mark.parametrize(
    "values",
    [np.where(STEP > 100, 1, 0), DAYS.month, STEP + STEP % 5 * 9, np.where(STEP == 9, np.nan, STEP)],
    ids=["flag", "month", "mostly", "gap"],
)
def test_other_numbers_are_features(tmp_path: Path, values: Any) -> None:
    """A flag, the month, and a number that mostly grows are features."""
    path = write(tmp_path, flats().assign(sold=DAYS.strftime("%Y-%m-%d"), grown=values))
    assert "grown" in plan(path).features


def test_year_of_a_time_is_left_out_beside_other_features(tmp_path: Path) -> None:
    """The year of times that are years is a feature if it is kept, or nothing else is there to learn from."""
    years = flats().assign(sold=1950 + STEP // 6)
    path = write(tmp_path, years)
    made = plan(path, time="sold")
    assert outline.derived(made) == {}
    assert found(made, "left out") == ["the year of 'sold': each new one is beyond those that were fitted"]
    assert list(outline.derived(plan(path, time="sold", keep=("sold",)))) == ["sold: year"]
    alone = plan(write(tmp_path, years[["sold", "price €"]]), time="sold")
    assert list(outline.derived(alone)) == ["sold: year"]
    assert re.search(r"- '?sold: year'? +# inferred: each new one is beyond", settings.params(alone))


def test_year_of_a_table_without_time_is_marked(tmp_path: Path) -> None:
    """Rows of a panel that are split by a hash keep their year as a feature, and plan and parameters say what it is."""
    made = plan(write(tmp_path, flats().assign(year=2000 + STEP % 9)))
    assert "year" in made.features
    assert "'year' holds years, which only grow: each new one is beyond those that were fitted" in found(
        made, "features"
    )
    text = settings.params(made)
    assert "- year                     # inferred: each new one is beyond those that were fitted" in text
    assert "year" in yaml.safe_load(text)["features"]
