"""What a raw batch must look like: columns and types stop the pipeline, impossible values are quarantined."""

from pandera.pandas import Check, Column, DataFrameSchema

from usecase.interface import MEASURED

EVENTS = "patients"
STATIC = ()

PATIENTS = DataFrameSchema(
    {
        "patient": Column("str", Check.str_matches(r"^P[0-9]{4}$"), unique=True),
        "age": Column("float64"),
        "sex": Column("str", Check.isin(["a", "b"])),
        **{name: Column("float64", nullable=True) for name in MEASURED},
        "progression": Column("float64", Check.in_range(0, 1000), nullable=True),
    },
    strict=True,
    name="patients",
)

TABLES = {"patients": PATIENTS}
