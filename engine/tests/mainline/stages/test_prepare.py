"""What the prepare stage refuses from a use case."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flights import Days, first_days
from mainline.contract import Array, FeatureTable
from mainline.data.lookup import from_columns
from mainline.errors import UseCaseError
from mainline.stages.prepare import arrays, check_order, featurise
from usecase import features, interface, schema

Change = Callable[[dict[str, Array]], dict[str, Array]]


@pytest.fixture(scope="module")
def days() -> Days:
    """The first days of 2013."""
    return first_days()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda computed: computed | {"gate": computed["seats"]}, "computes but does not declare 'gate'"),
        (lambda computed: {n: v for n, v in computed.items() if n != "seats"}, "declares but does not compute 'seats'"),
        (lambda computed: computed | {"seats": computed["seats"][:1]}, r"'seats' has shape \(1,\) for \d+ rows"),
        (lambda computed: computed | {"seats": np.float32(1)}, r"'seats' has shape \(\) for \d+ rows"),
    ],
    ids=["extra", "absent", "short", "scalar"],
)
def test_features_are_what_is_declared(
    days: Days,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    message: str,
) -> None:
    """A feature too many, too few or of another length is named, before it could shift a column."""
    compute = features.compute
    monkeypatch.setattr(features, "compute", lambda *given: change(compute(*given)))
    with pytest.raises(UseCaseError, match=message):
        featurise(days.flights, days.known())


def test_a_label_that_is_not_there_is_refused(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that unlabelled() lets through must have a label."""
    monkeypatch.setattr(schema, "unlabelled", lambda events: pd.Series("", index=events.index))
    with pytest.raises(UseCaseError, match=r"unlabelled\(\) returns '' for a row without a label; return"):
        featurise(days.flights[days.flights["dep_delay"].notna()], days.known())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda times: times.dt.tz_localize(None),
            r"'time_hour' is a time, but the batch holds datetime64\[ms\], which",
        ),
        (lambda times: times.astype("str"), "'time_hour' is a time, but the batch holds str, which names no zone"),
    ],
    ids=["naive", "text"],
)
def test_a_time_without_a_zone_is_refused(days: Days, change: Callable[[Any], Any], message: str) -> None:
    """A time of a batch names its zone, as a time of a request does."""
    with pytest.raises(UseCaseError, match=message):
        featurise(days.flights.assign(time_hour=change(days.flights["time_hour"])), days.known())


def test_a_time_of_another_zone_is_the_same_moment(days: Days) -> None:
    """Whatever zone a batch's times name, they are minutes in UTC."""
    moved = days.flights.assign(time_hour=days.flights["time_hour"].dt.tz_convert("America/New_York"))
    expected, found = (featurise(flights, days.known()) for flights in (days.flights, moved))
    np.testing.assert_array_equal(found.request["time_hour"], expected.request["time_hour"])


def test_order_that_is_not_time_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Months that the label tells apart are said where no field of the request is a time, and only there."""
    apart, alike = [np.zeros(50), np.ones(50)], [np.arange(50.0), np.arange(50.0) + 1]
    check_order(apart)
    monkeypatch.setattr(interface, "REQUEST", tuple(field for field in interface.REQUEST if field.kind != "time"))
    check_order(alike)
    assert capsys.readouterr().out == ""
    check_order(apart)
    assert "Look: 100% of the label's variance lies between the months, and no field" in capsys.readouterr().out


def test_a_table_without_a_declared_column_is_refused() -> None:
    """Rows of a feature table that lack a column are named with the table."""
    rows: dict[str, Any] = {"key": np.array(["a"], dtype=object), "time": np.array([0])}
    with pytest.raises(UseCaseError, match="table 'prices' is built without its column 'price'"):
        from_columns(FeatureTable("prices", key="shop", columns=("price",)), rows)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([4, None], dtype="Int64"), np.array([4.0, np.nan])),
        (pd.Series([4, 5], dtype="Int64"), np.array([4, 5])),
        (pd.Series([True, None], dtype="boolean"), np.array([1.0, np.nan])),
        (pd.Series([4.5, None], dtype="Float64"), np.array([4.5, np.nan])),
    ],
)
def test_types_of_pandas_that_have_gaps_are_numbers(values: "pd.Series[Any]", expected: Array) -> None:
    """A column of pandas' own integers, flags or fractions is one of numpy's, with NaN where a value is missing."""
    found = arrays(pd.DataFrame({"rooms": values}))["rooms"]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
