"""Requests and batches as typed columns."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.contract import Field, Kind
from mainline.data.columns import format_time, from_batch, from_rows, parse_time, to_rows
from mainline.errors import RequestError, UseCaseError

FIELDS = (
    Field("at", "time", "A time", "2013-09-01T10:00:00Z"),
    Field("count", "integer", "A whole number", 7),
    Field("size", "number", "A number", 1.5),
    Field("code", "string", "A text", "UA"),
    Field("weight", "number", "A number or nothing", 2.5, optional=True),
    Field("tail", "string", "A text or nothing", "N1", optional=True),
    Field("rooms", "integer", "A whole number or nothing", 4, optional=True),
    Field("back", "time", "A time or nothing", "2013-09-02T10:00:00Z", optional=True),
)
GOOD: dict[str, Any] = {
    "at": "2013-09-01T10:00:00Z",
    "count": 7,
    "size": 1.5,
    "code": "UA",
    "weight": 2.5,
    "tail": "N1",
    "rooms": 4,
    "back": "2013-09-02T10:00:00Z",
}

finite = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
written = moments.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:00Z"))
requests = st.fixed_dictionaries(
    {
        "at": written,
        "count": integers,
        "size": finite,
        "code": st.text(),
    },
    optional={
        "weight": finite,
        "tail": st.text(min_size=1),
        "rooms": st.integers(-(2**53), 2**53),
        "back": written,
    },
)


@given(rows=st.lists(requests))
def test_rows_survive_the_way_to_columns_and_back(rows: list[dict[str, Any]]) -> None:
    """Requests turned into columns and back are the same requests."""
    back = to_rows(from_rows(rows, FIELDS), FIELDS)
    assert back == rows
    assert {type(row["rooms"]) for row in back if "rooms" in row} <= {int}


def test_columns_have_the_types_that_the_contract_names() -> None:
    """Each kind of field has the one dtype that features are computed on, also when there are no rows."""
    for rows in ([GOOD], []):
        columns = from_rows(rows, FIELDS)
        assert {name: str(values.dtype) for name, values in columns.items()} == {
            "at": "int64", "count": "int64", "size": "float64", "code": "object", "weight": "float64", "tail": "object",
            "rooms": "float64", "back": "float64",
        }  # fmt: skip
        assert {values.shape for values in columns.values()} == {(len(rows),)}


def test_a_number_without_a_fraction_is_an_integer() -> None:
    """7.0, as pandas writes a whole number beside a missing one, is the integer 7, as JSON Schema has it."""
    columns = from_rows([GOOD | {"count": 7.0}, GOOD | {"count": -0.0}, GOOD | {"count": -(2.0**62)}], FIELDS)
    assert columns["count"].tolist() == [7, 0, -(2**62)]
    assert columns["count"].dtype == np.int64


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(("weight", "tail", "rooms", "back"))])
def test_absent_optional_fields_are_nan_and_empty(absent: dict[str, None]) -> None:
    """A missing optional field, or null, is '' as text and NaN as anything else."""
    required = {name: GOOD[name] for name in ("at", "count", "size", "code")}
    columns = from_rows([required | absent], FIELDS)
    assert np.isnan([columns[name] for name in ("weight", "rooms", "back")]).all()
    assert columns["tail"].tolist() == [""]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", None, r"count: is missing; send an integer, such as 7"),
        ("count", "7", r"count: is '7'; send an integer, such as 7"),
        ("count", 7.5, r"count: is 7\.5; send an integer"),
        ("count", float("nan"), r"count: is nan; send an integer"),
        ("count", float("inf"), r"count: is inf; send an integer"),
        ("count", 2.0**63, r"count: is 9\.223372036854776e\+18; send an integer"),
        ("count", True, r"count: is True; send an integer"),
        ("count", 10**30, r"count: is 10{30}; send an integer"),
        ("count", 2**63, r"count: is 9223372036854775808; send an integer"),
        ("size", True, r"size: is True; send a number"),
        ("size", "1", r"size: is '1'; send a number, such as 1\.5"),
        ("size", [1], r"size: is \[1\]; send a number"),
        ("size", float("nan"), r"size: is nan; send a number"),
        ("size", float("inf"), r"size: is inf; send a number"),
        pytest.param("size", -(10**400), r"size: is -10{400}; send a number", id="beyond float"),
        ("weight", float("nan"), r"weight: is nan; send a number"),
        ("rooms", 4.5, r"rooms: is 4\.5; send an integer, such as 4"),
        ("rooms", 2**53 + 1, r"rooms: is 9007199254740993; it must be at most 9007199254740992, as it may be absent"),
        (
            "rooms",
            -(2**53) - 1,
            r"rooms: is -9007199254740993; it must be at least -9007199254740992, as it may be absent",
        ),
        ("back", "yesterday", r"back: is 'yesterday' \(Invalid isoformat"),
        ("code", 1, r"code: is 1; send a string, such as 'UA'"),
        ("tail", {}, r"tail: is \{\}; send a string"),
        ("at", 1378029600, r"at: is 1378029600; send a time, such as '2013-09-01T10:00:00Z'"),
        ("at", "yesterday", r"at: is 'yesterday' \(Invalid isoformat.*\); send UTC, such as '2013-09-01T10:00:00Z'"),
        ("at", "2013-09-01T10:00:00", r"at: is '2013-09-01T10:00:00' \(no UTC offset\); send UTC"),
        ("gate", "B4", r"gate: is unknown; the fields are at, back, code, count, rooms, size, tail, weight"),
    ],
)
def test_wrong_value_is_refused(field: str, value: Any, said: str) -> None:
    """A field that is unknown, absent or of another type is refused with its row, name, value and an example."""
    with pytest.raises(RequestError, match=rf"^row 1: {said}"):
        from_rows([GOOD, GOOD | {field: value}], FIELDS)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", 0, r"count: is 0; it must be at least 1"),
        ("count", 10000, r"count: is 10000; it must be at most 9999"),
        ("size", -0.5, r"size: is -0\.5; it must be at least 0"),
        ("size", 1.5, r"size: is 1\.5; it must be at most 1"),
        ("code", "ua", r"code: is 'ua'; it must match \^\[A-Z\]\+\$"),
        ("code", "", r"code: is ''; it must match"),
        ("name", "a\ud800", r"name: is 'a\\ud800'; it must be valid Unicode"),
    ],
)
def test_value_outside_of_its_field_is_refused(field: str, value: Any, said: str) -> None:
    """A value past a bound or off the pattern is refused with what is allowed; one on the bound is taken."""
    fields = (
        Field("count", "integer", "A whole number", 7, minimum=1, maximum=9999),
        Field("size", "number", "A share", 0.5, minimum=0, maximum=1),
        Field("code", "string", "A text", "UA", pattern="^[A-Z]+$"),
        Field("name", "string", "Any text", "Zoë"),
    )
    good = {"count": 1, "size": 0, "code": "UA", "name": "Zoë"}
    from_rows([good, good | {"count": 9999, "size": 1}], fields)
    with pytest.raises(RequestError, match=rf"^row 1: {said}"):
        from_rows([good, good | {field: value}], fields)


@pytest.mark.parametrize("field", ["at", "count", "size", "code"])
def test_required_field_may_not_be_left_out(field: str) -> None:
    """A request without a required field is refused by the field's name."""
    with pytest.raises(RequestError, match=f"^row 0: {field}: is missing; send a"):
        from_rows([{name: value for name, value in GOOD.items() if name != field}], FIELDS)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-02T00:01:59Z", 1441),
        ("2013-01-01T00:00:00+00:00", 22616640),
        ("2013-01-01T05:30:00+05:30", 22616640),
        ("2012-12-31T19:00:00-05:00", 22616640),
        ("1969-12-31T23:59:59.5Z", -1),
    ],
)
def test_time_is_minutes_utc_rounded_down(text: str, minutes: int) -> None:
    """A time of any offset is the minutes since 1970 in UTC, seconds dropped."""
    assert parse_time(text) == minutes


