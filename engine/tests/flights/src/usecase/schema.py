"""What a raw batch must look like: columns and types stop the pipeline, impossible values are quarantined.

Bounds are what is physically possible, not what is usual: 1,301 minutes late is a flight, 1,048 mph is not wind.
"""

import pandas as pd
import pandera.pandas as pa
from pandera.pandas import Check, Column, DataFrameSchema

EVENTS = "flights"
STATIC = ("planes", "airports")

_AIRPORTS = Check.isin(["EWR", "JFK", "LGA"])
_CODE = Check.str_matches(r"^[A-Z0-9]{3}$")
_HHMM = [
    Check.in_range(0, 2400),
    Check(lambda hhmm: hhmm.isna() | (hhmm % 100 < 60), name="minutes_below_60", error="minutes_below_60"),
]
_DELAY = Check.in_range(-180, 3000)
_UTC = "datetime64[ms, UTC]"


def _dates(year: int = 2000) -> dict[str, Column]:
    return {
        "year": Column("int64", Check.ge(year)),
        "month": Column("int64", Check.in_range(1, 12)),
        "day": Column("int64", Check.in_range(1, 31)),
    }


FLIGHTS = DataFrameSchema(
    {
        **_dates(),
        "dep_time": Column("float64", _HHMM, nullable=True),
        "sched_dep_time": Column("int64", _HHMM),
        "dep_delay": Column("float64", _DELAY, nullable=True),
        "arr_time": Column("float64", _HHMM, nullable=True),
        "sched_arr_time": Column("int64", _HHMM),
        "arr_delay": Column("float64", _DELAY, nullable=True),
        "carrier": Column("str", Check.str_length(2, 2)),
        "flight": Column("int64", Check.in_range(1, 9999)),
        "tailnum": Column("str", Check.str_length(2, 6), nullable=True),
        "origin": Column("str", _AIRPORTS),
        "dest": Column("str", Check.str_length(3, 3)),
        "air_time": Column("float64", Check.in_range(5, 1200), nullable=True),
        "distance": Column("int64", Check.in_range(1, 10000)),
        "hour": Column("int64", Check.in_range(0, 24)),
        "minute": Column("int64", Check.in_range(0, 59)),
        "time_hour": Column(_UTC),
    },
    strict=True,
    unique=["year", "month", "day", "carrier", "flight", "origin"],
    report_duplicates="exclude_first",
    name="flights",
)

WEATHER = DataFrameSchema(
    {
        "origin": Column("str", _AIRPORTS),
        **_dates(),
        "hour": Column("int64", Check.in_range(0, 23)),
        "temp": Column("float64", Check.in_range(-60, 130), nullable=True),
        "dewp": Column("float64", Check.in_range(-80, 100), nullable=True),
        "humid": Column("float64", Check.in_range(0, 100), nullable=True),
        "wind_dir": Column("float64", Check.in_range(0, 360), nullable=True),
        "wind_speed": Column("float64", Check.in_range(0, 200), nullable=True),
        "wind_gust": Column("float64", Check.in_range(0, 250), nullable=True),
        "precip": Column("float64", Check.in_range(0, 15), nullable=True),
        "pressure": Column("float64", Check.in_range(850, 1100), nullable=True),
        "visib": Column("float64", Check.in_range(0, 50), nullable=True),
        "time_hour": Column(_UTC),
    },
    strict=True,
    name="weather",
)

PLANES = DataFrameSchema(
    {
        "tailnum": Column("str", Check.str_length(2, 6), unique=True),
        "year": Column("float64", Check.in_range(1920, 2100), nullable=True),
        "type": Column("str"),
        "manufacturer": Column("str"),
        "model": Column("str"),
        "engines": Column("int64", Check.in_range(1, 8)),
        "seats": Column("int64", Check.in_range(1, 900)),
        "speed": Column("float64", nullable=True),
        "engine": Column("str"),
    },
    strict=True,
    name="planes",
)

AIRPORTS = DataFrameSchema(
    {
        "faa": Column("str", _CODE, unique=True),
        "name": Column("str"),
        "lat": Column("float64", Check.in_range(-90, 90)),
        "lon": Column("float64", Check.in_range(-180, 180)),
        "alt": Column("int64"),
        "tz": Column("int64", Check.in_range(-12, 14)),
        "dst": Column("str", Check.isin(["A", "U", "N"])),
        "tzone": Column("str", nullable=True),
    },
    strict=True,
    name="airports",
)

TABLES: dict[str, pa.DataFrameSchema] = {"flights": FLIGHTS, "weather": WEATHER, "planes": PLANES, "airports": AIRPORTS}


def unlabelled(events: pd.DataFrame) -> pd.Series:
    """Say per flight why it has no arrival delay: '' (it has one), 'cancelled' or 'diverted'.

    Args:
        events: n validated flights.
    """
    reason = pd.Series("", index=events.index, dtype="str")
    reason[events["arr_delay"].isna()] = "diverted"
    reason[events["dep_delay"].isna()] = "cancelled"
    return reason
