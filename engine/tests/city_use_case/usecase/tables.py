"""Feature tables: what the client does not know. The weather is of one place, so that its table has no key."""

from collections.abc import Mapping

import pandas as pd

from mainline.contract import FeatureTable

FEATURE_TABLES = (FeatureTable("weather", columns=("warmth",), lag=60, keep=360),)

Batches = Mapping[str, pd.DataFrame]


def build_static(batches: Batches) -> dict[str, pd.DataFrame]:
    """Build what does not move: nothing here."""
    return {}


def build_moving(previous: Batches | None, current: Batches, static: Batches) -> dict[str, pd.DataFrame]:
    """Build the weather of a week, which can be read an hour after it was measured."""
    rows = current["weather"]
    minutes = rows["measured_at"].dt.tz_localize(None).to_numpy("datetime64[m]").astype("int64")
    return {"weather": pd.DataFrame({"time": minutes, "warmth": rows["warmth"]})}
