"""Feature tables: point-in-time lookup, held against pandas."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mainline.contract import Array, FeatureTable
from mainline.data.lookup import Table, differs, from_arrays, from_columns, from_periods, look_up_all
from mainline.errors import UseCaseError

MOVING = FeatureTable("weather", key="origin", columns=("temp", "wind"))
STATIC = FeatureTable("planes", key="tailnum", columns=("seats",), static=True)

PLACE = FeatureTable("weather", columns=("temp", "wind"))

times = st.integers(-5, 30)
entries = st.lists(st.tuples(st.sampled_from("abc"), times), max_size=25)
queries = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "z", ""]), times), min_size=1, max_size=12)
tables = st.builds(replace, st.just(MOVING), lag=st.integers(0, 8), keep=st.none() | st.integers(0, 12))


def rows_of(entered: list[tuple[str, int]]) -> dict[str, Array]:
    """Return rows of (key, time) as columns, each row with values of its own."""
    number = np.arange(len(entered), dtype=np.float64)
    return {
        "key": np.array([key for key, _ in entered], dtype=object),
        "time": np.array([time for _, time in entered], dtype=np.int64),
        "temp": number,
        "wind": np.where(number % 3 == 0, np.nan, -number),
    }


def ask(table: Table, asked: list[tuple[str, int]]) -> dict[str, list[Any]]:
    """Look (entity, moment) up; NaN as None, so that answers compare."""
    keys, moments = np.array([key for key, _ in asked], dtype=object), np.array([at for _, at in asked], dtype=np.int64)
    found = table.look_up({table.declared.key: keys}, moments)
    return {name: [None if np.isnan(value) else value for value in values] for name, values in found.items()}


@settings(max_examples=50)
@given(declared=tables, entered=entries, asked=queries)
def test_lookup_is_what_merge_asof_computes(
    declared: FeatureTable, entered: list[tuple[str, int]], asked: list[tuple[str, int]]
) -> None:
    """The newest row at most `lag` before the moment and `keep` before that, of one entity, as pandas joins it."""
    rows = rows_of(entered)
    query = pd.DataFrame(asked, columns=["key", "time"]).assign(row=range(len(asked)))
    joined = pd.merge_asof(
        query.assign(time=query["time"] - declared.lag).sort_values("time"),
        pd.DataFrame(rows).astype({"key": "str"}).sort_values("time", kind="stable"),
        on="time", by="key", tolerance=declared.keep,
    ).sort_values("row")  # fmt: skip
    found = from_columns(declared, rows).look_up({"origin": query["key"].to_numpy()}, query["time"].to_numpy())
    for name in declared.columns:
        np.testing.assert_array_equal(found[name], joined[name].to_numpy())


@given(declared=tables, entered=entries, asked=queries)
def test_row_alone_is_answered_as_in_a_batch(
    declared: FeatureTable, entered: list[tuple[str, int]], asked: list[tuple[str, int]]
) -> None:
    """An answer does not depend on what else is asked."""
    table = from_columns(declared, rows_of(entered))
    together = ask(table, asked)
    for number, one in enumerate(asked):
        assert ask(table, [one]) == {name: [values[number]] for name, values in together.items()}


@given(entered=st.lists(st.tuples(st.sampled_from("abc"), times), unique=True), asked=queries, seed=st.randoms())
def test_order_of_rows_does_not_matter(entered: list[tuple[str, int]], asked: list[tuple[str, int]], seed: Any) -> None:
    """Rows that differ in entity or time may be given in any order."""
    rows = rows_of(entered)
    order = seed.sample(range(len(entered)), len(entered))
    shuffled = {name: values[order] for name, values in rows.items()}
    assert ask(from_columns(MOVING, shuffled), asked) == ask(from_columns(MOVING, rows), asked)


@settings(max_examples=50)
@given(declared=tables, entered=st.lists(times, max_size=25), asked=st.lists(times, min_size=1, max_size=12))
def test_a_table_without_a_key_answers_as_one_entity_would(
    declared: FeatureTable, entered: list[int], asked: list[int]
) -> None:
    """Its rows count for every request, by the same lag and keep; its arrays name no entity and bring it back."""
    keyed = from_columns(declared, rows_of([("a", time) for time in entered]))
    rows = {name: values for name, values in rows_of([("a", time) for time in entered]).items() if name != "key"}
    table = from_columns(replace(declared, key=""), rows)
    assert "key" not in table.arrays()
    for one in (table, from_arrays(table.declared, table.arrays())):
        found = one.look_up({}, np.array(asked))
        for name, values in keyed.look_up({"origin": np.array(["a"] * len(asked))}, np.array(asked)).items():
            np.testing.assert_array_equal(found[name], values)


def test_last_of_two_rows_of_one_moment_wins() -> None:
    """A row given later corrects an earlier one of the same entity and time."""
    assert ask(from_columns(MOVING, rows_of([("a", 5), ("b", 5), ("a", 5)])), [("a", 9)])["temp"] == [2.0]


@pytest.mark.parametrize(
    ("moment", "answer"),
    [(24, None), (25, 0.0), (54, 0.0), (55, 0.0), (56, None)],
    ids=["not yet reported", "just reported", "valid", "just valid", "expired"],
)
def test_lag_and_keep_are_exact_to_the_minute(moment: int, answer: float | None) -> None:
    """A row of minute 10 with lag 15 and keep 30 is seen from minute 25 through 55."""
    declared = replace(MOVING, lag=15, keep=30)
    assert ask(from_columns(declared, rows_of([("a", 10)])), [("a", moment)])["temp"] == [answer]


def test_unknown_entity_has_no_answer() -> None:
    """An entity without rows, or no entity at all, is answered with NaN, never with a neighbour's row."""
    table = from_columns(MOVING, rows_of([("b", 0), ("d", 10**7)]))
    assert ask(table, [("a", 5), ("c", 10**8), ("e", 5), ("", 5)])["temp"] == [None] * 4


