"""What a raw batch must look like: columns and types stop the pipeline, impossible values are quarantined."""

import pandas as pd
from pandera.pandas import Check, Column, DataFrameSchema

EVENTS = "samples"
STATIC = ("archive",)

_NUMBER = r"^S[0-9]{4}$"
_SHARE = Check.in_range(0, 1)

SAMPLES = DataFrameSchema(
    {
        "sample": Column("str", Check.str_matches(_NUMBER), unique=True),
        "measured_at": Column("datetime64[ms, UTC]"),
        "mean_radius": Column("float64", Check.in_range(1, 100)),
        "mean_texture": Column("float64", Check.in_range(1, 100)),
        "mean_smoothness": Column("float64", _SHARE),
        "mean_compactness": Column("float64", _SHARE),
        "mean_concavity": Column("float64", _SHARE),
        "mean_concave_points": Column("float64", _SHARE),
        "mean_symmetry": Column("float64", _SHARE),
        "mean_fractal_dimension": Column("float64", _SHARE, nullable=True),
        "malignant": Column("int64", Check.isin([0, 1])),
    },
    strict=True,
    name="samples",
)

ARCHIVE = DataFrameSchema(
    {
        "sample": Column("str", Check.str_matches(_NUMBER), unique=True),
        "radius_error": Column("float64", Check.in_range(0, 50)),
        "texture_error": Column("float64", Check.in_range(0, 50)),
        "concavity_error": Column("float64", _SHARE),
    },
    strict=True,
    name="archive",
)

TABLES = {"samples": SAMPLES, "archive": ARCHIVE}


def unlabelled(events: pd.DataFrame) -> pd.Series:
    """Say per sample why it has no diagnosis: always '', every sample of this data has one.

    Args:
        events: n validated samples.
    """
    return pd.Series("", index=events.index, dtype="str")
