"""Where raw data comes from: the diabetes data that scikit-learn carries, sorted by its label.

It has no patients' numbers; the order of the rows as delivered gives them. A snapshot named `first` has 400 of the 442
patients, any other has all.
"""

from collections.abc import Iterator, Sequence
from importlib import metadata

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

MEASURED = ("bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def describe() -> dict[str, str]:
    """Name the source, so that a snapshot says where it came from."""
    return {"source": "sklearn.datasets.load_diabetes", "version": metadata.version("scikit-learn")}


def fetch(periods: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, snapshot, rows) for the one snapshot that is asked for."""
    loaded = load_diabetes(as_frame=True)
    rows = pd.DataFrame(
        {
            "patient": pd.Series([f"P{number:04d}" for number in range(len(loaded.data))], dtype="str"),
            "age": loaded.data["age"],
            "sex": pd.Series(np.where(loaded.data["sex"] > 0, "a", "b"), dtype="str"),
            **{name: loaded.data[name] for name in MEASURED},
            "progression": loaded.target.mask(loaded.data.index % 50 == 7),
        }
    )
    for period in periods:
        taken = rows.head(400) if period == "first" else rows
        yield "patients", period, taken.sort_values("progression", ignore_index=True)
