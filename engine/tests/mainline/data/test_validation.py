"""Batches against their schema: accepted, quarantined, or refused whole."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandera.pandas import Check, Column, DataFrameSchema

from mainline.data.validation import check, check_share
from mainline.errors import LimitError, SchemaError

SCHEMA = DataFrameSchema(
    {
        "day": Column("int64", Check.in_range(1, 31)),
        "code": Column("str", Check.str_length(2, 2)),
        "temp": Column("float64", Check.in_range(-60, 130), nullable=True),
        "wind": Column("float64", Check.in_range(0, 200)),
    },
    strict=True,
    unique=["day", "code"],
    name="weather",
)
ROWS = 6

Change = Callable[[pd.DataFrame], pd.DataFrame]


def batch() -> pd.DataFrame:
    """Return rows that keep the schema; one has no temperature, which it may."""
    return pd.DataFrame(
        {
            "day": np.arange(1, ROWS + 1),
            "code": pd.Series(["UA", "AA"] * (ROWS // 2), dtype="str"),
            "temp": [np.nan, *np.linspace(-10, 90, ROWS - 1)],
            "wind": np.linspace(0, 30, ROWS),
        }
    )


def changed(*cells: tuple[int, str, Any]) -> pd.DataFrame:
    """Return the batch with other values in cells of (row, column)."""
    rows = batch()
    for row, column, value in cells:
        rows.loc[row, column] = value
    return rows


def test_clean_batch_is_untouched() -> None:
    """Rows that keep the schema are accepted as they are, and the quarantine is empty but for its columns."""
    checked = check(batch(), SCHEMA, "weather", "2013-01")
    pd.testing.assert_frame_equal(checked.accepted, batch())
    assert len(checked.quarantined) == 0
    assert list(checked.quarantined) == [*batch(), "reasons"]
    assert checked.reasons == {}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", None])
def test_rows_of_another_month_go_to_quarantine(zone: str | None) -> None:
    """A row a day or more outside of its batch's month is rejected; the clock of another place is not another month."""
    texts = ["2013-01-15", "2012-12-31T10:00", "2013-02-01T12:00", "2012-12-29", "2013-02-02T14:00", "NaT"]
    rows = batch().assign(at=pd.to_datetime(texts, format="ISO8601").tz_localize(zone))
    schema = SCHEMA.add_columns({"at": Column(str(rows["at"].dtype), nullable=True)})
    checked = check(rows, schema, "weather", "2013-01", "at")
    assert checked.reasons == {"at is of another month": 2}
    assert checked.quarantined["day"].tolist() == [4, 5]
    assert checked.accepted["day"].tolist() == [1, 2, 3, 6]
    assert check(rows, schema, "weather", "", "at").reasons == {}
    assert check(rows, schema, "weather", "2013-01").reasons == {}


def test_a_row_may_be_rejected_for_two_reasons() -> None:
    """A row of another month that also fails its schema is rejected once, with both reasons."""
    rows = changed((2, "wind", 1048.0)).assign(at=pd.Timestamp("2014-05-01", tz="UTC"))
    schema = SCHEMA.add_columns({"at": Column(str(rows["at"].dtype))})
    checked = check(rows, schema, "weather", "2013-01", "at")
    assert checked.reasons == {"at is of another month": ROWS, "wind fails in_range(0, 200)": 1}
    assert checked.quarantined["reasons"][2] == "wind fails in_range(0, 200); at is of another month"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop(columns="temp"), "column 'temp' is missing"),
        (lambda rows: rows.drop(columns="code"), "column 'code' is missing"),
        (lambda rows: rows.drop(columns=["code", "temp"]), "column 'code' is missing; column 'temp' is missing"),
        (lambda rows: rows.assign(gust=1.0), "column 'gust' is unexpected"),
        (lambda rows: rows.rename(columns={"wind": "gust"}), "column 'gust' is unexpected; column 'wind' is missing; "),
        (lambda rows: rows.rename(columns={"wind": "gust", "temp": "heat"}), "([^;]+; ){3}[^;]+ is missing. Corr"),
        (lambda rows: rows.astype({"day": "float64"}), "column 'day' is float64, declared is int64"),
        (lambda rows: rows.assign(day=np.where(rows["day"] > 2, rows["day"], np.nan)), "column 'day' is float64, decl"),
        (lambda rows: rows.assign(wind=rows["code"]), "column 'wind' is str, declared is float64"),
        (lambda rows: rows.assign(code=1), "column 'code' is int64, declared is str"),
    ],
)  # fmt: skip
def test_other_columns_stop_the_batch(change: Change, said: str) -> None:
    """A missing, unexpected or ill-typed column refuses the batch in one line that names table, month and column."""
    with pytest.raises(SchemaError, match=f"^weather 2013-01: {said}") as raised:
        check(change(batch()), SCHEMA, "weather", "2013-01")
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ([(2, "wind", 1048.0)], {"wind fails in_range(0, 200)": 1}),
        ([(2, "wind", np.inf)], {"wind fails in_range(0, 200)": 1}),
        ([(2, "wind", np.nan)], {"wind is missing": 1}),
        ([(2, "code", None)], {"code is missing": 1}),
        ([(2, "day", 1), (2, "code", "UA")], {"key is repeated": 2}),
        ([(2, "wind", -1.0), (2, "day", 32)], {"day fails in_range(1, 31)": 1, "wind fails in_range(0, 200)": 1}),
        ([(1, "wind", -1.0), (4, "wind", -1.0)], {"wind fails in_range(0, 200)": 2}),
        (
            [(0, "temp", 131.0), (0, "code", "UAL")],
            {"code fails str_length(2, 2)": 1, "temp fails in_range(-60, 130)": 1},
        ),
    ],
    ids=["impossible", "infinite", "missing number", "missing text", "repeated key", "two reasons", "two rows", "text"],
)
def test_impossible_rows_are_quarantined_and_counted(
    cells: list[tuple[int, str, Any]], reasons: dict[str, int]
) -> None:
    """Rows with impossible, missing or repeated values are set apart as they were, with every reason counted."""
    rows = changed(*cells)
    checked = check(rows, SCHEMA, "weather", "2013-01")
    assert checked.reasons == reasons
    apart = [0, 2] if "key is repeated" in reasons else sorted({row for row, _, _ in cells})
    pd.testing.assert_frame_equal(checked.quarantined.drop(columns="reasons"), rows.loc[apart].reset_index(drop=True))
    pd.testing.assert_frame_equal(checked.accepted, rows.drop(index=apart).reset_index(drop=True))
    assert sum(len(text.split("; ")) for text in checked.quarantined["reasons"]) == sum(reasons.values())


