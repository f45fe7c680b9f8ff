"""An interval covers what it promises, on rows like those that it was taken from."""

import numpy as np
import pytest

from mainline.errors import ParamsError
from mainline.model import conformal


def test_ends_are_errors_that_were_seen() -> None:
    """Of 19 errors, 90 % leaves a twentieth of 20 on either side: the smallest error and the largest."""
    errors = np.random.default_rng(1).permutation(np.arange(19.0) - 5)
    assert conformal.offsets(errors, 0.9) == (-5.0, 13.0)
    assert conformal.offsets(errors, 0.5) == (-1.0, 9.0)


def test_new_rows_are_covered_as_promised() -> None:
    """Over many draws of 99 skewed errors, the mean coverage of new ones is the level, and at most 1 in 100 more."""
    random = np.random.default_rng(2)
    found = [
        conformal.coverage(random.exponential(size=2000), conformal.offsets(random.exponential(size=99), 0.8))
        for _ in range(400)
    ]
    assert 0.8 - 0.01 < np.mean(found) < 0.8 + 0.01 + 0.01


def test_too_few_rows_for_a_level_are_said() -> None:
    """A level of 0.9 needs 19 rows; with fewer no interval that ends anywhere holds it."""
    with pytest.raises(ParamsError, match=r"evaluation.interval: 0.9 needs 19 validation rows, and there are 18"):
        conformal.offsets(np.zeros(18), 0.9)
    assert conformal.offsets(np.zeros(19), 0.9) == (0.0, 0.0)


def test_an_error_on_the_edge_is_covered() -> None:
    """Both ends belong to the interval, and what is not a number is covered by none."""
    assert conformal.coverage(np.array([-1.0, 0.0, 2.0, 2.1, np.nan]), (-1.0, 2.0)) == 3 / 5
