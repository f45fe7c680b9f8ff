"""Medians in bounded memory are numpy's, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mainline.contract import Array
from mainline.model.medians import medians

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def halves(table: Array) -> list[Array]:
    """Part a table into two, the first of which may be empty."""
    return [table[: len(table) // 3], table[len(table) // 3 :]]


@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=NUMBERS))
def test_it_is_numpys(table: Array) -> None:
    """Of numbers of any size and sign, in two batches."""
    found = medians(lambda: halves(table), table.shape[1])
    assert np.array_equal(found, np.median(table.astype(np.float64), axis=0))


@pytest.mark.parametrize(
    ("column", "median"), [([1, np.nan, 3], 2.0), ([np.nan, np.nan], 0.0), ([-0.0, 0.0], 0.0), ([-2, -2, 5], -2.0)]
)
def test_missing_numbers_and_two_zeros(column: list[float], median: float) -> None:
    """A column without a number has the median that the imputer gives it."""
    assert medians(lambda: halves(np.array([column], np.float32).T), 1).tolist() == [median]
