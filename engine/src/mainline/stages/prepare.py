"""Build feature tables and features, period by period, as they were known at each prediction time."""

from bdb import BdbQuit
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainline import clocks, progress
from mainline.conformance.arrays import check_computed, check_moment
from mainline.conformance.code import portable
from mainline.conformance.names import check_known, check_policy
from mainline.conformance.requests import check_time
from mainline.conformance.tables import check_tables
from mainline.contract import Array, Columns, FeatureTable
from mainline.data import prepared, sides, vocabulary
from mainline.data.columns import from_batch
from mainline.data.computed import (
    Place,
    check_converted,
    check_finite,
    check_missing,
    check_present,
    check_types,
    first_failing,
    valueless,
)  # fmt: skip
from mainline.data.lookup import Table, from_columns, look_up_all
from mainline.data.moments import is_timed, prediction_time
from mainline.data.prepared import Prepared
from mainline.data.profile import describe, share_between, stability_index
from mainline.data.storage import fresh_directory, read_frame, tidy, write_columns, write_frame, write_json
from mainline.data.validation import why_unlabelled
from mainline.declared.params import Params
from mainline.errors import MainlineError, ParamsError, UseCaseError
from mainline.labels import classes, encode
from mainline.limits import composition
from mainline.periods import told
from mainline.text import count
from usecase import features, interface, schema, tables

if TYPE_CHECKING:
    import pandas as pd

    Batches = Mapping[str, pd.DataFrame]

MOST_BETWEEN = 0.5
"""Share of the label's variance between periods beyond which they differ more from each other than within."""

VALIDATED, TABLES = Path("data/validated"), Path("data/tables")


def prepare(params: Params) -> None:
    """Write `data/tables`, `metrics/profile.json` and `data/features/<part>.parquet`.

    A part is a period, or a side of data without time. Rows without a label were counted by validation and are left
    out here.
    """
    portable(Path("src/usecase/features.py"))
    check_tables(tables.FEATURE_TABLES, (field.name for field in interface.REQUEST))
    offered = (*features.NUMERIC, *features.CATEGORICAL)
    check_policy(offered, interface.REQUEST, interface.BANNED, tables.FEATURE_TABLES, interface.KEY)
    check_time(not params.data.snapshot, features, tables.FEATURE_TABLES, sides.group(interface))
    check_known("features.py: MISSING", _allowed_to_miss(), offered, "compute")
    fresh_directory(TABLES)
    fresh_directory(prepared.FOLDER)
    static = tables.build_static({name: read_frame(VALIDATED / f"{name}.parquet") for name in schema.STATIC})
    for name, rows in static.items():
        write_frame(rows, TABLES / f"{name}.parquet")
    fixed = {name: from_columns(declared_table(name), arrays(rows)) for name, rows in static.items()}
    parts: list[str] = []
    labels: list[Array] = []
    lacking: list[set[str]] = []
    batches: dict[str, pd.DataFrame] | None = None
    moving: dict[str, pd.DataFrame] = {}
    for period in progress.each(params.data.periods, "prepare"):
        earlier, batches = batches, _read_batches(period)
        before, moving = moving, build_moving(earlier, batches, static)
        for name, rows in moving.items():
            write_frame(rows, TABLES / name / f"{period}.parquet")
        known = fixed | {
            name: from_columns(declared_table(name), arrays(rows), arrays(before[name]) if before else None)
            for name, rows in moving.items()
        }
        check_known("tables.py: FEATURE_TABLES", declared(), known, "the result of building them")
        found = featurise(batches[schema.EVENTS], known, period)
        for name, part in ({period: found} if found.hash is None else _cut(params, found, found.hash)).items():
            write_columns(part.as_columns(), prepared.FOLDER / f"{name}.parquet")
            lacking.append(valueless(part.features))
            parts.append(name)
            labels.append(part.label)
    check_present(lacking, told(params.data.periods))
    noted = {} if params.data.snapshot else composition.note(_made_of(parts, offered))
    write_json(profile(parts, offered) | {"support": tidy(noted)}, Path("metrics/profile.json"))
    check_order(labels)
    progress.say(
        f"{count(sum(map(len, labels)), 'row')} with "
        f"{count(len(features.NUMERIC) + len(features.CATEGORICAL), 'feature')}"
    )


def featurise(events: "pd.DataFrame", known: Mapping[str, Table], period: str) -> Prepared:
    """Compute the features of a period's labelled events from the tables known to them.

    Raises:
        UseCaseError: naming the feature, and the first row, where a value is none that a model can be fitted on.
    """
    labelled = events[why_unlabelled(schema, events, interface.LABEL) == ""]
    check_times(labelled)
    request = vocabulary.request(from_batch(arrays(in_utc(labelled)), interface.REQUEST), interface)
    moment = prediction_time(features, request)
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
    return Prepared(request, computed, label, None if is_timed(features) else _hash(labelled, request))


def _hash(events: "pd.DataFrame", request: Columns) -> Array:
    """Hash what keeps each of n labelled rows on its side.

    Raises:
        UseCaseError: when a row is of no group.
    """
    group = sides.group(interface)
    if not group:
        return sides.identities(request, sides.rule(interface))
    missing = int(events[group].isna().sum())
    if missing:
        raise UseCaseError(
            f"src/usecase/interface.py: GROUP: '{group}' is missing in {missing:,} of {len(events):,} rows; fill it in "
            "src/usecase/source.py, or declare it in src/usecase/schema.py as never missing."
        )
    return sides.hashes([events[group].to_numpy(object)])


