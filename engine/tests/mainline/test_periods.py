"""Periods: reading, counting, naming and splitting by time."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline import periods
from mainline.periods import Unit

units = st.sampled_from(list(periods.WRITTEN))
days = st.dates(date(1000, 1, 1), date(9990, 12, 31))


def of(day: date, unit: Unit) -> str:
    """Name the period of a unit that has a day, as a calendar would."""
    year, week, _ = day.isocalendar()
    return {
        "day": f"{day}",
        "week": f"{year}-W{week:02d}",
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
        "year": f"{day.year}",
    }[unit]


@given(day=days, unit=units)
def test_name_is_the_inverse_of_count(day: date, unit: Unit) -> None:
    """A period's number names that period again, and the period says its unit."""
    period = of(day, unit)
    assert periods.unit(period) == unit
    assert periods.name(periods.count(period), unit) == period


@given(day=days, unit=units)
def test_a_period_holds_its_days_and_no_others(day: date, unit: Unit) -> None:
    """The span of a period has the day that named it; its neighbours begin where it ends, and end where it begins."""
    period = of(day, unit)
    first, end = periods.span(period)
    assert first <= day < end
    assert periods.span(periods.shift(period, 1))[0] == end
    assert of(end, unit) == periods.shift(period, 1)
    assert of(first - timedelta(1), unit) == periods.before(period)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2013-11", "2014-02", ("2013-11", "2013-12", "2014-01", "2014-02")),
        ("2024-02-28", "2024-03-01", ("2024-02-28", "2024-02-29", "2024-03-01")),
        ("2020-W52", "2021-W01", ("2020-W52", "2020-W53", "2021-W01")),
        ("2013-Q4", "2014-Q2", ("2013-Q4", "2014-Q1", "2014-Q2")),
        ("1999", "2001", ("1999", "2000", "2001")),
    ],
)
def test_between_goes_over_the_turn_of_the_year(first: str, last: str, expected: tuple[str, ...]) -> None:
    """Both ends are included, and the last period of a year is followed by the first of the next."""
    assert periods.between(first, last) == expected


def test_between_of_a_reversed_window_is_empty() -> None:
    """A window whose end is before its start holds no period."""
    assert periods.between("2013-02", "2013-01") == ()


def test_every_unit_is_written_in_its_own_way() -> None:
    """A period is of one unit, and years are one of them."""
    examples = {unit: of(date(2013, 11, 5), unit) for unit in periods.WRITTEN}
    assert (len({*examples.values()}), examples["year"]) == (5, "2013")
    assert {unit: periods.unit(period) for unit, period in examples.items()} == {unit: unit for unit in examples}


@pytest.mark.parametrize(
    "word", ["213", "0000", "2013-", "2013-13", "2013-W54", "2013-02-30", "2013-Q5", "2013-1", "first", ""]
)
def test_what_is_not_a_period_is_refused(word: str) -> None:
    """A word that no calendar has is not a period."""
    with pytest.raises(ValueError, match=r"write a day as .* or a year as 2013|out of range|Invalid week|must be in"):
        periods.unit(word)


def test_before_january_is_december() -> None:
    """The month before January belongs to the year before."""
    assert periods.before("2013-01") == "2012-12"


@given(first=st.integers(12, 12000), validation=st.integers(1, 6), test=st.integers(1, 6), fitted=st.integers(1, 24))
def test_split_keeps_the_newest_periods_from_fitting(first: int, validation: int, test: int, fitted: int) -> None:
    """The window is cut without rest into train, then validation, then test, of the declared lengths."""
    window = tuple(periods.name(first + number, "month") for number in range(fitted + validation + test))
    cut = periods.split(window, validation, test)
    assert (len(cut.train), len(cut.validation), len(cut.test)) == (fitted, validation, test)
    assert cut.train + cut.validation + cut.test == window


def test_part_is_told_in_a_line() -> None:
    """A part is named by its ends; one that names a hundred fields is cut."""
    assert periods.told(("2013-01", "2013-02", "2013-03")) == "2013-01 to 2013-03"
    assert periods.told(("first, 30 to 100 % by patient",)) == "first, 30 to 100 % by patient"
    told = periods.told((f"first, 30 to 100 % by {', '.join(f'field {number}' for number in range(100))}",))
    assert (len(told), told[-1]) == (80, "…")
