"""Build feature tables and features, period by period, as they were known at each prediction time."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainline import clocks, progress
from mainline.conformance.names import check_known
from mainline.contract import Array, Columns, FeatureTable
from mainline.data import dataset, sides, vocabulary
from mainline.data.columns import from_batch
from mainline.data.dataset import Prepared
from mainline.data.feature_values import check_present, valueless
from mainline.data.lookup import Table, from_columns
from mainline.data.moments import is_timed
from mainline.data.storage import (
    encode_columns,
    encode_frame,
    fresh_directory,
    tidy,
    write_frame,
    write_json,
)
from mainline.data.validation import why_unlabelled
from mainline.declared.params import Params
from mainline.errors import ParamsError, UseCaseError
from mainline.labels import classes, encode
from mainline.limits.sketches import Sketch
from mainline.periods import told
from mainline.stages import computation, ledger, overview
from mainline.stages.entries import Entry
from mainline.stages.ledger import Ledger, Report
from mainline.stages.tasks import Inputs, Task, apart
from mainline.stages.window import VALIDATED, Window, batch_files, decode, near, static_files
from mainline.text import count
from usecase import features, interface, schema, tables

if TYPE_CHECKING:
    import pandas as pd

TABLES = Path("data/tables")


def prepare(params: Params) -> None:
    """Write `data/tables`, `metrics/profile.json` and `data/features/<part>.parquet`.

    A part is a period, or a side of data without time. Rows without a label were counted by validation and are left
    out here.
    """
    offered = computation.check(params)
    fresh_directory(TABLES)
    fresh_directory(dataset.FOLDER)
    with ledger.opened("prepare", VALIDATED, params.data.unit) as kept:
        found = _prepare_periods(params, kept)
    parts = [name for period in found for name in period["lacking"]]
    check_present([set(names) for period in found for names in period["lacking"].values()], told(params.data.periods))
    sketched = {name: Sketch(**sketch) for period in found for name, sketch in period["sketches"].items()}
    described = overview.profile(parts, offered, sketched) | {"support": tidy(overview.support(sketched))}
    write_json(described, Path("metrics/profile.json"))
    overview.check_order(dataset.column(dataset.FOLDER, [part], dataset.LABEL) for part in parts)
    progress.say(f"{count(sum(period['rows'] for period in found), 'row')} with {count(len(offered), 'feature')}")


def _prepare_periods(params: Params, kept: Ledger) -> list[Report]:
    """Write the tables and features of each period.

    Returns:
        Of each how many `rows` it has, what features each part is `lacking`, and with time its `sketches`.
    """
    files, elsewhere = static_files(), ledger.elsewhere(VALIDATED)
    here, there = apart(files.values(), elsewhere)
    fetched = {version.path: version.fetch() for version in there}
    read = {name: decode(fetched, file) for name, file in files.items()}
    with kept.watched([*files.values()]):
        static = tables.build_static(read)
    for name, rows in static.items():
        write_frame(rows, TABLES / f"{name}.parquet")
    fixed = {name: from_columns(declared_table(name), arrays(rows)) for name, rows in static.items()}
    shares = (float(params.split.validation), float(params.split.test)) if params.data.snapshot else ()
    spans = [near(params.data.periods, number) for number in range(len(params.data.periods))]
    given = [apart(batch_files(span), elsewhere) for span in spans]
    tasks = [
        Task(span[-1], span[-1], reads, (span, *shares), (*here, *there), fetches)
        for span, (reads, fetches) in zip(spans, given, strict=True)
    ]
    return [*kept.reports(partial(_prepare_period, Window(static), fixed), tasks)]


def _prepare_period(
    window: Window, fixed: Mapping[str, Table], inputs: Inputs, span: Sequence[str], *shares: float
) -> Entry:
    """Make the tables and features of a period.

    Args:
        window: makes the moving tables.
        fixed: the static tables.
        inputs: the validated batches of the periods of the span.
        span: the periods that the features depend on, the one that they are of last.
        shares: of data without time, the shares of validation and test.
    """
    *earlier, period = span
    before = window.moving(inputs, earlier) if earlier else {}
    built = window.moving(inputs, span)
    known = dict(fixed) | {
        name: from_columns(declared_table(name), arrays(rows), arrays(before[name]) if before else None)
        for name, rows in built.items()
    }
    check_known("tables.py: FEATURE_TABLES", declared(), known, "the result of building them")
    found = featurise(window.batches(inputs, period)[schema.EVENTS], known, period)
    parts = {period: found} if found.hash is None else _cut(shares, found, found.hash)
    files = {}
    for name, rows in built.items():
        file = TABLES / name / f"{period}.parquet"
        files[file.as_posix()] = encode_frame(rows, file)
    for name, part in parts.items():
        files[(dataset.FOLDER / f"{name}.parquet").as_posix()] = encode_columns(part.as_columns())
    lacking = {name: sorted(valueless(part.features)) for name, part in parts.items()}
    sketches = {period: overview.sketch(found).model_dump()} if found.hash is None else {}
    return Entry(files, {"rows": len(found), "lacking": lacking, "sketches": sketches})


def featurise(events: "pd.DataFrame", known: Mapping[str, Table], period: str) -> Prepared:
    """Compute the features of a period's labelled events from the tables known to them.

    Raises:
        UseCaseError: naming the feature, and the first row, where a value is none that a model can be fitted on.
    """
    labelled = events[why_unlabelled(schema, events, interface.LABEL) == ""]
    check_times(labelled)
    request = vocabulary.request(from_batch(arrays(in_utc(labelled)), interface.REQUEST), interface)
    computed = computation.compute(request, known, period)
    label = encode(labelled[interface.LABEL].to_numpy(), classes(interface))
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


def _cut(shares: Sequence[float], rows: Prepared, hashes: Array) -> dict[str, Prepared]:
    """Put each of n rows of a snapshot on its side, by the shares of validation and test and hashes of shape (n,).

    Raises:
        ParamsError: when a side gets no row.
    """
    marked = sides.cut(hashes, *shares)
    empty = [name for name, chosen in marked.items() if not chosen.any()]
    if empty:
        found = f"leaves no row of {len(rows):,} for {empty[0]}"
        raise ParamsError("split", found, "declare other shares; rows of one group, key or request stay together")
    return {name: rows.take(chosen) for name, chosen in marked.items()}


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