def _cut(params: Params, rows: Prepared, hashes: Array) -> dict[str, Prepared]:
    """Put each of n rows of a snapshot on its side, by hashes of shape (n,).

    Raises:
        ParamsError: when a side gets no row.
    """
    marked = sides.cut(hashes, float(params.split.validation), float(params.split.test))
    empty = [name for name, chosen in marked.items() if not chosen.any()]
    if empty:
        found = f"leaves no row of {len(rows):,} for {empty[0]}"
        raise ParamsError("split", found, "declare other shares; rows of one group, key or request stay together")
    return {name: rows.take(chosen) for name, chosen in marked.items()}


def build_moving(earlier: "Batches | None", batches: "Batches", static: "Batches") -> "dict[str, pd.DataFrame]":
    """Build the moving tables of a period; data without time has none, and may leave `build_moving` out."""
    if not is_timed(features) and not hasattr(tables, "build_moving"):
        return {}
    return dict(tables.build_moving(earlier, batches, static))


def _compute(request: Columns, looked_up: Mapping[str, Columns], place: Place) -> dict[str, Array]:
    """Compute the features of n rows; an error is noted with the first row that raises it."""

    def compute(rows: Array | slice) -> dict[str, Array]:
        found = {name: {column: values[rows] for column, values in table.items()} for name, table in looked_up.items()}
        asked = vocabulary.request({name: values[rows] for name, values in request.items()}, interface)
        return dict(features.compute(asked, vocabulary.tables(found)))

    try:
        return compute(slice(None))
    except (BdbQuit, MainlineError):
        raise
    except Exception as error:
        rows = len(next(iter(request.values())))
        check_converted(error, features.NUMERIC, rows, place)
        row = first_failing(compute, rows)
        error.add_note(f"in {place.period}" if row is None else f"first in {place.of(row)}")
        raise


def _allowed_to_miss() -> Mapping[str, float]:
    """By feature, the share of a period's rows that may lack it, if the use case declares any."""
    return getattr(features, "MISSING", {})


def _times() -> list[str]:
    return [field.name for field in interface.REQUEST if field.kind == "time"]


def profile(parts: Sequence[str], names: Sequence[str]) -> dict[str, object]:
    """Describe each feature in the newest part written, and how far it moved from the parts before.

    One column is held at a time: all features of a window need not fit into memory.
    """
    *earlier, newest = parts
    current = prepared.read(prepared.FOLDER, [newest], [], names)
    columns = {**current.features, "label": current.label}
    skew = {name: stability_index(prepared.column(prepared.FOLDER, earlier, name), columns[name]) for name in columns}
    return {
        "newest": newest,
        "before": f"{earlier[0]} to {earlier[-1]}",
        "rows": len(current),
        "drift": [{"feature": name, "stability_index": skew[name]} for name in columns],  # rows of a plot
        "columns": describe(columns),
    }


def _made_of(parts: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, Columns]]:
    """Yield each period that was written with its features, and the label as one more column."""
    for period in parts:
        rows = prepared.read(prepared.FOLDER, [period], [], names)
        yield period, {**rows.features, f"label {interface.LABEL}": rows.label}


def check_order(labels: Sequence[Array]) -> None:
    """Say if periods look like rows in an order that is not time: no field is one, and the label tells them apart."""
    between = share_between(labels)
    if between > MOST_BETWEEN and is_timed(features) and not any(field.kind == "time" for field in interface.REQUEST):
        progress.say(
            f"Look: {between:.0%} of the label's variance lies between the periods, and no field of REQUEST is a time. "
            "If the source cuts periods by the order of its rows, that order is not time, and the test periods are "
            "other data than was fitted on: declare data.snapshot in params.yaml, or bring their times."
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


def in_utc(events: "pd.DataFrame") -> "pd.DataFrame":
    """Return the events with the local times of fields that name their zone as moments in UTC."""
    read = {}
    for field in interface.REQUEST:
        values, clock = events[field.name], clocks.of(field)
        if clock is not None and _zone(values) is None and values.dtype.kind == "M":
            minutes = values.to_numpy("datetime64[m]")
            moments = clock.utc(minutes.astype(np.int64)).astype("datetime64[m]")
            read[field.name] = np.where(np.isnat(minutes), minutes, moments).astype("datetime64[ms]")
    return events.assign(**read)


def check_times(events: "pd.DataFrame") -> None:
    """Refuse a time of the request that names no zone, neither in the batch nor by its field.

    Raises:
        UseCaseError: naming the field and what the batch holds.
    """
    for field in interface.REQUEST:
        if field.kind == "time" and not field.zone and _zone(events[field.name]) is None:
            raise UseCaseError(
                f"src/usecase/interface.py: REQUEST: '{field.name}' is a time, but the batch holds "
                f"{events[field.name].dtype}, which names no zone; deliver it as datetime64[ms, UTC] in "
                "src/usecase/source.py and declare it so in src/usecase/schema.py, or declare the zone of its clock "
                "with the field."
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


def _read_batches(period: str) -> "dict[str, pd.DataFrame]":
    batched = [name for name in schema.TABLES if name not in schema.STATIC]
    return {name: read_frame(VALIDATED / name / f"{period}.parquet") for name in batched}
