"""Check every batch against its schema: stop on wrong columns, quarantine impossible rows, count all rows."""

from collections import Counter
from pathlib import Path

import pandas as pd

from mainline import clocks, progress
from mainline.conformance.names import check_known
from mainline.conformance.requests import check_key, check_request
from mainline.data import sides
from mainline.data.storage import fresh_directory, read_frame, write_frame, write_json
from mainline.data.validation import Checked, check, check_share, why_unlabelled
from mainline.declared.params import Params
from mainline.errors import SourceError
from mainline.labels import check_label, check_label_type, check_task, classes
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
    for name, period in progress.each(_batches(params.data.periods), "validate"):
        checked = _validate_batch(name, period, time, params.limits.quarantined_share)
        counts.update(accepted=len(checked.accepted), quarantined=len(checked.quarantined))
        if checked.reasons:
            reasons[f"{name} {period}".rstrip()] = checked.reasons
        if name == schema.EVENTS:
            counts.update(_count_labels(checked.accepted, period, params.limits.unlabelled_share))
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


def _validate_batch(name: str, period: str, time: str, limit: float) -> Checked:
    file = f"{name}/{period}.parquet" if period else f"{name}.parquet"
    if not (RAW / file).exists():
        raise SourceError(
            f"src/usecase/source.py: fetch delivered no {name} {period}".rstrip() + "; "
            "deliver it, with no rows if there are none, or take it out of TABLES in src/usecase/schema.py."
        )
    rows = read_frame(RAW / file)
    if name == schema.EVENTS and not len(rows):
        said = f"src/usecase/source.py: fetch delivered no rows of {name} for {period}"
        raise SourceError(f"{said}; shorten the window." if time else f"{said}; deliver some.")
    clock = next((clocks.of(field) for field in interface.REQUEST if field.name == time), None)
    checked = check(rows, schema.TABLES[name], name, period, time, clock)
    if len(checked.quarantined):
        write_frame(checked.quarantined, QUARANTINE / file)
    check_share(
        len(checked.quarantined), len(rows), limit, f"impossible rows in {name} {period}".rstrip(), "data/quarantine"
    )
    write_frame(checked.accepted, VALIDATED / file)
    return checked


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
