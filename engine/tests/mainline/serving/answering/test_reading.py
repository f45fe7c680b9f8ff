"""Requests become the columns that `from_rows` makes of them, or are refused with reasons."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.contract import Field
from mainline.data import columns as typed
from mainline.data.columns import from_rows
from mainline.errors import RequestError
from mainline.serving.answering import field_columns, reading
from mainline.serving.answering.problems import SHOWN, Problem
from mainline.serving.answering.reading import Reader

FIELDS = (
    Field("at", "time", "When", "2013-09-01T10:00:00Z"),
    Field("size", "number", "How large", 1.5, "miles", minimum=0, maximum=10),
    Field("heat", "number", "How hot", 1.5, optional=True),
    Field("count", "integer", "How many", 7, maximum=1000),
    Field("any", "integer", "Any at all", 7),
    Field("tail", "string", "Which", "N1", pattern="^N[0-9]*$", optional=True),
    Field("text", "string", "What", "x"),
    Field("rooms", "integer", "How many, if known", 4, optional=True),
    Field("back", "time", "When, if ever", "2013-09-02T10:00:00Z", optional=True),
)
GOOD = {
    "at": "2013-09-01T10:00:00Z", "size": 1.5, "heat": -3, "count": 7, "any": -1, "tail": "N1", "text": "x",
    "rooms": 4, "back": "2013-09-02T10:00:00Z",
}  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(2**62, 2**70), st.floats(), st.text(max_size=5),
    st.integers(-2000, 2000).map(float), st.sampled_from([2.0**53, 2.0**63, -(2.0**63), 1e300]),
    st.sampled_from(["N1", "N1\n", "2013-09-01T10:00Z", "2013-09-01", "1e5", "\ud800"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)  # fmt: skip
ROWS = st.lists(
    st.builds(
        lambda changes, dropped: {k: v for k, v in {**GOOD, **changes}.items() if k not in dropped},
        st.dictionaries(st.sampled_from([*GOOD, "other"]), ODD, max_size=2),
        st.sets(st.sampled_from(list(GOOD)), max_size=1),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module", params=[field_columns._MANY, 1], ids=["few", "many"])
def _compared(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have numbers compared as those of few rows, then as those of many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(field_columns, "_MANY", request.param)
        yield


def refusal(rows: list[Any], reader: Reader | None = None) -> Problem:
    """Return why rows are refused."""
    with pytest.raises(Problem, match="row") as refused:
        (reader or Reader(FIELDS, 100)).read(rows)
    return refused.value


@given(ROWS)
def test_takes_and_refuses_what_from_rows_does(rows: list[dict[str, Any]]) -> None:
    """For any rows the columns are the same to the bit, or both refuse; a line break at the end is refused besides."""
    broken = any(row.get("tail") == "N1\n" for row in rows)
    reader = Reader(FIELDS, 100)
    for _ in range(2):  # the second time from memory
        try:
            expected = from_rows(rows, FIELDS)
        except RequestError:
            refusal(rows, reader)
            continue
        if broken:
            refusal(rows, reader)
            continue
        columns = reader.read(rows).columns
        for name, values in expected.items():
            assert columns[name].dtype == values.dtype
            np.testing.assert_array_equal(columns[name], values)


def test_refusal_names_field_value_and_what_is_allowed() -> None:
    """Everything wrong with a request is said at once, each with its row."""
    problem = refusal([GOOD, GOOD | {"size": 11, "text": None, "colour": "red"}])
    assert [(error["row"], error["field"], error["value"], error["allowed"]) for error in problem.errors] == [
        (1, "colour", "'red'", "the fields are any, at, back, count, heat, rooms, size, tail, text."),
        (1, "size", "11", "it must be at most 10."),
        (1, "text", "None", "send a string, such as 'x'."),
    ]
    assert problem.detail.startswith("row 1: colour: is unknown; the fields are")


@pytest.mark.parametrize("row", [3, None, "x", [], [GOOD]])
def test_row_that_is_no_object_is_refused(row: Any) -> None:
    """A row must be an object of named fields."""
    problem = refusal([GOOD, row])
    assert problem.errors[0]["allowed"] == "send an object of named fields."
    assert problem.detail.startswith("row 1 is ")


def test_cost_of_unknown_fields_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of them only those are written down that the answer names."""
    written: list[object] = []
    monkeypatch.setattr(reading, "shown", lambda value: written.append(value) or repr(value))
    problem = refusal([GOOD | {f"unknown {number:04d}": number for number in range(5000)}])
    assert [error["field"] for error in problem.errors] == [f"unknown {number:04d}" for number in range(SHOWN)]
    assert len(written) < 3 * SHOWN


