"""How far predictions move with the rows beside them: measured, and stated with room."""

import numpy as np
import pytest

from mainline.contract import Array, Columns
from mainline.model import batches

ROWS = {"x": np.arange(1000.0)}


@pytest.mark.parametrize("size", [1, 3, 16])
def test_a_prediction_that_moves_with_its_batch_is_measured(size: int) -> None:
    """One kind of batch that is off is enough."""

    def predict(columns: Columns) -> Array:
        return columns["x"] + (0.25 if len(columns["x"]) == size else 0.0)

    assert batches.difference(predict, ROWS) == 0.25


def test_a_prediction_that_never_moves_is_bit_exact() -> None:
    """No difference is 0, with what is not a number among the predictions too."""
    assert batches.difference(lambda columns: np.where(columns["x"] > 5, np.nan, columns["x"]), ROWS) == 0.0
    assert batches.bound(0.0) == 0.0


@pytest.mark.parametrize(("measured", "stated"), [(9e-6, 1e-4), (2e-6, 1e-5), (0.2, 1.0), (np.nan, np.inf)])
def test_the_bound_is_a_round_figure_with_room(measured: float, stated: float) -> None:
    """Other rows and processors have other last bits; what became no number has no bound."""
    assert batches.bound(measured) == stated


def test_values_differ_by_more_than_the_tolerance() -> None:
    """NaN equals NaN and nothing else; a tolerance of 0 is bit by bit."""
    one, other = np.array([1.0, 1.0, np.nan, np.nan]), np.array([1.0, 1.1, np.nan, 1.0])
    assert batches.differ(one, other).tolist() == [False, True, False, True]
    assert batches.differ(one, other, 0.2).tolist() == [False, False, False, True]
