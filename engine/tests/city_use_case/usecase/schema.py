"""What a raw batch must look like: columns and types stop the pipeline, impossible values are quarantined."""

from pandera.pandas import Check, Column, DataFrameSchema

EVENTS = "hours"
STATIC: tuple[str, ...] = ()

HOURS = DataFrameSchema(
    {
        "starts_at": Column("datetime64[ms]", unique=True),
        "bicycles": Column("int64", Check.in_range(0, 10_000)),
        "rides": Column("int64", Check.in_range(0, 10_000)),
    },
    strict=True,
    name="hours",
)

WEATHER = DataFrameSchema(
    {"measured_at": Column("datetime64[ms, UTC]", unique=True), "warmth": Column("float64", Check.in_range(-60, 60))},
    strict=True,
    name="weather",
)

TABLES = {"hours": HOURS, "weather": WEATHER}
