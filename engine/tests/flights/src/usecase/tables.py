"""Feature tables: what the client does not know, by entity and, where it moves, by time.

Every row says what was known at its event time; a declared lag says when it could be read. Times are minutes
since 1970-01-01 UTC.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainline.contract import FeatureTable
from usecase.features import Array, scheduled_block

REPORTING_LAG = 15  # minutes until operations elsewhere are known
FEATURE_TABLES = (
    FeatureTable("planes", key="tailnum", columns=("built", "seats"), static=True),
    FeatureTable("airports", key="dest", columns=("utc_offset",)),
    FeatureTable("schedule", key="origin", columns=("flights",), keep=59),
    # The hour of departure may be observed after pushback, so an observation counts from the next hour on.
    FeatureTable("weather", key="origin", columns=("temp", "humid", "wind_speed", "precip", "visib"), lag=60, keep=360),
    FeatureTable("departures", key="origin", columns=("count_60", "delay_60"), lag=REPORTING_LAG, keep=60),
    FeatureTable("origin_arrivals", key="origin", columns=("gain_180",), lag=REPORTING_LAG, keep=180),
    FeatureTable("dest_arrivals", key="dest", columns=("gain_1440",), lag=REPORTING_LAG, keep=1440),
)

UNLISTED_ZONES = {
    "BQN": "America/Puerto_Rico",
    "PSE": "America/Puerto_Rico",
    "SJU": "America/Puerto_Rico",
    "STT": "America/St_Thomas",
}
"""Destinations that the airports table lacks."""

ZONE_YEARS = range(2012, 2031)
"""The years for which changes of the clock are known to the package."""

Batches = Mapping[str, pd.DataFrame]


def build_static(batches: Batches) -> dict[str, pd.DataFrame]:
    """Build the tables that don't depend on the month: planes, and the clocks of the destinations.

    Args:
        batches: the validated static tables, `planes` and `airports`.
    """
    planes = batches["planes"]
    built = pd.DataFrame({"key": planes["tailnum"], "built": planes["year"], "seats": planes["seats"]})
    return {"planes": built, "airports": _clocks(batches["airports"])}


def build_moving(previous: Batches | None, current: Batches, static: Batches) -> dict[str, pd.DataFrame]:
    """Build what moves, for one month: rows with `key`, `time` and the declared columns.

    Args:
        previous: the validated batches of the month before, for windows that reach back; None at the start.
        current: the validated batches of the month.
        static: what `build_static` built.

    Returns:
        Rows from the month's first scheduled hour on. They replace older rows of the same period, since
        only now the flights of both months are known.
    """
    both = [current] if previous is None else [previous, current]
    flights = pd.concat([batch["flights"] for batch in both], ignore_index=True)
    weather = pd.concat([batch["weather"] for batch in both], ignore_index=True)
    start = int(_minutes(current["flights"]["time_hour"]).min())
    scheduled = _minutes(flights["time_hour"]) + flights["sched_dep_time"].to_numpy() % 100
    arrival = _scheduled_arrival(flights, scheduled, static["airports"])
    left = flights["dep_delay"].notna().to_numpy()
    landed = flights["arr_delay"].notna().to_numpy() & ~np.isnan(arrival)
    left_at = (scheduled + flights["dep_delay"].to_numpy())[left].astype(np.int64)
    landed_at = (arrival + flights["arr_delay"].to_numpy())[landed].astype(np.int64)
    delay = flights["dep_delay"][left]
    gain = (flights["arr_delay"] - flights["dep_delay"])[landed]
    origin, dest = flights["origin"], flights["dest"]
    tables = {
        "schedule": _per_hour(flights),
        "weather": _observations(weather),
        "departures": _trailing(origin[left], left_at, delay, 60, mean="delay_60", count="count_60"),
        "origin_arrivals": _trailing(origin[landed], landed_at, gain, 180, mean="gain_180"),
        "dest_arrivals": _trailing(dest[landed], landed_at, gain, 1440, mean="gain_1440"),
    }
    return {name: table[table["time"] >= start].reset_index(drop=True) for name, table in tables.items()}


def _minutes(times: pd.Series) -> NDArray[np.int64]:
    return times.dt.tz_localize(None).to_numpy("datetime64[m]").astype(np.int64)


def _scheduled_arrival(flights: pd.DataFrame, scheduled: NDArray[np.int64], clocks: pd.DataFrame) -> Array:
    """When n flights were to land, in UTC; NaN where the destination's zone is unknown. Shape (n,)."""
    query = pd.DataFrame({"key": flights["dest"], "time": scheduled, "row": np.arange(len(flights))})
    found = pd.merge_asof(query.sort_values("time"), clocks.sort_values("time"), on="time", by="key")
    offset = found.sort_values("row")["utc_offset"].to_numpy(np.float64)
    columns = {name: flights[name].to_numpy() for name in ("sched_dep_time", "sched_arr_time")}
    return scheduled + scheduled_block(columns | {"time_hour": _minutes(flights["time_hour"])}, offset)


