"""Build feature tables and features, month by month, as they were known at each prediction time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainline import progress
from mainline.conformance import check_computed, check_known, check_moment, check_policy
from mainline.contract import Array, Columns, FeatureTable
from mainline.data import prepared
from mainline.data.columns import from_batch
from mainline.data.computed import Place, check_finite, check_missing, check_present, check_types, first_failing
from mainline.data.lookup import Table, from_columns, look_up_all
from mainline.data.prepared import Prepared, join
from mainline.data.profile import describe, share_between, stability_index
from mainline.data.storage import fresh_directory, read_frame, write_columns, write_frame, write_json
from mainline.declared.params import Params
from mainline.errors import UseCaseError
from mainline.labels import classes, encode
from usecase import features, interface, schema, tables

if TYPE_CHECKING:
    import pandas as pd

MOST_BETWEEN = 0.5
"""Share of the label's variance between months beyond which they differ more from each other than within."""

VALIDATED, TABLES = Path("data/validated"), Path("data/tables")


def prepare(params: Params) -> None:
    """Write `data/tables`, `data/features/<month>.parquet` and `metrics/profile.json`.

    Rows without a label were counted by validation and are left out here.
    """
    check_known("tables.py: a key", (table.key for table in tables.FEATURE_TABLES), _fields(), "REQUEST")
    check_policy((*features.NUMERIC, *features.CATEGORICAL), interface.REQUEST, interface.BANNED, tables.FEATURE_TABLES)
    check_known("features.py: MISSING", _allowed_to_miss(), (*features.NUMERIC, *features.CATEGORICAL), "compute")
    fresh_directory(TABLES)
    fresh_directory(prepared.FOLDER)
    static = tables.build_static({name: read_frame(VALIDATED / f"{name}.parquet") for name in schema.STATIC})
    for name, rows in static.items():
        write_frame(rows, TABLES / f"{name}.parquet")
    fixed = {name: from_columns(declared_table(name), arrays(rows)) for name, rows in static.items()}
    months: dict[str, Prepared] = {}
    batches: dict[str, pd.DataFrame] | None = None
    moving: dict[str, pd.DataFrame] = {}
    for month in progress.each(params.data.periods, "prepare"):
        earlier, batches = batches, _read_batches(month)
        before, moving = moving, tables.build_moving(earlier, batches, static)
        for name, rows in moving.items():
            write_frame(rows, TABLES / name / f"{month}.parquet")
        known = fixed | {
            name: from_columns(declared_table(name), arrays(rows), arrays(before[name]) if before else None)
            for name, rows in moving.items()
        }
        check_known("tables.py: FEATURE_TABLES", declared(), known, "the result of building them")
        months[month] = featurise(batches[schema.EVENTS], known, month)
        write_columns(months[month].as_columns(), prepared.FOLDER / f"{month}.parquet")
    check_present([rows.features for rows in months.values()], f"{params.data.from_} to {params.data.through}")
    write_json(profile(months), Path("metrics/profile.json"))
    check_order([rows.label for rows in months.values()])
    progress.say(
        f"{sum(len(rows) for rows in months.values()):,} rows with "
        f"{len(features.NUMERIC) + len(features.CATEGORICAL)} features"
    )


def featurise(events: "pd.DataFrame", known: Mapping[str, Table], period: str) -> Prepared:
    """Compute the features of a period's labelled events from the tables known to them.

    Raises:
        UseCaseError: naming the feature, and the first row, where a value is none that a model can be fitted on.
    """
    labelled = events[schema.unlabelled(events) == ""]
    check_times(labelled)
    request = from_batch(arrays(labelled), interface.REQUEST)
    moment = features.prediction_time(request)
    check_moment(moment, len(labelled))
    place = Place(period, {name: request[name] for name in interface.KEY}, _times())
    computed = _compute(request, look_up_all(known, request, moment), place)
    label = encode(labelled[interface.LABEL].to_numpy(), classes(interface))
    check_computed(computed, (*features.NUMERIC, *features.CATEGORICAL), len(label))
    check_types(computed, features.NUMERIC, features.CATEGORICAL, place)
    check_finite(computed, features.NUMERIC, place)
    check_missing(computed, _allowed_to_miss(), place)
    if np.isnan(label).any():
        raise UseCaseError(
            "src/usecase/schema.py: unlabelled() returns '' for a row without a label; return the reason."
        )
    return Prepared(request, computed, label)


