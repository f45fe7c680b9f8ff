"""Feature tables: what was known, and when."""

import numpy as np
import pandas as pd
import pytest

from flights import Days
from mainline.stages.prepare import declared
from usecase import source, tables


def test_trailing_means_are_what_a_window_over_the_events_gives(days: Days) -> None:
    """Count and mean over 60 minutes equal pandas' rolling window over the same departures."""
    built = tables.build_moving(None, {"flights": days.flights, "weather": days.weather}, days.static)["departures"]
    flights = days.flights[days.flights["dep_delay"].notna() & (days.flights["origin"] == "JFK")]
    left = flights["time_hour"] + pd.to_timedelta(flights["sched_dep_time"] % 100 + flights["dep_delay"], unit="m")
    events = pd.Series(flights["dep_delay"].to_numpy(), index=pd.DatetimeIndex(left)).sort_index()
    window = events.rolling("60min")
    expected = pd.DataFrame({"count_60": window.count(), "delay_60": window.mean()}).groupby(level=0).last()
    found = built[built["key"] == "JFK"]
    start = days.flights["time_hour"].min()
    expected = expected[expected.index >= start]
    np.testing.assert_array_equal(found["count_60"], expected["count_60"])
    np.testing.assert_allclose(found["delay_60"], expected["delay_60"], rtol=1e-12)


def test_a_month_computed_alone_equals_the_month_computed_within_more() -> None:
    """With the month before as context, a month's rows are those that the whole window gives, to the last bit."""
    fetched = {(name, month): rows for name, month, rows in source.fetch(["2013-01", "2013-02"])}
    static = tables.build_static({name: fetched[name, None] for name in ("planes", "airports")})
    january, february = (
        {name: fetched[name, month] for name in ("flights", "weather")} for month in ("2013-01", "2013-02")
    )
    both = {name: pd.concat([january[name], february[name]], ignore_index=True) for name in january}
    alone, whole = tables.build_moving(january, february, static), tables.build_moving(None, both, static)
    for name, rows in alone.items():
        later = whole[name][whole[name]["time"] >= rows["time"].min()]
        pd.testing.assert_frame_equal(
            rows.sort_values(["key", "time"], ignore_index=True), later.sort_values(["key", "time"], ignore_index=True)
        )


@pytest.mark.parametrize(
    ("airport", "moment", "offset"),
    [
        ("IAH", "2013-01-01T00:00", -360),
        ("IAH", "2013-03-10T07:59", -360),
        ("IAH", "2013-03-10T08:00", -300),
        ("IAH", "2013-11-03T07:00", -360),
        ("PHX", "2013-07-01T00:00", -420),
        ("HNL", "2013-07-01T00:00", -600),
        ("SJU", "2013-07-01T00:00", -240),
    ],
)
def test_clocks_change_when_the_time_zone_says(days: Days, airport: str, moment: str, offset: int) -> None:
    """A destination's distance from UTC follows daylight saving to the minute."""
    clocks = days.static["airports"]
    minutes = np.datetime64(moment, "m").astype(np.int64)
    known = clocks[(clocks["key"] == airport) & (clocks["time"] <= minutes)]
    assert known.iloc[-1]["utc_offset"] == offset


def test_every_destination_has_a_clock(days: Days) -> None:
    """No flight of the first days is without a scheduled block."""
    assert set(days.flights["dest"]) <= set(days.static["airports"]["key"])


def test_tables_hold_what_is_declared(days: Days) -> None:
    """Each declared table is built with its key, its columns and, where it moves, its times."""
    moving = tables.build_moving(None, {"flights": days.flights, "weather": days.weather}, days.static)
    built = {**days.static, **moving}
    assert built.keys() == declared().keys()
    for name, table in declared().items():
        time = [] if table.static else ["time"]
        assert {*built[name].columns} == {"key", *time, *table.columns}
