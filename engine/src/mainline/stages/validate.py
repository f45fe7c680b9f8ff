"""Check every batch against its schema: stop on wrong columns, quarantine impossible rows, count all rows."""

from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd

from mainline import clocks, progress
from mainline.conformance.names import check_known
from mainline.conformance.requests import check_key, check_request
from mainline.data import sides
from mainline.data.storage import fresh_directory, read_frame, write_frame, write_json
from mainline.data.validation import check, check_share, why_unlabelled
from mainline.declared.params import Params
from mainline.errors import SourceError
from mainline.labels import check_label, check_label_type, check_task, classes
from mainline.stages import ledger
from mainline.stages.ledger import Report
from usecase import interface, schema

RAW, VALIDATED, QUARANTINE = Path("data/raw"), Path("data/validated"), Path("data/quarantine")


def validate(params: Params) -> None:
    """Write accepted rows to `data/validated`, rejected ones to `data/quarantine`, and count both.

    `metrics/data.json` has the totals, `metrics/quarantine.json` the reasons by table and period.
    """
    check_use_case()
    fresh_directory(VALIDATED)
    fresh_directory(QUARANTINE)
    counts: Counter[str] = Counter(accepted=0, quarantined=0, labelled=0)
    reasons: dict[str, dict[str, int]] = {}
    time = "" if params.data.snapshot else _time()
    limits = params.limits.quarantined_share, params.limits.unlabelled_share
    with ledger.opened("validate", RAW, params.data.unit) as kept:
        for name, period in progress.each(_batches(params.data.periods), "validate"):
            batch = f"{name} {period}".rstrip()
            make = partial(_validate_batch, name, period, time, *limits)
            checked = kept.partition(period, [RAW / _file(name, period)], [batch, time, *limits], make)
            counts.update(checked["rows"])
            counts.update(checked["labels"])
            if checked["reasons"]:
                reasons[batch] = checked["reasons"]
    write_json(counts, Path("metrics/data.json"))
    write_json(reasons, Path("metrics/quarantine.json"))
    progress.say(f"{counts['accepted']:,} rows accepted, {counts['quarantined']:,} in quarantine")


def check_use_case() -> None:
    """Check that the use case's declarations about its data agree, before any data is read.

    Raises:
        UseCaseError: for a name that one place uses and another lacks, and for a label or response of the wrong type.
    """
    check_task(interface.TASK, interface.RESPONSE, classes(interface))
    check_request(interface.REQUEST)
    check_known("schema.py: EVENTS or STATIC", (schema.EVENTS, *schema.STATIC), schema.TABLES, "TABLES")
    check_key(interface.KEY)
    columns = schema.TABLES[schema.EVENTS].columns
    fields = [field.name for field in interface.REQUEST]
    check_known("interface.py: REQUEST", fields, columns, f"{schema.EVENTS} in schema.py")
    check_known("interface.py: LABEL", [interface.LABEL], columns, f"{schema.EVENTS} in schema.py")
    check_known("interface.py: KEY", interface.KEY, fields, "REQUEST")
    group = sides.group(interface)
    check_known("interface.py: GROUP", [group] if group else [], columns, f"{schema.EVENTS} in schema.py")
    check_label_type(columns[interface.LABEL].dtype, interface.LABEL, classes(interface))


def _time() -> str:
    """Name the column that says when an event is: the time in KEY, or else the first in REQUEST; '' without one."""
    times = [field.name for field in interface.REQUEST if field.kind == "time" and not field.optional]
    return next((name for name in (*interface.KEY, *times) if name in times), "")


def _batches(periods: tuple[str, ...]) -> list[tuple[str, str]]:
    """List (table, period), with no period for static tables."""
    return [(name, period) for name in schema.TABLES for period in ([""] if name in schema.STATIC else periods)]


def _file(name: str, period: str) -> str:
    return f"{name}/{period}.parquet" if period else f"{name}.parquet"


def _validate_batch(
    name: str, period: str, time: str, quarantined_share: float, unlabelled_share: float
) -> tuple[Report, list[Path]]:
    """Check a batch and write its rows.

    Returns:
        How many `rows` were accepted and quarantined, the `labels` and the `reasons` by count; and the files written.
    """
    rows = _read_batch(name, period, time)
    file, batch = _file(name, period), f"{name} {period}".rstrip()
    clock = next((clocks.of(field) for field in interface.REQUEST if field.name == time), None)
    checked = check(rows, schema.TABLES[name], name, period, time, clock)
    accepted, quarantined = checked.accepted, checked.quarantined
    if len(quarantined):
        write_frame(quarantined, QUARANTINE / file)
    check_share(len(quarantined), len(rows), quarantined_share, f"impossible rows in {batch}", "data/quarantine")
    write_frame(accepted, VALIDATED / file)
    labels = _count_labels(accepted, period, unlabelled_share) if name == schema.EVENTS else {}
    counted = {"accepted": len(accepted), "quarantined": len(quarantined)}
    written = [VALIDATED / file, *([QUARANTINE / file] if len(quarantined) else [])]
    return {"rows": counted, "labels": labels, "reasons": checked.reasons}, written


def _read_batch(name: str, period: str, time: str) -> pd.DataFrame:
    """Read the rows that the source delivered.

    Raises:
        SourceError: when it delivered none.
    """
    if not (RAW / _file(name, period)).exists():
        raise SourceError(
            f"src/usecase/source.py: fetch delivered no {name} {period}".rstrip() + "; "
            "deliver it, with no rows if there are none, or take it out of TABLES in src/usecase/schema.py."
        )
    rows = read_frame(RAW / _file(name, period))
    if name == schema.EVENTS and not len(rows):
        said = f"src/usecase/source.py: fetch delivered no rows of {name} for {period}"
        raise SourceError(f"{said}; shorten the window." if time else f"{said}; deliver some.")
    return rows


def _count_labels(events: pd.DataFrame, period: str, limit: float) -> dict[str, int]:
    reason = why_unlabelled(schema, events, interface.LABEL)
    check_share(
        int((reason != "").sum()),
        len(events),
        limit,
        f"{schema.EVENTS} without a label in {period}",
        f"{RAW / schema.EVENTS}",
    )
    labels = events.loc[reason == "", interface.LABEL].dropna().to_numpy()
    check_label(labels, interface.TASK, classes(interface))
    return {str(name) or "labelled": int(count) for name, count in reason.value_counts().sort_index().items()}