def test_static_row_is_known_at_any_time() -> None:
    """A static table answers from its one row per entity whatever the moment."""
    rows = {"key": np.array(["N1", "N2"]), "seats": np.array([100, 200])}
    asked = [("N2", -(10**7)), ("N1", 0), ("N2", 10**8), ("N3", 0), ("", 0)]
    assert ask(from_columns(STATIC, rows), asked) == {"seats": [200.0, 100.0, 200.0, None, None]}


def test_empty_table_answers_nothing() -> None:
    """A table without rows, as after a month without events, answers with NaN."""
    assert ask(from_columns(MOVING, rows_of([])), [("a", 5)]) == {"temp": [None], "wind": [None]}


@given(declared=tables, entered=entries, asked=queries)
def test_arrays_bring_a_moving_table_back(
    declared: FeatureTable, entered: list[tuple[str, int]], asked: list[tuple[str, int]]
) -> None:
    """A table made from another's arrays gives the same arrays and answers."""
    table = from_columns(declared, rows_of(entered))
    again = from_arrays(declared, table.arrays())
    assert len(again) == len(table) == len(entered)
    assert ask(again, asked) == ask(table, asked)
    for name, values in table.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], values)


@pytest.mark.parametrize("keys", [[7, 2**53], [7.0, 2.0**53], ["7", str(2**53)]])
def test_entities_may_be_whole_numbers(keys: list[Any]) -> None:
    """An entity is found by its number, also where the request's column or the table's is float64 for its gaps."""
    table = from_columns(STATIC, {"key": np.array(keys), "seats": np.array([200, 100])})
    for asked in (np.array([2**53, 7, 8]), np.array([2.0**53, 7.0, np.nan])):
        found = table.look_up({"tailnum": asked}, np.zeros(3, np.int64))["seats"]
        np.testing.assert_array_equal(found, [100, 200, np.nan])


def test_arrays_bring_a_static_table_back() -> None:
    """A static table made from another's arrays gives the same answers."""
    table = from_columns(STATIC, {"key": np.array(["N2", "N1"]), "seats": np.array([200, 100])})
    again = from_arrays(STATIC, table.arrays())
    assert table.arrays()["key"].tolist() == ["N1", "N2"]
    assert ask(again, [("N1", 0), ("N2", 0), ("N3", 0)]) == {"seats": [100.0, 200.0, None]}


def test_month_replaces_the_overlap_of_the_month_before() -> None:
    """Of the month before, rows count that are older than every row of the month, whatever their entity."""
    previous, current = rows_of([("a", 1), ("a", 6), ("b", 2), ("b", 7), ("c", 5)]), rows_of([("a", 5)])
    table = from_columns(
        MOVING, current, {name: values + 10 if name == "temp" else values for name, values in previous.items()}
    )
    assert ask(table, [("a", 4), ("a", 9), ("b", 9), ("c", 9)])["temp"] == [10.0, 0.0, 12.0, None]


MONTH = 10
monthly = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, MONTH)), min_size=1), min_size=2, max_size=5
)


