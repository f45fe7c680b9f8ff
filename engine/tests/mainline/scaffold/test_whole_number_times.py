"""Times that are whole numbers, such as a year: read as such if a person says so, or nothing else can be meant."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.scaffold import outline, usecase
from mainline.scaffold.dialect import TableError
from mainline.scaffold.plan import Plan
from tests.mainline.scaffold.samples import ROWS, flats, found, plan, write, written_source

STEP = np.arange(ROWS)
YEARS = 1950 + STEP // 6
MONTHS = (2020 + STEP // 8 // 12) * 100 + STEP // 8 % 12 + 1
DAYS = pd.date_range("2023-01-01", periods=ROWS).strftime("%Y%m%d").astype(int).to_numpy()


def _plan(folder: Path, values: Any, kind: str = "csv", **wishes: Any) -> Plan:
    rows = flats().assign(sold=values)
    if kind == "csv":
        return plan(write(folder, rows), **wishes)
    rows.to_parquet(folder / "flats.parquet")
    return plan(folder / "flats.parquet", **wishes)


MOMENTS = pd.date_range("2023-01-01 05:04:09", periods=ROWS, freq="30h").strftime("%Y%m%d%H%M%S").astype(int).to_numpy()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("values", [DAYS, MOMENTS, MOMENTS // 100], ids=["days", "seconds", "minutes"])
def test_numbers_that_are_all_days_are_times_unasked(tmp_path: Path, values: Any, kind: str) -> None:
    """20230131, also with its clock behind, is the time of the rows; beside another time it is left out."""
    made = _plan(tmp_path, values, kind)
    assert made.time is not None
    assert made.time.name == "sold"
    _check_source(made, tmp_path)
    days = pd.date_range("2023-01-01", periods=ROWS).strftime("%Y-%m-%d")
    rows = flats().assign(paid=days, sold=values)
    assert plan(write(tmp_path, rows)).left_out["sold"] == "it is another time: known when?"
    assert plan(write(tmp_path, flats().assign(birth=values))).time is None


def test_infinite_numbers_are_no_days(tmp_path: Path) -> None:
    """Such a column is left out for what it holds, and not taken for a time."""
    made = _plan(tmp_path, np.where(STEP == 3, np.inf, 20_230_101.0 + STEP % 28), "parquet")
    assert (made.time, made.left_out["sold"]) == (None, "it holds numbers beyond 1e+37")


@pytest.mark.parametrize("form", ["%G-W%V", "%GW%V", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M", "%Y%m%d %H:%M"])
def test_compact_forms_of_iso_8601_are_read(tmp_path: Path, form: str) -> None:
    """Weeks stand for their Monday, and stamps without signs between are moments, as the plan and the source say."""
    days = pd.date_range("2023-01-02 00:00", periods=ROWS, freq="7D" if "V" in form else "37h")
    made = _plan(tmp_path, days.strftime(form))
    assert made.time is not None
    assert (made.time.values == days.floor("min" if "%S" not in form else "s").to_numpy("datetime64[ns]")).all()
    assert next(iter(outline.derived(made))) == ("sold: month" if "V" in form else "sold: weekday")
    _check_source(made, tmp_path)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("cast", [int, float])
@pytest.mark.parametrize(
    ("values", "unit", "first", "derived"),
    [
        (YEARS, "year", "1950", ["sold: year"]),
        (MONTHS, "month", "2020-01", ["sold: month"]),
        (DAYS, "month", "2023-01", ["sold: weekday"]),
    ],
    ids=["years", "months", "days"],
)
def test_named_numbers_are_times(
    tmp_path: Path, values: Any, unit: str, first: str, derived: list[str], cast: type, kind: str
) -> None:
    """1950, 195001 and 19500131 cut the data into periods; with fractions of 0 as well, as a package may write them."""
    chosen = {"period": "month"} if values is DAYS else {}
    made = _plan(tmp_path, values.astype(cast), kind, time="sold", keep=("sold",), **chosen)
    assert made.time is not None
    assert (made.time.unit, made.time.periods[0]) == (unit, first)
    assert list(outline.derived(made)) == derived
    assert "whole numbers read as %Y" in found(made, "time")[0]
    _check_source(made, tmp_path)


def _check_source(made: Plan, folder: Path) -> None:
    """Read the file with the `read` that is written, and compare its times with those of the plan."""
    rows = written_source(made, folder)["read"](made.table.files[0])
    assert made.time is not None
    assert (rows["sold"].dt.tz_localize(None).to_numpy("datetime64[ns]") == made.time.values).all()


@pytest.mark.parametrize(("values", "formula"), [(YEARS, YEARS), (MONTHS, MONTHS % 100)], ids=["years", "months"])
def test_feature_of_a_year_is_the_year(tmp_path: Path, values: Any, formula: Any) -> None:
    """A time that is a year gives the year, if it is kept, and one that is a month the month, and no weekday."""
    made = _plan(tmp_path, values, time="sold", keep=("sold",))
    module = tmp_path / "features.py"
    text = usecase.files(made)["src/usecase/features.py"]
    assert "EPOCH_WEEKDAY" not in text
    module.write_text(text, encoding="utf-8")
    assert made.time is not None
    rows = flats()
    columns = {name: rows[name].to_numpy() for name in ("area m²", "rooms", "city")}
    columns["sold"] = made.time.values.astype("datetime64[m]").astype(np.int64)
    computed = runpy.run_path(str(module))["compute"](columns, {})
    (name,) = outline.derived(made)
    assert computed[name].tolist() == formula.tolist()


def test_year_of_each_row_is_its_time(tmp_path: Path) -> None:
    """A series of years needs no option; the year of several rows is a feature, and the plan names the option."""
    series = pd.DataFrame({"YEAR": np.arange(1800, 1800 + 200.0), "spots": np.arange(200) % 11 * 1.5})
    made = plan(write(tmp_path, series), "spots")
    assert made.time is not None
    assert (made.time.unit, made.time.periods[0], made.key) == ("year", "1800", "")
    panel = flats().assign(year=YEARS)
    made = plan(write(tmp_path, panel))
    assert (made.time, "year" in made.features) == (None, True)
    assert [(each.found, each.option) for each in made.findings if each.about == "time"] == [
        ("none: rows are split by a hash, not by 'year', which is a feature", "--time year")
    ]


@pytest.mark.parametrize(
    "values", [STEP, np.where(STEP < 9, 202013, 202001), YEARS + 0.5, np.where(STEP < 9, 3, YEARS), np.full(ROWS, 9999)]
)
def test_other_numbers_are_no_time(tmp_path: Path, values: Any) -> None:
    """A number that no calendar has is refused as a time, and the line says which numbers can be."""
    said = (
        "'sold' is not a column of times; those are none. Whole numbers such as 1950, 195001 or 19500131 can be times."
    )
    with pytest.raises(TableError, match=said):
        _plan(tmp_path, values, time="sold")