@given(minutes=st.integers(parse_time("1900-01-01T00:00Z"), parse_time("2200-01-01T00:00Z")))
def test_format_is_the_inverse_of_parse(minutes: int) -> None:
    """A written time reads as the same minute."""
    assert parse_time(format_time(minutes)) == minutes


@given(
    rows=st.lists(
        st.tuples(
            moments, integers, finite, st.text(), st.none() | finite, st.none() | st.text(),
            st.none() | st.integers(-(2**53), 2**53), st.none() | moments,
        ),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_batch_and_requests_give_the_same_columns(rows: list[tuple[Any, ...]]) -> None:
    """A row has the same columns whether it comes from a file in training or as JSON in serving."""
    names = [field.name for field in FIELDS]
    at, count, size, code, weight, tail, rooms, back = (list(values) for values in zip(*rows, strict=True))
    batch = {
        "at": np.array([moment.replace(tzinfo=None) for moment in at], dtype="datetime64[ms]"),
        "count": np.array(count, dtype=np.int64),
        "size": np.array(size),
        "code": np.array(code, dtype=object),
        "weight": np.array([np.nan if value is None else value for value in weight]),
        "tail": np.array(tail, dtype=object),
        "rooms": np.array(rooms) if None not in rooms else np.array(rooms, np.float64),
        "back": np.array([moment and moment.replace(tzinfo=None) for moment in back], dtype="datetime64[ms]"),
    }
    texts = [tuple(value.isoformat() if isinstance(value, datetime) else value for value in row) for row in rows]
    sent = [dict(zip(names, row, strict=True)) for row in texts]
    trained, served = from_batch(batch, FIELDS), from_rows(sent, FIELDS)
    for name in names:
        np.testing.assert_array_equal(trained[name], served[name])
        assert trained[name].dtype == served[name].dtype


def test_batch_of_another_time_unit_gives_the_same_minutes() -> None:
    """Times of a batch may have any resolution."""
    field = (Field("at", "time", "A time", ""),)
    days = np.array(["2013-01-01", "1969-12-31"], dtype="datetime64[D]")
    expected = [22616640, -1440]
    assert from_batch({"at": days}, field)["at"].tolist() == expected
    assert from_batch({"at": days.astype("datetime64[ns]")}, field)["at"].tolist() == expected


def test_missing_text_of_a_batch_is_empty() -> None:
    """None and NaN, which files hold for missing text, are '' as they are in a request."""
    field = (Field("tail", "string", "A text", "", optional=True),)
    assert from_batch({"tail": np.array(["N1", None, np.nan], dtype=object)}, field)["tail"].tolist() == ["N1", "", ""]


def test_whole_numbers_of_a_batch_may_be_stored_as_fractions() -> None:
    """A column of whole floats, which is what a file may hold, is an integer column."""
    field = (Field("count", "integer", "A whole number", 1),)
    assert from_batch({"count": np.array([1.0, -2.0])}, field)["count"].tolist() == [1, -2]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("integer", np.nan, "'it' is an integer, but 1 of 2 rows of the batch have none; declare optional=True"),
        ("number", np.nan, "'it' is a number, but 1 of 2 rows of the batch have none; declare optional=True"),
        ("time", np.datetime64("NaT"), "'it' is a time, but 1 of 2 rows of the batch have none; declare optional=True"),
        ("integer", 1.5, "'it' is an integer, but the batch has fractional values; declare it a number"),
    ],
)
def test_batch_holds_no_more_than_a_request(kind: Kind, value: Any, said: str) -> None:
    """A value that is missing or broken in training has no counterpart in a request."""
    good = np.datetime64("2013-09-01T10:00", "m") if kind == "time" else 1.0
    with pytest.raises(UseCaseError, match=said):
        from_batch({"it": np.array([good, value])}, (Field("it", kind, "It", 1),))
