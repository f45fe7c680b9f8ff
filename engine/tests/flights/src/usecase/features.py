"""Features of a flight as it leaves the gate: the one definition that training and serving share.

Pure functions from columns to columns. This file travels inside the model package, so it imports numpy alone.
All times are minutes since 1970-01-01 UTC unless a name says local.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]

CATEGORICAL = ("carrier", "origin", "dest")
NUMERIC = (
    "dep_delay", "scheduled_block", "departure_minute", "weekday", "distance", "flights_in_hour",
    "temp", "humid", "wind_speed", "precip", "visib", "plane_age", "seats",
    "origin_departures", "origin_delay", "origin_gain", "dest_gain",
)  # fmt: skip

DAY = 1440
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_EPOCH_YEAR, _DAYS_PER_YEAR = 1970, 365.2425


def minute_of_day(hhmm: Array) -> Array:
    """Turn n clock readings such as 1545 into minutes after midnight; 2400 is the midnight that ends the day."""
    return hhmm // 100 * 60 + hhmm % 100


def scheduled_departure(columns: Columns) -> Array:
    """When each of n flights was to leave, in UTC: the UTC hour plus the minutes of the local clock."""
    return columns["time_hour"] + columns["sched_dep_time"] % 100


def prediction_time(columns: Columns) -> Array:
    """When each of n flights left the gate, in UTC: nothing after this moment may be known."""
    return scheduled_departure(columns) + columns["dep_delay"].astype(np.int64)


def local_midnight(columns: Columns) -> Array:
    """The start, in UTC, of the local day on which each of n flights was to leave.

    The clock's distance from UTC follows from the request itself: it gives the same hour in both.
    """
    return columns["time_hour"] - columns["sched_dep_time"] // 100 * 60


def scheduled_block(columns: Columns, dest_utc_offset: Array) -> Array:
    """Minutes from scheduled departure to scheduled arrival; NaN where the destination's zone is unknown.

    Args:
        columns: n requests.
        dest_utc_offset: shape (n,), minutes that the destination's clock is ahead of UTC.
    """
    arrival = minute_of_day(columns["sched_arr_time"]) - dest_utc_offset
    return (arrival - scheduled_departure(columns)) % DAY


def local_weekday(columns: Columns) -> Array:
    """Day of the week at the origin, Monday 0 to Sunday 6.

    New York's midnight is 4:00 or 5:00 UTC of the same date, so the UTC date of that midnight is the local date.
    """
    return (local_midnight(columns) // DAY + _EPOCH_WEEKDAY) % 7


def compute(columns: Columns, tables: Mapping[str, Columns]) -> dict[str, Array]:
    """Compute every feature.

    Args:
        columns: n requests (see `interface.REQUEST`).
        tables: for each feature table, its columns looked up for the n requests; NaN where nothing is known.

    Returns:
        `NUMERIC` as float32 (rounded, so that every runtime sees the same number) and `CATEGORICAL` as str,
        each of shape (n,).
    """
    weather, planes = tables["weather"], tables["planes"]
    year = prediction_time(columns) / DAY / _DAYS_PER_YEAR + _EPOCH_YEAR
    numeric = {
        "dep_delay": columns["dep_delay"],
        "scheduled_block": scheduled_block(columns, tables["airports"]["utc_offset"]),
        "departure_minute": minute_of_day(columns["sched_dep_time"]),
        "weekday": local_weekday(columns),
        "distance": columns["distance"],
        "flights_in_hour": tables["schedule"]["flights"],
        "temp": weather["temp"],
        "humid": weather["humid"],
        "wind_speed": weather["wind_speed"],
        "precip": weather["precip"],
        "visib": weather["visib"],
        "plane_age": np.floor(year) - planes["built"],
        "seats": planes["seats"],
        "origin_departures": tables["departures"]["count_60"],
        "origin_delay": tables["departures"]["delay_60"],
        "origin_gain": tables["origin_arrivals"]["gain_180"],
        "dest_gain": tables["dest_arrivals"]["gain_1440"],
    }
    rounded = np.array(list(numeric.values()), dtype=np.float32)  # shape (features, n): one conversion for all
    return dict(zip(numeric, rounded, strict=True)) | {name: columns[name] for name in CATEGORICAL}