def test_long_text_is_refused_and_not_repeated() -> None:
    """A text past the limit is refused, and the answer stays small."""
    problem = refusal([GOOD | {"text": "x" * 101}])
    assert problem.errors[0]["allowed"] == "send at most 100 characters."
    problem = refusal([GOOD | {"text": ["x" * 100_000], "y" * 100_000: 1}])
    assert len(problem.body()) < 3000


def test_reasons_are_limited() -> None:
    """A request with a thousand wrong rows is told the first few."""
    assert len(refusal([GOOD | {"size": -1}] * 1000).errors) == SHOWN


def test_integers_written_as_floats_go_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole numbers that a client writes as 7.0 are read by column like any other, not one value at a time."""
    reader = Reader(FIELDS, 100)
    reader.read([GOOD])  # remembers text and times
    monkeypatch.delattr(typed, "from_rows")
    columns = reader.read([GOOD | {"count": 7.0}, GOOD | {"count": 8}, GOOD | {"count": -0.0}]).columns
    assert columns["count"].tolist() == [7, 8, 0]
    assert columns["count"].dtype == np.int64


def test_what_is_absent_goes_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent integers and times are read by column, beside whole numbers that are written as 7.0."""
    reader = Reader(FIELDS, 100)
    reader.read([GOOD])  # remembers text and times
    monkeypatch.delattr(typed, "from_rows")
    rows = [GOOD, GOOD | {"rooms": 5.0}, GOOD | {"rooms": None, "back": None}]
    columns = reader.read([*rows, {name: value for name, value in GOOD.items() if name != "back"}]).columns
    np.testing.assert_array_equal(columns["rooms"], [4.0, 5.0, np.nan, 4.0])
    np.testing.assert_array_equal(np.isnan(columns["back"]), [False, False, True, True])


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that send ever new text do not fill the memory."""
    monkeypatch.setattr(field_columns, "_REMEMBERED", 10)
    reader = Reader(FIELDS, 100)
    for number in range(100):
        reader.read([GOOD | {"text": f"x{number}", "at": f"2013-09-01T10:{number % 60:02}:{number // 60:02}Z"}])
    assert len(reader._columns["text"]._seen) <= 11  # type: ignore[attr-defined]
    assert len(reader._columns["at"]._seen) <= 11  # type: ignore[attr-defined]


def test_one_field_is_enough() -> None:
    """A model with one field reads it."""
    field = Field("x", "number", "X", 1.0)
    assert Reader([field], 10).read([{"x": 1}, {"x": 2.5}]).columns["x"].tolist() == [1, 2.5]


def test_problems_are_json() -> None:
    """Whatever was sent, the problem can be written."""
    assert json.loads(refusal([GOOD | {"text": {"a": [1]}, "other": float("nan")}]).body("id"))["status"] == 422


@pytest.mark.parametrize(
    "change",
    [
        {"tail": "N1\n"}, {"size": float("nan")}, {"size": 10.5}, {"size": -0.5}, {"heat": float("nan")},
        {"heat": float("inf")}, {"count": 1001}, {"any": True}, {"any": 2**63}, {"any": -(2**63)},
        {"rooms": 2**53 + 1}, {"rooms": -(2**53) - 1}, {"rooms": 4.5}, {"rooms": True}, {"back": "soon"}, {"back": 0},
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_odd_value_is_refused_wherever_it_stands(change: dict[str, Any], first: bool) -> None:
    """A line break at the end, NaN, infinity, a boolean and what is out of range are refused beside a good row."""
    odd = GOOD | change
    problem = refusal([odd, GOOD] if first else [GOOD, odd])
    assert [(error["row"], error["field"]) for error in problem.errors] == [(0 if first else 1, next(iter(change)))]


@pytest.mark.parametrize("sign", [1, -1])
def test_integer_just_beyond_a_bound_is_refused(sign: int) -> None:
    """A bound that is a float holds exactly, also where the next integer is not a double."""
    field = Field("x", "integer", "X", 1, minimum=-(2.0**60), maximum=2.0**60)
    reader, bound = Reader([field], 10), sign * 2**60
    assert reader.read([{"x": bound}, {"x": 1}]).columns["x"].tolist() == [bound, 1]
    assert refusal([{"x": bound + sign}, {"x": 1}], reader).errors[0]["row"] == 0
