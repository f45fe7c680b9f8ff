"""Numbers as a person reads them at a terminal."""

import pytest

from mainline import digits


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"), (-0.0123456, "-0.01235"), (0.00001234, "1.234e-05"), (15.0, "15"), (9999.4, "9999"),
        (51283.4, "51,280"), (-253872.1, "-253,900"), (1e14, "100,000,000,000,000"), (1.5e15, "1.5e+15"),
        (float("inf"), "inf"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_four_digits_without_an_exponent(value: float, shown: str) -> None:
    """A price of 253,900 is not 2.539e+05; what no line can hold is."""
    assert digits.four(value) == shown
