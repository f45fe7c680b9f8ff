"""How far two metrics agree on the order of models."""

import itertools

import pytest
from scipy import stats

from mainline.gate.ranks import agreement


def test_kendalls_tau_is_that_of_scipy() -> None:
    """Over all orders of five models, tau from the counted pairs is the library's."""
    for order in itertools.permutations(range(5)):
        found = agreement(list(enumerate(order)))
        tau = (2 * found.same - found.pairs) / found.pairs
        assert tau == pytest.approx(stats.kendalltau(range(5), order).statistic)


def test_one_order_is_sure_from_four_models_on() -> None:
    """Three models stand in one order by chance once in six times; the same order of four is seldom chance."""
    assert [agreement([(n, n) for n in range(models)]).is_sure for models in (0, 1, 2, 3, 4)] == [False] * 4 + [True]


def test_the_other_order_is_not_agreement() -> None:
    """A metric of which less is better beside one of which more is agrees on no pair."""
    found = agreement([(n, -n) for n in range(9)])
    assert (found.same, found.pairs, found.is_sure) == (0, 36, False)


def test_a_tie_is_on_neither_side() -> None:
    """Models that one metric cannot tell apart agree with no order, and disagree with none."""
    found = agreement([(0, 1), (0, 2), (1, 3)])
    assert (found.same, found.pairs) == (2, 3)
    assert found.deviations > 0


def test_chance_is_exceeded_about_once_in_twenty_orders() -> None:
    """Of all orders of seven models, about 5 % count as sure."""
    sure = [agreement(list(enumerate(order))).is_sure for order in itertools.permutations(range(7))]
    assert 0.02 < sum(sure) / len(sure) < 0.07
