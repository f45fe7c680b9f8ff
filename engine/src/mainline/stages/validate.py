"""Check every batch against its schema: stop on wrong columns, quarantine impossible rows, count all rows."""

from collections import Counter
from pathlib import Path

import pandas as pd

from mainline import progress
from mainline.conformance import check_known, check_request
from mainline.data.storage import fresh_directory, read_frame, write_frame, write_json
from mainline.data.validation import Checked, check, check_share
from mainline.declared.params import Params
from mainline.errors import SourceError
from mainline.labels import check_label, check_label_type, check_task, classes
from usecase import interface, schema

RAW, VALIDATED, QUARANTINE = Path("data/raw"), Path("data/validated"), Path("data/quarantine")


def validate(params: Params) -> None:
    """Write accepted rows to `data/validated`, rejected ones to `data/quarantine`, and count both.

    `metrics/data.json` has the totals, `metrics/quarantine.json` the reasons by table and month.
    """
    check_use_case()
    fresh_directory(VALIDATED)
    fresh_directory(QUARANTINE)
    counts: Counter[str] = Counter(accepted=0, quarantined=0, labelled=0)
    reasons: dict[str, dict[str, int]] = {}
    for name, month in progress.each(_batches(params.data.periods), "validate"):
        checked = _validate_batch(name, month, params.limits.quarantined_share)
        counts.update(accepted=len(checked.accepted), quarantined=len(checked.quarantined))
        if checked.reasons:
            reasons[f"{name} {month}".rstrip()] = checked.reasons
        if name == schema.EVENTS:
            counts.update(_count_labels(checked.accepted, month, params.limits.unlabelled_share))
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
    columns = schema.TABLES[schema.EVENTS].columns
    fields = [field.name for field in interface.REQUEST]
    check_known("interface.py: REQUEST", fields, columns, f"{schema.EVENTS} in schema.py")
    check_known("interface.py: LABEL", [interface.LABEL], columns, f"{schema.EVENTS} in schema.py")
    check_known("interface.py: KEY", interface.KEY, fields, "REQUEST")
    check_label_type(columns[interface.LABEL].dtype, interface.LABEL, classes(interface))


def _time() -> str:
    """Name the column that says when an event is: the time in KEY, or else the first in REQUEST; '' without one."""
    times = [field.name for field in interface.REQUEST if field.kind == "time" and not field.optional]
    return next((name for name in (*interface.KEY, *times) if name in times), "")


def _batches(months: tuple[str, ...]) -> list[tuple[str, str]]:
    """List (table, month), with no month for static tables."""
    return [(name, month) for name in schema.TABLES for month in ([""] if name in schema.STATIC else months)]


def _validate_batch(name: str, month: str, limit: float) -> Checked:
    file = f"{name}/{month}.parquet" if month else f"{name}.parquet"
    if not (RAW / file).exists():
        raise SourceError(
            f"src/usecase/source.py: fetch delivered no {name} {month}".rstrip() + "; "
            "deliver it, with no rows if there are none, or take it out of TABLES in src/usecase/schema.py."
        )
    rows = read_frame(RAW / file)
    if name == schema.EVENTS and not len(rows):
        raise SourceError(f"src/usecase/source.py: fetch delivered no rows of {name} for {month}; shorten the window.")
    checked = check(rows, schema.TABLES[name], name, month, _time())
    if len(checked.quarantined):
        write_frame(checked.quarantined, QUARANTINE / file)
    check_share(
        len(checked.quarantined), len(rows), limit, f"impossible rows in {name} {month}".rstrip(), "data/quarantine"
    )
    write_frame(checked.accepted, VALIDATED / file)
    return checked


def _count_labels(events: pd.DataFrame, month: str, limit: float) -> dict[str, int]:
    reason = schema.unlabelled(events)
    check_share(
        int((reason != "").sum()),
        len(events),
        limit,
        f"{schema.EVENTS} without a label in {month}",
        f"{RAW / schema.EVENTS}",
    )
    labels = events.loc[reason == "", interface.LABEL].dropna().to_numpy()
    check_label(labels, interface.TASK, classes(interface))
    return {str(name) or "labelled": int(count) for name, count in reason.value_counts().sort_index().items()}
