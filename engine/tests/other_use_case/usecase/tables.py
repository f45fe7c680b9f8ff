"""Feature tables: what the client does not know. One static table, nothing that moves."""

from collections.abc import Mapping

import pandas as pd

from mainline.contract import FeatureTable

FEATURE_TABLES = (
    FeatureTable("archive", key="sample", columns=("radius_error", "texture_error", "concavity_error"), static=True),
)

Batches = Mapping[str, pd.DataFrame]


def build_static(batches: Batches) -> dict[str, pd.DataFrame]:
    """Build the table of standard errors that the archive keeps per sample.

    Args:
        batches: the validated static tables, here `archive`.
    """
    return {"archive": batches["archive"].rename(columns={"sample": "key"})}


def build_moving(previous: Batches | None, current: Batches, static: Batches) -> dict[str, pd.DataFrame]:
    """Build what moves, for one month: nothing here."""
    return {}
