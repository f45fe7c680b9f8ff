"""A few days of flights, and the way from a batch to features."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mainline.contract import Array
from mainline.data.columns import from_batch
from mainline.data.lookup import Table, from_columns, look_up_all
from mainline.stages.prepare import arrays, declared
from usecase import features, interface, source, tables


@dataclass(frozen=True)
class Days:
    """A few days of validated flights and weather, with the static feature tables."""

    flights: pd.DataFrame
    weather: pd.DataFrame
    static: Mapping[str, pd.DataFrame]

    def known(self) -> dict[str, Table]:
        """Build every feature table from these days."""
        moving = tables.build_moving(None, {"flights": self.flights, "weather": self.weather}, self.static)
        return {name: from_columns(declared()[name], arrays(rows)) for name, rows in {**self.static, **moving}.items()}

    def requests(self) -> dict[str, Array]:
        """Return the requests of the n flights that left the gate."""
        left = self.flights[self.flights["dep_delay"].notna()]
        return from_batch(arrays(left), interface.REQUEST)

    def with_flights(self, flights: pd.DataFrame) -> "Days":
        """Return the same days with other flights."""
        return replace(self, flights=flights)


def first_days() -> Days:
    """Take the first five days of 2013: some 4,300 flights, about 30 of them cancelled."""
    fetched = {(table, month): rows for table, month, rows in source.fetch(["2013-01"])}
    flights, weather = (fetched[name, "2013-01"] for name in ("flights", "weather"))
    return Days(
        flights[flights["day"] <= 5].reset_index(drop=True),
        weather[weather["day"] <= 6].reset_index(drop=True),
        tables.build_static({name: fetched[name, None] for name in ("planes", "airports")}),
    )


def compute(requests: Mapping[str, Array], known: Mapping[str, Table]) -> dict[str, Array]:
    """Compute the features of n requests as of their prediction times."""
    moment = features.prediction_time(requests)
    return features.compute(requests, look_up_all(known, requests, moment))


def assert_same(left: Mapping[str, Array], right: Mapping[str, Array]) -> None:
    """Compare columns bit for bit; NaN equals NaN."""
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)
