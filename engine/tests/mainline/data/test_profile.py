"""Profiles of columns, and how far two periods are apart."""

import json
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.data.profile import TOP, bins, describe, share_between, stability_from, stability_index

numbers = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=40).map(np.array)
texts = st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=40).map(
    lambda drawn: np.array(drawn, object)
)
columns = st.one_of(st.tuples(numbers, numbers), st.tuples(texts, texts))


def text(**counts: int) -> np.ndarray:
    """Return a text column that holds each value so many times."""
    return np.repeat(np.array(list(counts), dtype=object), list(counts.values()))


@pytest.mark.parametrize("column", [np.arange(100.0), text(a=60, b=40), np.full(5, np.nan), np.full(5, 3.0)])
def test_same_values_have_an_index_of_zero(column: np.ndarray) -> None:
    """A period compared with itself has not moved."""
    assert stability_index(column, column) == 0


def test_index_of_text_is_the_one_computed_by_hand() -> None:
    """Shares of 6/4 and 3/7 rows, and half a row for what is in neither, give the sum written out."""
    expected = (3 - 6) / 10.5 * log(3 / 6) + (7 - 4) / 10.5 * log(7 / 4)
    assert stability_index(text(a=6, b=4), text(a=3, b=7)) == pytest.approx(expected)


def test_index_of_numbers_is_the_one_computed_by_hand() -> None:
    """Ten values, one per decile, against ten in the lowest: 1 of 10.5 rows in each bin, then 10 and ten half ones."""
    old, new = 1 / 10.5, (10 / 15, 0.5 / 15)
    expected = (new[0] - old) * log(new[0] / old) + 9 * (new[1] - old) * log(new[1] / old)
    missing = (0.5 / 15 - 0.5 / 10.5) * log((0.5 / 15) / (0.5 / 10.5))
    assert stability_index(np.arange(10.0), np.zeros(10)) == pytest.approx(expected + missing)


def test_index_grows_with_the_shift() -> None:
    """The further a distribution moves, the larger its index."""
    before = np.random.default_rng(1).normal(size=2000)
    found = [stability_index(before, before + shift) for shift in (0, 0.1, 0.3, 1, 3)]
    assert found == sorted(set(found))


def test_missing_values_have_a_bin_of_their_own() -> None:
    """Values that go missing move a column, and as far as if they came back."""
    whole, half = np.arange(100.0), np.where(np.arange(100) % 2, np.nan, np.arange(100.0))
    assert stability_index(whole, half) > 1
    assert stability_index(half, whole) == pytest.approx(stability_index(whole, half), rel=0.05)


def test_new_category_counts_as_much_as_one_that_goes() -> None:
    """A category that appears moves a text column as far as the same category that disappears."""
    one, two = text(a=90, b=10), text(a=90, c=10)
    assert stability_index(one, two) == pytest.approx(stability_index(two, one))
    assert stability_index(one, two) > 0.2


def test_new_categories_are_pooled() -> None:
    """Values that the earlier period lacks count together, in whatever order they sort."""
    before = text(b=90)
    assert stability_index(before, text(a=5, b=80, z=5)) == stability_index(before, text(b=80, c=10))


@given(pair=columns)
def test_index_is_finite_and_never_negative(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """Whatever is compared, also columns without one known value, the index is a number from 0 up."""
    found = stability_index(*pair)
    assert np.isfinite(found)
    assert found >= 0


def test_numbers_are_described_by_moments_and_deciles() -> None:
    """Mean, deviation and deciles are of the known values, the missing ones are a share."""
    found = describe({"size": np.array([0.0, 10.0, np.nan, 20.0])})["size"]
    assert found == {
        "kind": "number", "missing": 0.25, "mean": 10, "std": pytest.approx(200 ** 0.5 / 3 ** 0.5),
        "deciles": pytest.approx(np.arange(0, 22, 2)),
    }  # fmt: skip


def test_whole_numbers_are_numbers() -> None:
    """A column of integers is described like one of floats."""
    assert describe({"day": np.array([1, 3])}) == describe({"day": np.array([1.0, 3.0])})


def test_column_without_a_known_value_says_so() -> None:
    """Where all is missing there are no moments, and no warning either."""
    assert describe({"gust": np.full(3, np.nan)}) == {"gust": {"kind": "number", "missing": 1}}


def test_text_is_described_by_the_shares_of_its_values() -> None:
    """The most frequent value comes first, and '' counts as missing."""
    found = describe({"code": np.array(["b", "a", "b", ""], dtype=object)})["code"]
    assert found == {"kind": "text", "missing": 0.25, "distinct": 2, "shares": {"b": 0.5, "a": 0.25}}
    assert list(found["shares"]) == ["b", "a"]


def test_rare_values_are_not_named() -> None:
    """A profile names the most frequent values and counts the others."""
    found = describe({"tail": text(**{f"N{number:03}": 1 for number in range(100)}, often=2)})["tail"]
    assert (len(found["shares"]), found["distinct"], next(iter(found["shares"]))) == (TOP, 101, "often")


@pytest.mark.parametrize("single", [text(a=1), np.array([7.0])])
def test_column_of_one_row_misses_nothing(single: np.ndarray) -> None:
    """One known value is all there is."""
    assert describe({"any": single})["any"]["missing"] == 0


@pytest.mark.parametrize("empty", [np.array([], dtype=object), np.array([])])
def test_column_without_rows_is_all_missing(empty: np.ndarray) -> None:
    """A column of length 0 is described as missing instead of failing."""
    assert describe({"any": empty})["any"]["missing"] == 1


def test_share_between_parts_is_what_their_means_explain() -> None:
    """Parts of one value each explain all of the variance, mixed ones none, and a constant has none."""
    values = np.arange(600) % 2
    assert share_between([np.zeros(5), np.ones(3), np.zeros(0)]) == 1
    assert share_between(np.array_split(values, 6)) == 0
    assert share_between([np.array([0.0, 2.0]), np.array([1.0, 3.0])]) == pytest.approx(0.2)
    assert share_between([np.ones(3), np.ones(3)]) == 0


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_kept_counts_tell_what_the_rows_did(shift: float) -> None:
    """Earlier rows need not be at hand: written and read again, their counts give the same index, also with ties."""
    random = np.random.default_rng(0)
    before, after = random.normal(size=5000), random.normal(size=5000) + shift
    before[:500], after[:250] = np.nan, np.nan
    shares = ([0.5, 0.3, 0.2], [0.5 - shift / 8, 0.3, 0.2 + shift / 8])
    old, new = (np.array(["a", "b", "c"], object)[random.choice(3, 5000, p=share)] for share in shares)
    for one, two in ((before, after), (before.round(), after.round()), (old, new)):
        kept = json.loads(json.dumps(bins({"x": one})))["x"]
        assert stability_from(kept, two) == pytest.approx(stability_index(one, two))
