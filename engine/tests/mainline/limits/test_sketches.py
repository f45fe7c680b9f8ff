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
