"""Sketches add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.limits import sketches
from mainline.limits.sketches import Sketch

EDGES = (-1.0, 0.0, 2.5)
NUMBERS = st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), max_size=20)
TEXTS = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 5), max_size=5)


def sketch(values: list[float], texts: dict[str, int], digest: str = "a") -> Sketch:
    """Sketch a column of each kind."""
    counted = sketches.count_numbers(np.array(values, np.float64), EDGES)
    return Sketch(
        digest=digest, rows=len(values), requests=1, numbers={"x": counted},
        texts={"c": sketches.count_texts(texts, 0)},
    )  # fmt: skip


@given(NUMBERS, NUMBERS, TEXTS, TEXTS)
def test_sum_of_two_sketches_is_the_sketch_of_all_rows(
    first: list[float], second: list[float], some: dict[str, int], others: dict[str, int]
) -> None:
    """Counts are exact in any split of the rows, moments to rounding."""
    added = sketches.add([sketch(first, some), sketch(second, others)])
    both = {name: some.get(name, 0) + others.get(name, 0) for name in some.keys() | others.keys()}
    whole = sketch([*first, *second], both)
    assert added.texts == whole.texts
    loose = {"total", "squares"}
    assert added.numbers["x"].model_dump(exclude=loose) == whole.numbers["x"].model_dump(exclude=loose)
    np.testing.assert_allclose(added.numbers["x"].squares, whole.numbers["x"].squares)


@given(NUMBERS)
def test_ends_without_values_of_single_rows_lie_outward(values: list[float]) -> None:
    """They are ends of bins, or of one digit, never within the true ones, and stay what they are the second time."""
    numbers = sketches.count_numbers(np.array(values, np.float64), EDGES)
    bare = sketches.without_values(numbers)
    assert sketches.without_values(bare) == bare
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
        bare = sketches.without_values(sketches.count_numbers(np.full(rows, secret), EDGES))
        assert (bare.low, bare.high, bare.total, bare.squares) == (2.5, 70_000.0, 0.0, 0.0)
    still = sketches.without_values(sketches.count_numbers(np.full(10, secret), EDGES))
    assert still.low == still.high == secret


def test_rare_names_are_pooled_and_none_is_lost() -> None:
    """Beyond the most frequent names the rows are counted together, also in a sum."""
    many = {f"n{number:05d}": 1 for number in range(sketches.NAMES + 7)} | {"often": 9}
    counted = sketches.count_texts(many, 2)
    assert (len(counted.counts), counted.counts["often"], counted.others) == (sketches.NAMES, 9, 8)
    added = sketches.add([sketch([], many), sketch([], many)]).texts["c"]
    assert sum(added.counts.values()) + added.others == 2 * sum(many.values())


def test_sketches_of_two_packages_do_not_add_up() -> None:
    """Their bins differ."""
    with pytest.raises(ValueError, match="several packages do not add up"):
        sketches.add([sketch([1.0], {}), sketch([1.0], {}, "b")])