def _compute(request: Columns, looked_up: Mapping[str, Columns], place: Place) -> dict[str, Array]:
    """Compute the features of n rows; an error is noted with the first row that raises it."""

    def compute(rows: Array | slice) -> dict[str, Array]:
        found = {name: {column: values[rows] for column, values in table.items()} for name, table in looked_up.items()}
        return dict(features.compute({name: values[rows] for name, values in request.items()}, found))

    try:
        return compute(slice(None))
    except Exception as error:
        row = first_failing(compute, len(next(iter(request.values()))))
        error.add_note(f"in {place.period}" if row is None else f"first in {place.of(row)}")
        raise


def _allowed_to_miss() -> Mapping[str, float]:
    """By feature, the share of a period's rows that may lack it, if the use case declares any."""
    return getattr(features, "MISSING", {})


def _fields() -> list[str]:
    return [field.name for field in interface.REQUEST]


def _times() -> list[str]:
    return [field.name for field in interface.REQUEST if field.kind == "time"]


def profile(months: Mapping[str, Prepared]) -> dict[str, object]:
    """Describe each feature in the newest month, and how far it moved from the months before."""
    *earlier, newest = months
    before, current = join(months[month] for month in earlier), months[newest]
    columns = {**current.features, "label": current.label}
    skew = {name: stability_index(before.features[name], values) for name, values in current.features.items()}
    skew["label"] = stability_index(before.label, current.label)
    return {
        "newest": newest,
        "before": f"{earlier[0]} to {earlier[-1]}",
        "rows": len(current),
        "drift": [{"feature": name, "stability_index": skew[name]} for name in columns],  # rows of a plot
        "columns": describe(columns),
    }


def check_order(labels: Sequence[Array]) -> None:
    """Say where months look like rows in an order that is not time: no field is one, and the label tells them apart."""
    between = share_between(labels)
    if between > MOST_BETWEEN and not any(field.kind == "time" for field in interface.REQUEST):
        progress.say(
            f"Look: {between:.0%} of the label's variance lies between the months, and no field of REQUEST is a time. "
            "If the source cuts months by the order of its rows, that order is not time, and the test months are other "
            "data than was fitted on: shuffle the rows once with a fixed seed, or bring their times."
        )


def arrays(rows: "pd.DataFrame") -> dict[str, Array]:
    """Take n rows of a table apart into numpy columns; times of any zone become UTC.

    Whole numbers and flags of pandas' own types become numpy's, float64 with NaN where one is missing.
    """
    return {str(name): _column(values) for name, values in rows.items()}


def _column(values: "pd.Series") -> Array:
    if _zone(values) is not None:
        return values.dt.tz_convert(None).to_numpy()
    plain: Any = getattr(values.dtype, "numpy_dtype", None)
    if plain is None or values.dtype.kind not in "biuf":
        return values.to_numpy()
    return values.to_numpy(np.float64, na_value=np.nan) if values.hasnans else values.to_numpy(plain)


def check_times(events: "pd.DataFrame") -> None:
    """Refuse a time of the request that names no zone in the batch: a request must name one as well.

    Raises:
        UseCaseError: naming the field and what the batch holds.
    """
    for field in interface.REQUEST:
        if field.kind == "time" and _zone(events[field.name]) is None:
            raise UseCaseError(
                f"src/usecase/interface.py: REQUEST: '{field.name}' is a time, but the batch holds "
                f"{events[field.name].dtype}, which names no zone; deliver it as datetime64[ms, UTC] in "
                "src/usecase/source.py, and declare it so in src/usecase/schema.py."
            )


def _zone(values: "pd.Series") -> Any:
    return getattr(values.dtype, "tz", None)


def declared() -> dict[str, FeatureTable]:
    """Return the declared feature tables by name."""
    return {table.name: table for table in tables.FEATURE_TABLES}


def declared_table(name: str) -> FeatureTable:
    """Return the declaration of a table that was built.

    Raises:
        UseCaseError: when it is not declared.
    """
    check_known("tables.py: a built table", [name], declared(), "FEATURE_TABLES")
    return declared()[name]


def _read_batches(month: str) -> "dict[str, pd.DataFrame]":
    monthly = [name for name in schema.TABLES if name not in schema.STATIC]
    return {name: read_frame(VALIDATED / name / f"{month}.parquet") for name in monthly}
