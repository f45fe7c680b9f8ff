"""Real flights for the tests of the use case."""

import pytest
from hypothesis import settings

from flights import Days
from usecase import source, tables

# A busy machine must not fail a test, and CI must not fail on a case that nobody can repeat.
settings.register_profile("mainline", deadline=None, derandomize=True)
settings.load_profile("mainline")


@pytest.fixture(scope="session")
def days() -> Days:
    """The first five days of 2013: some 4,300 flights, about 30 of them cancelled."""
    fetched = {(table, month): rows for table, month, rows in source.fetch(["2013-01"])}
    flights, weather = (fetched[name, "2013-01"] for name in ("flights", "weather"))
    return Days(
        flights[flights["day"] <= 5].reset_index(drop=True),
        weather[weather["day"] <= 6].reset_index(drop=True),
        tables.build_static({name: fetched[name, None] for name in ("planes", "airports")}),
    )
