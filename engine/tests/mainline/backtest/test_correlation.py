"""Spearman's rank correlation, held to ones that were computed by hand, and its interval."""

import numpy as np
import pytest

from mainline.backtest import correlation


def test_rank_correlation_is_that_computed_by_hand() -> None:
    """Ranks 1 2 3 4 5 and 2 1 4 3 5 differ by 1 four times: 1 - 6 * 4 / (5 * 24) = 0.8."""
    found = correlation.spearman(np.array([0.1, 0.2, 0.3, 0.4, 9.0]), np.array([-2.0, -3.0, 0.0, -1.0, 4.0]))
    assert found == pytest.approx(0.8)


def test_tied_values_share_their_rank() -> None:
    """Ranks 1.5 1.5 3 and 1 2 3: covariance 1.5, spreads 1.5 and 2, so 1.5 / sqrt(3)."""
    found = correlation.spearman(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert found == pytest.approx(1.5 / np.sqrt(3))


def test_a_column_without_ranks_correlates_with_nothing() -> None:
    """Where all values are the same, or there is one, nobody can tell."""
    assert np.isnan(correlation.spearman(np.array([1.0, 1.0]), np.array([1.0, 2.0])))
    assert np.isnan(correlation.spearman(np.array([1.0]), np.array([1.0])))


def test_pairs_of_one_candidate_go_together() -> None:
    """A copy of each pair in its own group narrows no interval; as groups of their own they would."""
    random = np.random.default_rng(1)
    first = random.normal(size=12)
    second = first + random.normal(size=12)
    group = np.arange(12)
    one = correlation.rank(first, second, group, 0.95)
    copied = correlation.rank(np.tile(first, 3), np.tile(second, 3), np.tile(group, 3), 0.95)
    apart = correlation.rank(np.tile(first, 3), np.tile(second, 3), np.arange(36), 0.95)
    assert copied.high - copied.low == pytest.approx(one.high - one.low, rel=0.02)
    assert apart.high - apart.low < 0.8 * (one.high - one.low)


def test_three_candidates_are_too_few_for_an_interval() -> None:
    """The coefficient is told, its interval is not."""
    found = correlation.rank(np.arange(3.0), np.arange(3.0), np.arange(3), 0.95)
    assert found.value == 1
    assert np.isnan(found.low)
