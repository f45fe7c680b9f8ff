"""No feature tables: a delivery says of itself what is needed."""

from collections.abc import Mapping

import pandas as pd

FEATURE_TABLES = ()

Batches = Mapping[str, pd.DataFrame]


def build_static(batches: Batches) -> dict[str, pd.DataFrame]:
    """Build nothing."""
    return {}


def build_moving(previous: Batches | None, current: Batches, static: Batches) -> dict[str, pd.DataFrame]:
    """Build nothing."""
    return {}
