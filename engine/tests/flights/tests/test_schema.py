"""Batches of flights: what is an error, what is a fact of life."""

import pandas as pd

from flights import Days
from mainline.data.validation import check
from usecase import schema


def test_real_days_pass_as_they_are(days: Days) -> None:
    """Nothing in the first days of 2013 is impossible, cancelled flights included."""
    assert check(days.flights, schema.FLIGHTS, "flights", "2013-01").accepted.equals(days.flights)


def test_cancelled_and_diverted_flights_are_told_apart(days: Days) -> None:
    """A flight that never left is cancelled; one that left and has no arrival delay was diverted."""
    flights = days.flights.head(3).assign(dep_delay=[1.0, None, 2.0], arr_delay=[5.0, None, None])
    assert list(schema.unlabelled(flights)) == ["", "cancelled", "diverted"]


def test_midnight_as_2400_is_accepted_and_2460_is_not(days: Days) -> None:
    """2400 is how the source writes midnight; 60 minutes make an hour."""
    flights = days.flights.head(2).assign(dep_time=[2400.0, 2360.0])
    checked = check(flights, schema.FLIGHTS, "flights", "2013-01")
    assert list(checked.quarantined["reasons"]) == ["dep_time fails minutes_below_60"]


def test_impossible_wind_is_quarantined(days: Days) -> None:
    """The wind of 1,048 mph that the source has in February is an error of the source."""
    weather = days.weather.head(2).assign(wind_speed=[12.0, 1048.36])
    checked = check(weather, schema.WEATHER, "weather", "2013-01")
    assert list(checked.reasons) == ["wind_speed fails in_range(0, 200)"]


def test_the_same_flight_twice_is_kept_once(days: Days) -> None:
    """Of rows with the same key the first stays."""
    flights = pd.concat([days.flights.head(1), days.flights.head(1)], ignore_index=True)
    checked = check(flights, schema.FLIGHTS, "flights", "2013-01")
    assert len(checked.accepted) == 1
    assert list(checked.quarantined["reasons"]) == ["key is repeated"]
