"""What the prepare stage refuses from a use case."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flights import Days, first_days
from mainline.contract import Array, FeatureTable
from mainline.data.feature_values import check_present, valueless
from mainline.data.lookup import from_columns
from mainline.errors import UseCaseError
from mainline.stages.overview import check_order
from mainline.stages.prepare import arrays, featurise
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
        (lambda computed: computed | {"seats": [1.0]}, r"'seats' is a list; return a numpy array of \(\d+,\)"),
    ],
    ids=["extra", "absent", "short", "scalar", "list"],
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
        featurise(days.flights, days.known(), "2013-01")


KEY = r"2013-01, row 5 \(time_hour 2013-01-01T\d\d:00:00Z, carrier [A-Z0-9]{2}, flight \d+, origin [A-Z]{3}\)"


def with_value(name: str, value: object, dtype: type | None = None) -> Change:
    """Give row 5 of a feature another value."""

    def change(computed: dict[str, Array]) -> dict[str, Array]:
        values = computed[name].astype(dtype or computed[name].dtype)
        values[5] = value
        return computed | {name: values}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            with_value("seats", np.inf),
            rf"'seats' is inf in 1 of [\d,]+ rows, first in {KEY}\. Is it a division by zero",
        ),
        (
            with_value("seats", 1e39, np.float64),
            rf"'seats' is 1e\+39 in 1 of .*first in {KEY}; numbers are rounded to f",
        ),
        (
            with_value("seats", "many", object),
            rf"'seats' is in NUMERIC and holds str 'many' in {KEY}; its dtype is obj",
        ),
        (with_value("origin", 7, object), rf"'origin' is in CATEGORICAL and holds int 7 in {KEY}\. Return text, ''"),
        (with_value("origin", ["JFK"], object), rf"'origin' is in CATEGORICAL and holds list \['JFK'\] in {KEY}"),
        (with_value("origin", None, object), rf"'origin' is in CATEGORICAL and holds NoneType None in {KEY}"),
        (
            lambda computed: computed | {"origin": computed["seats"]},
            r"'origin' is in CATEGORICAL and holds float [\d.]+ in 2013-01, row 0 .*or list it in NUMERIC",
        ),
    ],
    ids=["infinite", "beyond float32", "text", "number", "list", "none", "numbers"],
)
def test_a_value_that_no_model_takes_is_named(
    days: Days, monkeypatch: pytest.MonkeyPatch, change: Change, message: str
) -> None:
    """The feature, what it holds, the period and the first row with its key are one line."""
    compute = features.compute
    monkeypatch.setattr(features, "compute", lambda *given: change(compute(*given)))
    with pytest.raises(UseCaseError, match=message):
        featurise(days.flights, days.known(), "2013-01")


def test_more_missing_values_than_declared_are_refused(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """MISSING in features.py holds the share of rows that may lack a feature; others may lack it anywhere."""
    compute = features.compute
    monkeypatch.setattr(features, "compute", lambda *given: with_value("distance", np.nan)(compute(*given)))
    featurise(days.flights, days.known(), "2013-01")
    monkeypatch.setattr(features, "MISSING", {"distance": 0.0}, raising=False)
    said = rf"'distance' has no value in 1 of [\d,]+ rows \(0\.\d\d%\), first in {KEY}; MISSING allows 0\.00%"
    with pytest.raises(UseCaseError, match=said):
        featurise(days.flights, days.known(), "2013-01")


def test_a_feature_without_any_value_is_refused() -> None:
    """One that is missing in every row of the window is named; one that is missing in a period passes."""
    nothing, something = (np.full(3, value, np.float32) for value in (np.nan, 1))
    check_present([valueless({"seats": nothing}), valueless({"seats": something})], "2013-01 to 2013-02")
    with pytest.raises(UseCaseError, match=r"'origin' has no value in any row of 2013-01 to 2013-02\. Does it look up"):
        check_present([valueless({"origin": np.array([""] * rows)}) for rows in (2, 1)], "2013-01 to 2013-02")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda _: [1.0, 2.0], r"'seats' is a list; return a numpy array of \(\d+,\)"),
        (
            lambda columns: columns["carrier"],
            r"'seats' is in NUMERIC and holds str '[A-Z0-9]{2}' in 2013-01, row 0 \(time_hour .*; its dtype is object",
        ),
        (lambda columns: columns["arr_delay"], r"'arr_delay' may not be read, since it is the label\. Leave it out"),
    ],
    ids=["list", "text", "label"],
)
def test_a_conversion_of_all_features_names_the_one_that_fails(
    days: Days, monkeypatch: pytest.MonkeyPatch, value: Callable[[Any], Any], message: str
) -> None:
    """Code that converts its features in one call, of which numpy says no name, is told which one to mend."""
    file = Path(features.__file__)
    line = '"seats": planes["seats"],'
    code = file.read_text()
    assert line in code
    edited = {"value": value}
    exec(compile(code.replace(line, '"seats": value(columns),'), str(file), "exec"), edited)  # noqa: S102 - code of this test
    monkeypatch.setattr(features, "compute", edited["compute"])
    with pytest.raises(UseCaseError, match=message):
        featurise(days.flights, days.known(), "2013-01")


@pytest.mark.parametrize(("every", "noted"), [(False, f"first in {KEY}"), (True, "in 2013-01")])
def test_an_error_in_a_feature_names_the_row(
    days: Days, monkeypatch: pytest.MonkeyPatch, every: bool, noted: str
) -> None:
    """An exception is noted with the period, and with the first row that raises it, unless any row does."""
    bad = featurise(days.flights, days.known(), "2013-01").request
    compute = features.compute

    def raising(columns: dict[str, Array], tables: Any) -> Any:
        if every or any((columns["flight"] == bad["flight"][5]) & (columns["time_hour"] == bad["time_hour"][5])):
            raise ValueError("no such flight")
        return compute(columns, tables)

    monkeypatch.setattr(features, "compute", raising)
    with pytest.raises(ValueError, match="no such flight") as caught:
        featurise(days.flights, days.known(), "2013-01")
    assert re.fullmatch(noted, caught.value.__notes__[0])


def test_a_label_that_is_not_there_is_refused(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that unlabelled() lets through must have a label."""
    monkeypatch.setattr(schema, "unlabelled", lambda events: pd.Series("", index=events.index))
    with pytest.raises(UseCaseError, match=r"unlabelled\(\) returns '' for a row without a label; return"):
        featurise(days.flights[days.flights["dep_delay"].notna()], days.known(), "2013-01")


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
        featurise(days.flights.assign(time_hour=change(days.flights["time_hour"])), days.known(), "2013-01")


def test_a_time_of_another_zone_is_the_same_moment(days: Days) -> None:
    """Whatever zone a batch's times name, they are minutes in UTC."""
    moved = days.flights.assign(time_hour=days.flights["time_hour"].dt.tz_convert("America/New_York"))
    expected, found = (featurise(flights, days.known(), "2013-01") for flights in (days.flights, moved))
    np.testing.assert_array_equal(found.request["time_hour"], expected.request["time_hour"])


def test_order_that_is_not_time_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Months that the label tells apart are said where no field of the request is a time, and only there."""
    apart, alike = [np.zeros(50), np.ones(50)], [np.arange(50.0), np.arange(50.0) + 1]
    check_order(apart)
    monkeypatch.setattr(interface, "REQUEST", tuple(field for field in interface.REQUEST if field.kind != "time"))
    check_order(alike)
    assert capsys.readouterr().out == ""
    check_order(apart)
    assert "Look: 100% of the label's variance lies between the periods, and no field" in capsys.readouterr().out


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
