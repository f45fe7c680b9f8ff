"""Where raw data comes from: the breast cancer data (diagnostic, Wisconsin) that scikit-learn carries.

The data has no dates. The order of its rows stands for time: months are assigned by row order, 95 rows each, and
within a month one sample is measured every seven hours. Nor has it sample numbers: they count the rows. Which
columns a client sends and which come from the archive is our choice as well.
"""

from collections.abc import Iterator, Sequence
from importlib import metadata

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from mainline.errors import SourceError

MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06")
ROWS_PER_MONTH = 95
HOURS_BETWEEN = 7
MEASURED = (
    "mean radius", "mean texture", "mean smoothness", "mean compactness",
    "mean concavity", "mean concave points", "mean symmetry", "mean fractal dimension",
)  # fmt: skip
ARCHIVED = ("radius error", "texture error", "concavity error")


def describe() -> dict[str, str]:
    """Name the source, so that a snapshot says where it came from."""
    release = metadata.version("scikit-learn")
    return {"source": "sklearn.datasets.load_breast_cancer", "version": release, "licence": "CC-BY-4.0"}


def fetch(months: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, month, rows) for each monthly batch and (table, None, rows) for each static table.

    Raises:
        SourceError: when the source has no data for a month of the window.
    """
    absent = [month for month in months if month not in MONTHS]
    if absent:
        raise SourceError(
            f"load_breast_cancer has no data for {absent[0]}; it holds {MONTHS[0]} to {MONTHS[-1]}. "
            "Change data.from or data.through in params.yaml."
        )
    loaded = load_breast_cancer(as_frame=True)
    number = np.arange(len(loaded.frame))
    sample = pd.Series([f"S{count:04d}" for count in number], name="sample", dtype="str")
    yield "archive", None, pd.concat([sample, _renamed(loaded.data, ARCHIVED)], axis=1)
    rows = pd.concat([sample, _renamed(loaded.data, MEASURED)], axis=1)
    rows["malignant"] = 1 - loaded.target  # scikit-learn's 1 is benign
    for month in months:
        batch = rows[number // ROWS_PER_MONTH == MONTHS.index(month)].reset_index(drop=True)
        batch.insert(1, "measured_at", _moments(month, len(batch)))
        yield "samples", month, batch


def _renamed(data: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return data[list(names)].rename(columns=lambda name: name.replace(" ", "_"))


def _moments(month: str, count: int) -> pd.DatetimeIndex:
    return pd.date_range(f"{month}-01", periods=count, freq=f"{HOURS_BETWEEN}h", tz="UTC", unit="ms")
