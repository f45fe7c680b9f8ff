"""What a raw batch must look like: columns and types stop the pipeline, impossible values are quarantined."""

import pandas as pd
from pandera.pandas import Check, Column, DataFrameSchema

EVENTS = "flowers"
STATIC: tuple[str, ...] = ()

_LENGTH = Check.in_range(0, 20)

FLOWERS = DataFrameSchema(
    {
        "flower": Column("int64", Check.ge(0), unique=True),
        "measured_at": Column("datetime64[ms, UTC]"),
        "sepal_length": Column("float64", _LENGTH),
        "sepal_width": Column("float64", _LENGTH),
        "petal_width": Column("float64", _LENGTH),
        "species": Column("str", Check.isin(["setosa", "versicolor", "virginica"])),
    },
    strict=True,
    name="flowers",
)

TABLES = {"flowers": FLOWERS}


def unlabelled(events: pd.DataFrame) -> pd.Series:
    """Say per flower why it has no species: always '', every flower of this data has one.

    Args:
        events: n validated flowers.
    """
    return pd.Series("", index=events.index, dtype="str")
