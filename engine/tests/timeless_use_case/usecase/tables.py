"""Feature tables: what the client does not know. There are none."""

from collections.abc import Mapping

import pandas as pd

FEATURE_TABLES = ()


def build_static(batches: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Build nothing: all that is known of a patient is in the request."""
    return {}
