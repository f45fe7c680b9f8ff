"""Local clocks, held against Python's own reading of the tz database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline import clocks
from mainline.conformance.requests import check_request
from mainline.contract import Field
from mainline.data.columns import from_rows
from mainline.errors import RequestError, UseCaseError
from mainline.monitoring import event_times

EPOCH = datetime(1970, 1, 1)
ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Europe/Dublin",
    "Pacific/Apia", "UTC",
)  # fmt: skip
"""An hour forward and back, half an hour, a quarter off, by the moon, negative, a day left out, never changed."""
AT = Field("at", "time", "When", "2024-06-01T12:00", zone="Europe/Berlin")


def minutes(moment: datetime) -> int:
    """Count from 1970, whatever the zone says."""
    return (moment.replace(tzinfo=None) - EPOCH) // timedelta(minutes=1)


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_hour_is_what_the_tz_database_says(zone: str) -> None:
    """To local time and back, over years of changes, a clock is Python's `zoneinfo` with `fold=0`."""
    clock, place = clocks.of_zone(zone), ZoneInfo(zone)
    for year in (1950, 1996, 2011, 2024, 2037):
        steps = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * step) for step in range(366 * 48)]
        given_ = np.array([minutes(moment) for moment in steps])
        shown = [minutes(moment.astimezone(place)) for moment in steps]
        np.testing.assert_array_equal(clock.local(given_), shown)
        read = [minutes(moment.replace(tzinfo=place).astimezone(UTC)) for moment in steps]
        np.testing.assert_array_equal(clock.utc(given_), read)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2024-03-31T01:59", "2024-03-31T00:59Z"), ("2024-03-31T02:00", "2024-03-31T01:00Z"),
        ("2024-03-31T02:30", "2024-03-31T01:30Z"), ("2024-03-31T03:00", "2024-03-31T01:00Z"),
        ("2024-10-27T02:00", "2024-10-27T00:00Z"), ("2024-10-27T02:59", "2024-10-27T00:59Z"),
        ("2024-10-27T03:00", "2024-10-27T02:00Z"), ("2024-10-27T02:30+01:00", "2024-10-27T01:30Z"),
    ],
)  # fmt: skip
def test_the_offset_before_a_change_counts(shown: str, meant: str) -> None:
    """An hour left out is read as if the clock had not been changed, and of an hour twice there the first is meant."""
    (found,) = from_rows([{"at": shown}], [AT])["at"].tolist()
    assert found == minutes(datetime.fromisoformat(meant))


def test_both_hours_of_one_name_have_it() -> None:
    """Two moments an hour apart show the same local time on the night that the clock is put back."""
    columns = from_rows([{"at": "2024-10-27T00:30Z"}, {"at": "2024-10-27T01:30Z"}], [AT])
    assert columns["at"].tolist() != columns["at_local"].tolist()
    assert len(set(columns["at"].tolist())) == 2
    assert set(columns["at_local"].tolist()) == {minutes(datetime(2024, 10, 27, 2, 30))}


def test_what_may_be_absent_stays_absent() -> None:
    """An optional time that is not sent has no local time either."""
    columns = from_rows([{}, {"at": "2024-06-01T12:00"}], [replace(AT, optional=True)])
    assert np.isnan(columns["at_local"]).tolist() == [True, False]
    assert columns["at_local"][1] == minutes(datetime(2024, 6, 1, 12))


@given(utc=st.integers(-40_000_000, 70_000_000))
def test_a_clock_comes_back_from_a_manifest(utc: int) -> None:
    """A field and its clock that a manifest holds show what they showed; the field without a zone has no such key."""
    written = clocks.write_field(AT), clocks.of_fields([AT])
    again = clocks.read_field(*written)
    clock = clocks.of(again)
    assert clock is not None
    assert clock.local(np.array([utc])) == clocks.of_zone("Europe/Berlin").local(np.array([utc]))
    assert "zone" not in clocks.write_field(replace(AT, zone=""))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([replace(AT, zone="Europe/Berln")], "names the zone 'Europe/Berln'; did you mean 'Europe/Berlin'"),
        ([replace(AT, zone="../etc")], "names the zone '../etc'"),
        ([replace(AT, kind="string")], "'at' is a string and names the zone 'Europe/Berlin'; only a time has a clock"),
        ([AT, Field("at_local", "number", "Taken", 1.0)], "'at_local' is its local clock; give the field of that name"),
    ],
)
def test_a_zone_that_cannot_be_is_refused(fields: Any, said: str) -> None:
    """A zone is one of the tz database, of a time, whose local column is no other field."""
    with pytest.raises(UseCaseError, match=said.replace(".", r"\.")):
        check_request(fields)


def test_without_a_zone_a_time_still_needs_its_offset() -> None:
    """A bare time is refused unless the field names its place."""
    with pytest.raises(RequestError, match="no UTC offset"):
        from_rows([{"at": "2024-06-01T12:00"}], [replace(AT, zone="")])


def test_logged_times_are_read_as_they_were_answered() -> None:
    """A bare time in the prediction log is of the place, as it was for the server; one with an offset is as it says."""
    texts = ["2024-10-27T02:30", "2024-10-27T02:30:00+01:00", "2024-03-31 02:30:00", "2024-06-01T10:00Z"]
    read = event_times.of_text(pd.Series([*texts, None], dtype="object"), clocks.of(AT))
    expected = from_rows([{"at": text} for text in texts], [AT])["at"].tolist()
    assert read[:4].to_numpy("datetime64[m]").astype(int).tolist() == expected
    assert read.isna().tolist() == [False] * 4 + [True]
