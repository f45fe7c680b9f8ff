"""How much one column says about another."""

import numpy as np
import pytest

from mainline.experiments.associations import association, strongest

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=3000)
TEXT = np.array(["low", "high"], dtype=object)[(X > 0).astype(int)]
OTHER = RANDOM.choice(np.array(["p", "q", "r"], dtype=object), 3000)


def test_any_monotone_relation_counts_fully() -> None:
    """A number and its exponential, rising or falling, go together completely."""
    assert association(X, np.exp(3 * X)) == pytest.approx(1)
    assert association(X, -(X**3)) == pytest.approx(1)


def test_text_that_follows_from_text_counts_fully() -> None:
    """Cramer's V of a column and its renamed self is 1, whatever the number of values."""
    assert association(OTHER, np.char.upper(OTHER.astype("U")).astype(object)) == pytest.approx(1)


def test_correlation_ratio_is_that_of_the_ranks() -> None:
    """Halves of a number explain three quarters of the variance of its ranks, in either order."""
    expected = pytest.approx(np.sqrt(0.75), abs=0.01)
    assert association(X, TEXT) == expected
    assert association(TEXT, X) == expected


def test_independent_columns_do_not_go_together() -> None:
    """Chance alone stays small for every pair of kinds."""
    assert max(association(X, RANDOM.normal(size=3000)), association(X, OTHER), association(TEXT, OTHER)) < 0.08


def test_missing_numbers_are_left_out() -> None:
    """Rows without a number do not count."""
    gaps = np.where(RANDOM.random(3000) < 0.3, np.nan, 2 * X)
    assert association(X, gaps) == pytest.approx(1)


def test_constant_column_says_nothing() -> None:
    """With a constant there is no answer, and it is never the strongest."""
    assert np.isnan(association(X, np.ones(3000)))
    assert np.isnan(association(np.full(3000, np.nan), X))
    assert strongest({"x": X, "one": np.ones(3000), "y": -X}, "x")[0] == "y"
    assert strongest({"x": X, "one": np.ones(3000)}, "x")[0] == ""
