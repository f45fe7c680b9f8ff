"""What a raw batch must look like."""

from pandera.pandas import Check, Column, DataFrameSchema

EVENTS = "deliveries"
STATIC: tuple[str, ...] = ()

DELIVERIES = DataFrameSchema(
    {
        "begins_at": Column("datetime64[ms, UTC]"),
        "number": Column("int64", Check.in_range(0, 10_000)),
        "weight": Column("float64", Check.in_range(0, 1000)),
        "district": Column(str),
        "minutes": Column("float64"),
    },
    strict=True,
    name="deliveries",
)

TABLES = {"deliveries": DELIVERIES}
