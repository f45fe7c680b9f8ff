"""Days as numbers and as dates."""

from datetime import date

import numpy as np
import pytest

from mainline.backtest import day_numbers


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(1969, 12, 31), date(2012, 2, 29), date(2013, 9, 1)])
def test_numbers_are_those_of_numpy(day: date) -> None:
    """Rows have them from there, so a day off by one would be another day's rows."""
    number = int(np.datetime64(day, "D").astype(np.int64))
    assert day_numbers.of(day) == number
    assert day_numbers.day(number) == day
