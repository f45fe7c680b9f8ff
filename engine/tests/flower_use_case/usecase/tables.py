"""Feature tables: none, a flower is known by what is measured of it."""

from collections.abc import Mapping

import pandas as pd

from mainline.contract import FeatureTable

FEATURE_TABLES: tuple[FeatureTable, ...] = ()

Batches = Mapping[str, pd.DataFrame]


def build_static(batches: Batches) -> dict[str, pd.DataFrame]:
    """Build what does not move: nothing here."""
    return {}


def build_moving(previous: Batches | None, current: Batches, static: Batches) -> dict[str, pd.DataFrame]:
    """Build what moves, for one month: nothing here."""
    return {}