@settings(max_examples=80)
@given(declared=tables, entered=monthly)
@example(declared=replace(MOVING, lag=0, keep=12), entered=[[("b", 9)], [("a", 0)], [("a", 0)]])  # kept for long
def test_months_together_answer_as_each_month_did(declared: FeatureTable, entered: list[list[tuple[str, int]]]) -> None:
    """What was looked up in any month, with the month before, is found again in a table over all of them.

    Asked are moments from the first row of a month to the first row of the next one, its lag included.
    """
    months = [rows_of([(key, time + MONTH * place) for key, time in rows]) for place, rows in enumerate(entered)]
    together = from_periods(declared, months)
    starts = [int(rows["time"].min()) for rows in months] + [MONTH * (len(months) + 1)]
    for place in range(1, len(months)):
        asked = [(key, at + declared.lag) for at in range(starts[place], starts[place + 1]) for key in "abcz"]
        alone = from_columns(declared, months[place], months[place - 1])
        assert ask(together, asked) == ask(alone, asked) if asked else True


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_months_of_numbered_entities_answer_as_those_of_text(kind: type) -> None:
    """Entities named by numbers are kept and forgotten over months as the same entities are by text."""
    months = [rows_of([("1", 9), ("2", 9)]), rows_of([("2", 10)]), rows_of([("2", 20), ("3", 21)])]
    numbered = [{**rows, "key": rows["key"].astype(kind)} for rows in months]
    asked = [(key, at) for key in "123" for at in (9, 15, 20, 25)]
    assert ask(from_periods(MOVING, numbered), asked) == ask(from_periods(MOVING, months), asked)


@pytest.mark.parametrize("keep", [None, 12])
def test_months_without_a_key_answer_as_those_of_one_entity(keep: int | None) -> None:
    """Over months, rows of no entity are kept and forgotten as those of a single one."""
    months = [rows_of([("a", 9)]), rows_of([("a", 12)]), rows_of([("b", 25)]), rows_of([("b", 31), ("b", 38)])]
    single = [{**rows, "key": np.array(["a"] * len(rows["time"]))} for rows in months]
    nameless = [{name: values for name, values in rows.items() if name != "key"} for rows in months]
    asked = np.arange(5, 60)
    found = from_periods(replace(PLACE, keep=keep), nameless).look_up({}, asked)
    for name, values in (
        from_periods(replace(MOVING, keep=keep), single)
        .look_up({"origin": np.array(["a"] * len(asked))}, asked)
        .items()
    ):
        np.testing.assert_array_equal(found[name], values)


def test_static_table_without_a_key_has_one_row() -> None:
    """Its single row is known to every request at any time; two of them, or none, are refused."""
    declared = FeatureTable("city", columns=("height",), static=True)
    found = from_columns(declared, {"height": np.array([34.0])}).look_up({}, np.array([-(10**7), 10**8]))
    assert found["height"].tolist() == [34.0, 34.0]
    for heights in ([], [34.0, 35.0]):
        with pytest.raises(UseCaseError, match=f"static table 'city' without a key has {len(heights)} rows; build"):
            from_columns(declared, {"height": np.array(heights)})


def test_month_without_rows_leaves_the_month_before() -> None:
    """Where a month has no rows, the month before serves what it knows."""
    table = from_columns(MOVING, rows_of([]), rows_of([("a", 1)]))
    assert ask(table, [("a", 9)])["temp"] == [0.0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"key": np.array(["N1", "N1"]), "seats": np.array([1, 2])}, "static table 'planes' has 2 rows of 'N1'"),
        ({"key": np.array(["N1"])}, "table 'planes' is built without its column 'seats'"),
    ],
)
def test_rows_that_are_not_as_declared_are_refused(rows: dict[str, Array], said: str) -> None:
    """A table is made of what it declares, or not at all."""
    with pytest.raises(UseCaseError, match=said):
        from_columns(STATIC, rows)


def test_every_table_is_asked_by_its_own_key() -> None:
    """One request is looked up in each table by the column that the table declares."""
    known = {
        "weather": from_columns(MOVING, rows_of([("a", 5)])),
        "planes": from_columns(STATIC, {"key": np.array(["N1"]), "seats": np.array([100])}),
    }
    request = {"origin": np.array(["a"], dtype=object), "tailnum": np.array(["N1"], dtype=object)}
    found = look_up_all(known, request, np.array([9]))
    assert (found["weather"]["temp"].tolist(), found["planes"]["seats"].tolist()) == ([0.0], [100.0])


def test_answers_differ_where_one_of_their_columns_does() -> None:
    """Nothing known equals nothing known, and one column is enough."""
    nan = np.nan
    one = {"temp": np.array([1.0, nan, nan, 2.0]), "wind": np.array([1.0, 1.0, nan, 2.0])}
    other = {"temp": np.array([1.0, nan, 3.0, 2.0]), "wind": np.array([1.0, 1.0, nan, 4.0])}
    assert differs(one, other).tolist() == [False, False, True, True]
