"""Rows are written by column as they would be one at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mainline.contract import Array
from mainline.serving.answering.answer import Answer

VALUES: list[some.SearchStrategy[Any]] = [
    some.text() | some.none(),
    some.integers(-(2**63), 2**64 - 1),
    some.floats() | some.none(),
    some.sampled_from(["", ",", '","', "%b", "a,b", "[1,2]", "Zürich"]),
]
COLUMNS = some.integers(1, 5).flatmap(
    lambda n: some.dictionaries(some.text(), some.one_of([some.lists(one, min_size=n, max_size=n) for one in VALUES]))
)


def answer(values: Mapping[str, Sequence[Any]], features: dict[str, Array]) -> Answer:
    """Return an answer to n rows."""
    return Answer([], None, [], values, features, "2013-09-01T00:00:00.000+00:00")


@given(columns=COLUMNS.filter(bool))
def test_row_is_the_json_of_its_values(columns: dict[str, list[Any]]) -> None:
    """Whatever names and texts hold, each row is an object of lists of one value."""
    count = len(next(iter(columns.values())))
    found = answer(columns, {"seen": np.arange(count)}).row_texts
    assert found is not None
    for row, texts in enumerate(found):
        expected = {name: [values[row]] for name, values in columns.items()}
        assert [orjson.dumps(text) for text in texts] == [orjson.dumps(expected), orjson.dumps({"seen": [row]})]


@pytest.mark.parametrize("odd", ["\ud800", 2**64])
def test_value_without_json_leaves_all_rows_to_be_written_alone(odd: Any) -> None:
    """There are no texts of rows if one of them cannot be written: the log then loses that row alone."""
    assert answer({"name": ["good", odd]}, {"seen": np.arange(2)}).row_texts is None