def _per_hour(flights: pd.DataFrame) -> pd.DataFrame:
    """Flights on the schedule of each origin in each UTC hour; cancelled ones were on it too."""
    counts = flights.groupby(["origin", "time_hour"], observed=True).size().reset_index(name="flights")
    return pd.DataFrame({"key": counts["origin"], "time": _minutes(counts["time_hour"]), "flights": counts["flights"]})


def _observations(weather: pd.DataFrame) -> pd.DataFrame:
    columns = ["temp", "humid", "wind_speed", "precip", "visib"]
    return pd.DataFrame({"key": weather["origin"], "time": _minutes(weather["time_hour"])}).join(weather[columns])


def _trailing(
    key: pd.Series, time: NDArray[np.int64], value: pd.Series, minutes: int, *, mean: str, count: str | None = None
) -> pd.DataFrame:
    """Mean (and count) of `value` over the trailing minutes, per key, at each of n events.

    Values are whole minutes, so sums are exact whatever rows came before: a month computed alone and
    the same month computed within a year agree to the last bit.
    """
    codes, keys = pd.factorize(key, sort=True)
    order = np.lexsort((time, codes))
    codes, time, values = codes[order], time[order], value.to_numpy()[order].astype(np.int64)
    # One sorted axis for all keys: far enough apart that no window reaches into the neighbour.
    axis = codes * np.int64(1 << 40) + time
    last = np.searchsorted(axis, axis, side="right")
    first = np.searchsorted(axis, axis - minutes, side="right")
    total = np.concatenate([[0], np.cumsum(values)])
    number = last - first
    table = pd.DataFrame({"key": keys[codes], "time": time})
    if count is not None:
        table[count] = number
    table[mean] = (total[last] - total[first]) / number
    return table[np.append(axis[1:] != axis[:-1], True)]


def _clocks(airports: pd.DataFrame) -> pd.DataFrame:
    """Each destination's distance from UTC in minutes, one row per change of its clock."""
    zones = dict(zip(airports["faa"], airports["tzone"], strict=True)) | UNLISTED_ZONES
    changes = {zone: _changes(zone) for zone in sorted({zone for zone in zones.values() if isinstance(zone, str)})}
    rows = [
        (airport, time, offset)
        for airport, zone in sorted(zones.items())
        if isinstance(zone, str)
        for time, offset in changes[zone]
    ]
    return pd.DataFrame(rows, columns=["key", "time", "utc_offset"])


def _changes(zone: str) -> list[tuple[int, int]]:
    """List (time, minutes ahead of UTC from then on) over `ZONE_YEARS`; clocks change on whole hours."""
    clock = ZoneInfo(zone)
    day, end = datetime(ZONE_YEARS.start, 1, 1, tzinfo=UTC), datetime(ZONE_YEARS.stop, 1, 1, tzinfo=UTC)
    changes = [(_epoch_minutes(day), _offset(day, clock))]
    while day < end:
        following = day + timedelta(days=1)
        if _offset(following, clock) != changes[-1][1]:
            hour = next(hour for hour in _hours(day) if _offset(hour, clock) != changes[-1][1])
            changes.append((_epoch_minutes(hour), _offset(hour, clock)))
        day = following
    return changes


def _hours(day: datetime) -> Iterator[datetime]:
    return (day + timedelta(hours=number) for number in range(1, 25))


def _offset(moment: datetime, clock: ZoneInfo) -> int:
    ahead = moment.astimezone(clock).utcoffset() or timedelta()
    return int(ahead.total_seconds() // 60)


def _epoch_minutes(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
