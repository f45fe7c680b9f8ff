"""The holdout as a budget: a hundred tries that build on what was best so far get a worse model through as declared."""

import pytest

from benchmarks.budget import Rule, hunt, varies_the_best

ALLOWED = 0.05
"""One minus the confidence of the gate's interval."""


def released(analysts: int, rule: Rule) -> float:
    """Return the share of analysts who get a candidate through that is worse by more than the margin."""
    return sum(hunt(varies_the_best, seed, rule) for seed in range(analysts)) / analysts


def test_one_interval_for_all_looks_lets_a_worse_model_through() -> None:
    """So the tests can see what the budget is for: each of four analysts has one released."""
    assert released(4, "fixed") == 1


def test_with_the_budget_no_worse_model_gets_through() -> None:
    """The same four analysts, who stop at the first of a hundred candidates that is called no worse."""
    assert released(4, "Scheffé") == 0


@pytest.mark.slow
def test_the_declared_rate_of_errors_holds_under_a_hundred_adaptive_tries() -> None:
    """Of two hundred analysts, each of whom varies the best candidate so far."""
    assert released(200, "Scheffé") <= ALLOWED
    assert released(200, "fixed") > 0.9
