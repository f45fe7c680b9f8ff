"""The split of data without time: by a stable hash, which keeps together what must not be apart."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.contract import Array, Field
from mainline.data import sides

values = st.none() | st.text(max_size=6) | st.integers(-(2**62), 2**62) | st.floats()


Rows = list[tuple[object, object]]
WRITTEN = ["10a429c0ac6e6a39", "db0054dc6aa2ec8a", "db0054dc6aa2ec8a", "44c122c9ce0f9992", *["544c82db0cec074b"] * 3]


def objects(*given: object) -> Array:
    """Return a column of anything."""
    return np.array([*given, None], object)[:-1]


@given(rows=st.lists(st.tuples(values, values), min_size=1, max_size=30), more=st.lists(st.tuples(values, values)))
def test_rows_keep_their_side_when_more_come(rows: Rows, more: Rows) -> None:
    """A row's hash is its own: other rows before, after or between it change nothing."""
    alone, together = ([objects(*column) for column in zip(*given, strict=True)] for given in (rows, [*more, *rows]))
    np.testing.assert_array_equal(sides.hashes(together)[len(more) :], sides.hashes(alone))


def test_hashes_are_what_they_were() -> None:
    """The hash of a value is written down: another one would move every row of every released model."""
    found = sides.hashes([objects("a", 7, 7.0, 0.5, None, float("nan"), "")])
    assert [f"{value:016x}" for value in found.tolist()] == WRITTEN


def test_a_number_is_the_same_in_every_type() -> None:
    """A whole number hashes alike as an integer and as a float, which a column with gaps is."""
    as_integer, as_float = sides.hashes([np.array([7, -3])]), sides.hashes([np.array([7.0, -3.0])])
    np.testing.assert_array_equal(as_integer, as_float)


@given(validation=st.floats(0.05, 0.4), test=st.floats(0.05, 0.4))
def test_sides_have_their_shares(validation: float, test: float) -> None:
    """Each row is on one side, and the sides have about the declared shares of the rows."""
    found = sides.cut(sides.hashes([np.arange(20_000)]), validation, test)
    assert np.sum(list(found.values()), axis=0).tolist() == [1] * 20_000
    assert found["test"].mean() == pytest.approx(test, abs=0.015)
    assert found["validation"].mean() == pytest.approx(validation, abs=0.015)


@given(test=st.floats(0.05, 0.4), more=st.floats(0.0, 0.2))
def test_a_larger_test_keeps_the_rows_of_a_smaller_one(test: float, more: float) -> None:
    """Rows of the test stay in it when its share grows."""
    found = sides.hashes([np.arange(500)])
    smaller, larger = (sides.cut(found, 0.2, share)["test"] for share in (test, test + more))
    assert larger[smaller].all()


def test_few_groups_are_clusters_and_many_are_pooled() -> None:
    """Rows of one hash are in one cluster, and there are at most `POOLS`."""
    for groups, expected in ((30, 30), (1000, sides.POOLS)):
        found = sides.hashes([np.arange(3 * groups) % groups])
        cluster = sides.pool(found)
        assert len(np.unique(cluster)) == expected
        assert all(len(np.unique(cluster[found == one])) == 1 for one in np.unique(found))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"GROUP": "customer", "KEY": ("order",)}, ("customer",)),
        ({"KEY": ("order",)}, ("order",)),
        ({"KEY": ()}, ("order", "size")),
        ({"GROUP": None, "KEY": ()}, ("order", "size")),
    ],
)
def test_group_decides_else_key_else_request(declared: dict[str, object], expected: tuple[str, ...]) -> None:
    """What keeps a row on its side is the narrowest thing that the use case declares."""
    fields = tuple(Field(name, "number", "", 1.0) for name in ("order", "size"))
    assert sides.rule(SimpleNamespace(REQUEST=fields, **declared)) == expected  # type: ignore[arg-type]
