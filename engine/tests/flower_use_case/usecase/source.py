"""Where raw data comes from: the irises of Fisher (1936), that scikit-learn carries.

The data has no dates and is sorted by species, so its order is no time: rows are shuffled once, and months are assigned
by the new order, 25 flowers each, one measured every seven hours.
"""

from collections.abc import Iterator, Sequence
from importlib import metadata

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

from mainline.errors import SourceError

MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06")
ROWS_PER_MONTH = 25
HOURS_BETWEEN = 7
SEED = 1936


def describe() -> dict[str, str]:
    """Name the source, so that a snapshot says where it came from."""
    release = metadata.version("scikit-learn")
    return {"source": "sklearn.datasets.load_iris", "version": release, "licence": "CC-BY-4.0"}


def fetch(months: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, month, rows) for each monthly batch.

    Raises:
        SourceError: when the source has no data for a month of the window.
    """
    absent = [month for month in months if month not in MONTHS]
    if absent:
        raise SourceError(
            f"load_iris has no data for {absent[0]}; it holds {MONTHS[0]} to {MONTHS[-1]}. "
            "Change data.from or data.through in params.yaml."
        )
    loaded = load_iris(as_frame=True)
    number = np.random.default_rng(SEED).permutation(len(loaded.frame))
    measured = loaded.data.rename(columns=lambda name: name.removesuffix(" (cm)").replace(" ", "_"))
    rows = measured[["sepal_length", "sepal_width", "petal_width"]].iloc[number]
    rows.insert(0, "flower", number)
    rows["species"] = pd.Series(loaded.target_names[loaded.target.iloc[number]], index=rows.index, dtype="str")
    for place, month in enumerate(MONTHS):
        if month in months:
            batch = rows.iloc[place * ROWS_PER_MONTH : (place + 1) * ROWS_PER_MONTH].reset_index(drop=True)
            batch.insert(1, "measured_at", _moments(month, len(batch)))
            yield "flowers", month, batch


def _moments(month: str, count: int) -> pd.DatetimeIndex:
    return pd.date_range(f"{month}-01", periods=count, freq=f"{HOURS_BETWEEN}h", tz="UTC", unit="ms")