def test_row_with_two_reasons_has_both() -> None:
    """Every reason stands beside the row it is about."""
    checked = check(changed((2, "wind", -1.0), (2, "day", 32), (4, "wind", -1.0)), SCHEMA, "weather", "2013-01")
    assert checked.quarantined["reasons"].tolist() == [
        "day fails in_range(1, 31); wind fails in_range(0, 200)",
        "wind fails in_range(0, 200)",
    ]


@given(
    cells=st.lists(
        st.tuples(
            st.integers(0, ROWS - 1),
            st.sampled_from([
                ("day", 0), ("day", 1), ("day", 2), ("code", None), ("code", "UA"), ("code", "long"), ("temp", np.nan),
                ("temp", -400.0), ("wind", np.nan), ("wind", 1048.0), ("wind", 5.0),
            ]),
        ).map(lambda drawn: (drawn[0], *drawn[1])),
    )
)  # fmt: skip
def test_no_row_is_lost(cells: list[tuple[int, str, Any]]) -> None:
    """Accepted and quarantined rows together are all rows, and the accepted ones pass again."""
    rows = changed(*cells)
    checked = check(rows, SCHEMA, "weather", "2013-01")
    together = pd.concat([checked.accepted, checked.quarantined.drop(columns="reasons")])
    one, other = (frame.sort_values(list(rows.columns), ignore_index=True) for frame in (together, rows))
    pd.testing.assert_frame_equal(one, other)
    assert (checked.quarantined["reasons"] != "").all()
    assert check(checked.accepted, SCHEMA, "weather", "2013-01").reasons == {}


def test_failed_check_of_the_whole_batch_stops_it() -> None:
    """A check that judges a column as a whole names no row, so the batch is refused with the check's name."""
    schema = DataFrameSchema(
        {"wind": Column("float64", Check(lambda wind: wind.mean() < 5, error="mean_below_5"))}, name="weather"
    )
    with pytest.raises(SchemaError, match=r"^weather 2013-01: wind fails mean_below_5\."):
        check(pd.DataFrame({"wind": [4.0, 8.0]}), schema, "weather", "2013-01")


def test_check_that_breaks_stops_the_batch() -> None:
    """A check that raises an error has judged nothing, so nothing is accepted."""
    schema = DataFrameSchema({"wind": Column("float64", Check(lambda wind: wind.no_such_thing))}, name="weather")
    with pytest.raises(SchemaError, match=r"^weather 2013-01: column 'wind' cannot be checked\."):
        check(pd.DataFrame({"wind": [4.0]}), schema, "weather", "2013-01")


def test_failed_check_across_columns_names_the_table() -> None:
    """A check over several columns quarantines the rows it fails, under the table's name."""
    later = Check(lambda rows: rows["to"] >= rows["from"], error="ends_after_start")
    schema = DataFrameSchema({"from": Column("int64"), "to": Column("int64")}, checks=later, name="trips")
    checked = check(pd.DataFrame({"from": [1, 5, 2], "to": [2, 4, 2]}), schema, "trips", "2013-01")
    assert checked.reasons == {"trips fails ends_after_start": 1}
    assert checked.quarantined["from"].tolist() == [5]


def test_share_at_the_limit_passes() -> None:
    """As many rows as the limit allows are not a reason to stop, and neither is an empty batch."""
    check_share(1, 100, 0.01, "impossible rows", "data/quarantine")
    check_share(0, 0, 0.0, "impossible rows", "data/quarantine")


def test_share_past_the_limit_is_refused() -> None:
    """One row too many stops the run with both numbers and where to look."""
    said = (
        r"^The share of lost rows is 2\.00% \(2 of 100 rows\), the limit is 1\.00%\. Look at data/lost, mend the source"
    )
    with pytest.raises(LimitError, match=said):
        check_share(2, 100, 0.01, "lost rows", "data/lost")
