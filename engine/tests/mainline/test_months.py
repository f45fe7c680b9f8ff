"""Months: counting, naming and splitting by time."""

from hypothesis import given
from hypothesis import strategies as st

from mainline import months

numbers = st.integers(min_value=0, max_value=9999 * 12 + 11)


@given(number=numbers)
def test_name_is_the_inverse_of_count(number: int) -> None:
    """A month's number names that month again."""
    assert months.count(months.name(number)) == number


def test_between_goes_over_the_turn_of_the_year() -> None:
    """Both ends are included, and December is followed by January."""
    assert months.between("2013-11", "2014-02") == ("2013-11", "2013-12", "2014-01", "2014-02")


def test_between_of_a_reversed_window_is_empty() -> None:
    """A window whose end is before its start holds no month."""
    assert months.between("2013-02", "2013-01") == ()


def test_before_january_is_december() -> None:
    """The month before January belongs to the year before."""
    assert months.before("2013-01") == "2012-12"


@given(first=st.integers(0, 12000), validation=st.integers(1, 6), test=st.integers(1, 6), fitted=st.integers(1, 24))
def test_split_keeps_the_newest_months_from_fitting(first: int, validation: int, test: int, fitted: int) -> None:
    """The window is cut without rest into train, then validation, then test, of the declared lengths."""
    window = tuple(months.name(first + number) for number in range(fitted + validation + test))
    cut = months.split(window, validation, test)
    assert (len(cut.train), len(cut.validation), len(cut.test)) == (fitted, validation, test)
    assert cut.train + cut.validation + cut.test == window
