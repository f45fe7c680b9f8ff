"""Checks of pandera and what they are called in Great Expectations."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandera.pandas import Check, Column, DataFrameSchema

from mainline.export.expectations import Expectation, of_table, type_name


def of_column(column: Column) -> tuple[list[Expectation], list[str]]:
    """Return what is expected of a single column, after the first expectation, which is of the table."""
    found, lacking = of_table(DataFrameSchema({"a": column}))
    return found[1:], lacking


@pytest.mark.parametrize(
    ("check", "kind", "given"),
    [
        (Check.ge(1), "values_to_be_between", {"min_value": 1}),
        (Check.gt(1), "values_to_be_between", {"min_value": 1, "strict_min": True}),
        (Check.le(1), "values_to_be_between", {"max_value": 1}),
        (Check.lt(1), "values_to_be_between", {"max_value": 1, "strict_max": True}),
        (Check.in_range(1, 2), "values_to_be_between", {"min_value": 1, "max_value": 2}),
        (
            Check.in_range(1, 2, include_min=False, include_max=False), "values_to_be_between",
            {"min_value": 1, "max_value": 2, "strict_min": True, "strict_max": True},
        ),
        (Check.eq("x"), "values_to_be_in_set", {"value_set": ["x"]}),
        (Check.ne("x"), "values_to_not_be_in_set", {"value_set": ["x"]}),
        (Check.isin(["b", "a"]), "values_to_be_in_set", {"value_set": ["b", "a"]}),
        (Check.isin([np.int64(1)]), "values_to_be_in_set", {"value_set": [1]}),
        (Check.notin(["a"]), "values_to_not_be_in_set", {"value_set": ["a"]}),
        (Check.str_length(2, 6), "value_lengths_to_be_between", {"min_value": 2, "max_value": 6}),
        (Check.str_length(exact_value=3), "value_lengths_to_be_between", {"min_value": 3, "max_value": 3}),
        (Check.str_matches("^[A-Z]$"), "values_to_match_regex", {"regex": "^[A-Z]$"}),
        (Check.str_startswith("a.b"), "values_to_match_regex", {"regex": r"^a\.b"}),
        (Check.str_endswith("a.b"), "values_to_match_regex", {"regex": r"a\.b\Z"}),
        (Check.str_contains("a+"), "values_to_match_regex", {"regex": "a+"}),
        (Check.ge(pd.Timestamp("2013-01-01", tz="UTC")), "values_to_be_between",
         {"min_value": "2013-01-01T00:00:00+00:00"}),
    ],
)  # fmt: skip
def test_a_check_has_its_counterpart(check: Check, kind: str, given: dict[str, Any]) -> None:
    """Each check that pandera brings is one expectation with the same bounds, in values that JSON has."""
    found, lacking = of_column(Column(checks=check, nullable=True))
    assert found == [{"type": f"expect_column_{kind}", "kwargs": {"column": "a", **given}, "meta": {}}]
    assert lacking == []


@pytest.mark.parametrize("pattern", ["b|c", "^a|b"])
def test_a_pattern_holds_from_the_beginning_of_a_text(pattern: str) -> None:
    """Pandera matches from the first letter, the library anywhere: both refuse what does not begin so."""
    found, _ = of_column(Column(checks=Check.str_matches(pattern), nullable=True))
    assert not re.search(found[0]["kwargs"]["regex"], "xb")
    assert re.search(found[0]["kwargs"]["regex"], "bx")


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (Check(lambda values: values > 0, name="above"), "the check above of a"),
        (Check(lambda values: values > 0), "the check <lambda> of a"),
        (Check.ge(0, raise_warning=True), "the check greater_than_or_equal_to of a"),
        (Check.isin([object]), "the check isin of a"),
    ],
)
def test_a_check_without_a_counterpart_is_named(check: Check, said: str) -> None:
    """Code of the use case, a check that only warns, and values that JSON lacks are left out and said."""
    assert of_column(Column(checks=check, nullable=True)) == ([], [said])


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.dtype("int64"), "int64"),
        (np.dtype("bool"), "bool"),
        (np.dtype("datetime64[ms]"), "datetime64[ms]"),
        (np.dtype("U"), "str"),
        (pd.StringDtype("pyarrow"), "str"),
        (pd.DatetimeTZDtype("ms", "UTC"), "Timestamp"),
        (pd.CategoricalDtype(), ""),
    ],
)
def test_types_are_named_as_the_library_finds_them(dtype: Any, name: str) -> None:
    """A text is `str` and a time with a zone `Timestamp`; what it cannot compare has no name."""
    assert type_name(dtype) == name


def test_a_type_that_cannot_be_compared_is_named() -> None:
    """Categories are left out and said."""
    assert of_column(Column("category", nullable=True)) == ([], ["the type category of a"])


def test_a_column_that_must_be_there_is_expected_to_be_filled() -> None:
    """Without `nullable` no value may be missing; `unique` allows each once."""
    found, _ = of_column(Column(unique=True))
    assert [one["type"] for one in found] == [
        "expect_column_values_to_not_be_null", "expect_column_values_to_be_unique",
    ]  # fmt: skip


def test_a_key_of_several_columns_is_unique() -> None:
    """Together they may occur once, with missing values as any others."""
    schema = DataFrameSchema({"a": Column(), "b": Column()}, unique=["a", "b"])
    assert of_table(schema)[0][-1] == {
        "type": "expect_compound_columns_to_be_unique",
        "kwargs": {"column_list": ["a", "b"], "ignore_row_if": "never"}, "meta": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "columns", "exact", "lacking"),
    [
        (DataFrameSchema({"a": Column()}, strict=True), ["a"], True, []),
        (DataFrameSchema({"a": Column()}), ["a"], False, []),
        (
            DataFrameSchema({"a": Column(), "b": Column(required=False)}, strict=True), ["a"], False,
            ["an optional column: b"],
        ),
        (
            DataFrameSchema({"a": Column(), "b_.*": Column(regex=True)}, strict=True), ["a"], False,
            ["columns by a pattern: b_.*"],
        ),
        (
            DataFrameSchema({"a": Column()}, checks=Check(lambda table: len(table) > 1, name="long")), ["a"], False,
            ["a check of the whole table: the check long"],
        ),
    ],
)  # fmt: skip
def test_columns_are_expected_as_far_as_they_are_known(
    schema: DataFrameSchema, columns: list[str], exact: bool, lacking: list[str]
) -> None:
    """Others are refused only if the schema is strict and names all that may come; what is left out is said."""
    found, left = of_table(schema)
    assert found[0]["kwargs"] == {"column_set": columns, "exact_match": exact}
    assert left == lacking


def test_the_order_of_columns_is_expected_if_it_is_declared() -> None:
    """Both which columns there are, and their order."""
    found, _ = of_table(DataFrameSchema({"b": Column(), "a": Column()}, strict=True, ordered=True))
    assert found[1]["kwargs"] == {"column_list": ["b", "a"]}
