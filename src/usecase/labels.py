"""How flights turned out, for `./mainline monitor`: the arrival delays of the source's months, as a daily feed.

The source does not say when a delay became known, so a flight counts as known at noon, UTC, of the second day after its
scheduled departure: no flight of 2013 was in the air longer. Cancelled and diverted flights have no delay.
"""

from datetime import datetime

import pandas as pd

from usecase import interface, source

KNOWN_AFTER = pd.Timedelta(days=2, hours=12)


def fetch(since: datetime, until: datetime) -> pd.DataFrame:
    """Return the labels that became known from `since` up to before `until`, both UTC.

    Returns:
        `interface.KEY`, `interface.LABEL` and `known_at`; NaN as label where a flight never gets one.
    """
    first, last = (moment - KNOWN_AFTER for moment in (since, until))
    offered = pd.period_range(*source.AVAILABLE, freq="M").strftime("%Y-%m")
    months = [month for month in offered if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"]
    batches = [rows for table, _, rows in source.fetch(months) if table == "flights"]
    if not batches:
        return pd.DataFrame(columns=[*interface.KEY, interface.LABEL, "known_at"])
    flights = pd.concat(batches, ignore_index=True)
    labels = flights[[*interface.KEY, interface.LABEL]].copy()
    labels["known_at"] = flights["time_hour"].dt.floor("D") + KNOWN_AFTER
    return labels[(labels["known_at"] >= since) & (labels["known_at"] < until)].reset_index(drop=True)
