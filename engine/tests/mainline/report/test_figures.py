"""Numbers as a person reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.report import figures


def plain(shown: str) -> str:
    """Return a number with the signs of a keyboard."""
    return shown.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (14.2298, "14.23"), (14.6, "14.60"), (0.865142, "0.8651"), (-5.26766, "-5.268"), (0.0, "0"),
        (27010.0, "27,010"), (9.99996, "10.000"), (1e-9, "1e-09"), (-1.5e300, "-1.5e+300"), (0.00022768, "0.000228"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits(value: float, shown: str) -> None:
    """Four significant digits, thousands apart, a real minus sign."""
    assert plain(figures.number(value)) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(-0.0253, "-2.5 %"), (0.062, "+6.2 %"), (-0.0001, "0.0 %"), (1e300, "≥+9,999 %"), (-1e300, "≤-9,999 %")],
)
def test_percentages_have_their_sign(share: float, shown: str) -> None:
    """The sign is always there, except for nothing; what a percentage cannot say is bounded."""
    assert plain(figures.percent(share)) == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_short(value: float) -> None:
    """Whatever a document holds, a number fits its cell."""
    shown = [figures.number(value), figures.percent(value), figures.share(value)]
    assert max(len(text) for text in shown) <= 14


def test_interval_without_bounds_is_a_dash() -> None:
    """A metric of one day has no interval, and none is made up."""
    assert figures.interval(None, 0.1) == figures.UNKNOWN
    assert plain(figures.interval(-0.036, -0.015)) == "-3.6 to -1.5 %"


@pytest.mark.parametrize(("candidate", "other"), [(1.0, 0.0), (1.0, -1.0), (1e300, 1e-300)])
def test_difference_that_says_nothing_is_none(candidate: float, other: float) -> None:
    """Against zero or another sign there is no relative difference."""
    assert figures.relative(candidate, other) is None


def test_sizes_have_the_unit_that_suits_them() -> None:
    """Bytes up to a thousand, then kilo, mega and giga."""
    assert [figures.size(size) for size in (999, 1_612_345, 3_000_000_000)] == ["999.0 bytes", "1.612 MB", "3.000 GB"]
