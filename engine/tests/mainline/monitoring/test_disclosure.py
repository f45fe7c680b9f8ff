"""What a machine shows others of its rows."""

import numpy as np
from hypothesis import given

from mainline.limits import sketches
from mainline.monitoring import disclosure
from tests.mainline.limits.test_sketches import EDGES, NUMBERS


@given(NUMBERS)
def test_ends_without_values_of_single_rows_lie_outward(values: list[float]) -> None:
    """They are ends of bins, or of one digit, never within the true ones, and stay what they are the second time."""
    numbers = sketches.count_numbers(np.array(values, np.float64), EDGES)
    bare = disclosure.without_values(numbers)
    assert disclosure.without_values(bare) == bare
    if numbers.low is None or numbers.low == numbers.high:
        return
    assert bare.low is not None
    assert bare.high is not None
    assert numbers.high is not None
    assert bare.low <= numbers.low <= numbers.high <= bare.high
    assert all(end in EDGES or end == float(f"{end:.0e}") for end in (bare.low, bare.high))


def test_number_of_few_rows_cannot_be_worked_out() -> None:
    """Below ten rows sums go as well, and a value that they share; of ten rows a feed that stands still is known."""
    secret = 61_234.56
    for rows in (1, 9):
        bare = disclosure.without_values(sketches.count_numbers(np.full(rows, secret), EDGES))
        assert (bare.low, bare.high, bare.total, bare.squares) == (2.5, 70_000.0, 0.0, 0.0)
    still = disclosure.without_values(sketches.count_numbers(np.full(10, secret), EDGES))
    assert still.low == still.high == secret
