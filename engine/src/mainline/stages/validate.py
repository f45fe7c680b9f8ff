"""Check every batch against its schema: stop on wrong columns, quarantine impossible rows, count all rows."""

from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

import pandas as pd

from mainline import clocks, personal, progress
from mainline.conformance.names import check_known
from mainline.conformance.requests import check_key, check_request
from mainline.data import identifiers, sides
from mainline.data.identifiers import Counts
from mainline.data.storage import decode_frame, encode_frame, fresh_directory, write_json
from mainline.data.validation import check, check_share, why_unlabelled
from mainline.declared.params import Limits, Params
from mainline.errors import SourceError
from mainline.labels import check_label, check_label_type, check_task, classes
from mainline.stages import ledger
from mainline.stages.entries import Entry
from mainline.stages.ledger import Report
from mainline.stages.tasks import Inputs, Task, apart
from mainline.stages.versions import Version
from usecase import interface, schema

RAW, VALIDATED, QUARANTINE = Path("data/raw"), Path("data/validated"), Path("data/quarantine")
LABELLED = "labelled"
"""What events with a label are counted under, beside the reasons of the others."""


def validate(params: Params) -> None:
    """Write accepted rows to `data/validated`, rejected ones to `data/quarantine`, and count both.

    `metrics/data.json` has the totals, `metrics/quarantine.json` the reasons by table and period, and
    `metrics/personal.json` which columns look as if they held what identifies a person.
    """
    check_use_case()
    fresh_directory(VALIDATED)
    fresh_directory(QUARANTINE)
    counts: Counter[str] = Counter(accepted=0, quarantined=0, labelled=0)
    reasons: dict[str, dict[str, int]] = {}
    looked: Counter[str] = Counter()
    formed: dict[str, Counts] = {name: {} for name in schema.TABLES}
    time = "" if params.data.snapshot else _time()
    with ledger.opened("validate", RAW, params.data.unit) as kept:
        elsewhere = ledger.elsewhere(RAW)
        tasks = [_task(name, period, time, elsewhere) for name, period in _batches(params.data.periods)]
        for task, checked in zip(tasks, kept.reports(_validate_batch, tasks), strict=True):
            _check_limits(task, checked, params.limits)
            counts.update(checked["rows"])
            counts.update(checked["labels"])
            name = task.arguments[0]
            looked[name] += min(identifiers.ROWS, checked["rows"]["accepted"])
            identifiers.add(formed[name], checked["formed"])
            if checked["reasons"]:
                reasons[task.name] = checked["reasons"]
    write_json(counts, Path("metrics/data.json"))
    write_json(reasons, Path("metrics/quarantine.json"))
    _write_found(formed, looked)
    progress.say(f"{counts['accepted']:,} rows accepted, {counts['quarantined']:,} in quarantine")


def _write_found(formed: dict[str, Counts], looked: Counter[str]) -> None:
    """Write which columns that nobody declared to be personal hold what identifies a person by its form, and say so."""
    found = {
        f"{name}.{column}": kinds
        for name, counted in formed.items() for column, kinds in identifiers.conclude(counted, looked[name]).items()
    }  # fmt: skip
    declared = personal.columns(interface) if personal.is_declared(interface) else None
    write_json({"declared": declared, "looked_at": dict(looked), "found": found}, Path("metrics/personal.json"))
    for column, kinds in found.items():
        said = ", ".join(f"{kind} in {share:.1%} of the rows" for kind, share in kinds.items())
        progress.say(f"Look: {column} seems to hold {said}. Leave it out, or declare it in {personal.PLACE}.")


def check_use_case() -> None:
    """Check that the use case's declarations about its data agree, before any data is read.

    Raises:
        UseCaseError: for a name that one place uses and another lacks, and for a label or response of the wrong type.
    """
    check_task(interface.TASK, interface.RESPONSE, classes(interface))
    check_request(interface.REQUEST)
    check_known("schema.py: EVENTS or STATIC", (schema.EVENTS, *schema.STATIC), schema.TABLES, "TABLES")
    check_key(interface.KEY, interface.LABEL)
    columns = schema.TABLES[schema.EVENTS].columns
    fields = [field.name for field in interface.REQUEST]
    check_known("interface.py: REQUEST", fields, columns, f"{schema.EVENTS} in schema.py")
    check_known("interface.py: LABEL", [interface.LABEL], columns, f"{schema.EVENTS} in schema.py")
    check_known("interface.py: KEY", interface.KEY, fields, "REQUEST")
    group = sides.group(interface)
    check_known("interface.py: GROUP", [group] if group else [], columns, f"{schema.EVENTS} in schema.py")
    check_label_type(columns[interface.LABEL].dtype, interface.LABEL, classes(interface))
    known = {name for table in schema.TABLES.values() for name in table.columns}
    personal.check(interface, known | set(fields), _time())


def _time() -> str:
    """Name the column that says when an event is: the time in KEY, or else the first in REQUEST; '' without one."""
    times = [field.name for field in interface.REQUEST if field.kind == "time" and not field.optional]
    return next((name for name in (*interface.KEY, *times) if name in times), "")


def _batches(periods: tuple[str, ...]) -> list[tuple[str, str]]:
    """List (table, period), with no period for static tables."""
    return [(name, period) for name in schema.TABLES for period in ([""] if name in schema.STATIC else periods)]


def _file(name: str, period: str) -> str:
    return f"{name}/{period}.parquet" if period else f"{name}.parquet"


def _task(name: str, period: str, time: str, elsewhere: Mapping[str, Version]) -> Task:
    """Return the task of a batch, which lies here, or in a store in the version that git names."""
    file = RAW / _file(name, period)
    reads, fetches = apart([file], elsewhere)
    return Task(f"{name} {period}".rstrip(), period, reads, (name, period, time), fetches=fetches)


def _validate_batch(inputs: Inputs, name: str, period: str, time: str) -> Entry:
    """Check a batch.

    Returns:
        Its rows, how many `rows` were accepted and quarantined, the `labels` and the `reasons` by count, and what was
        `formed` like something personal, by column.
    """
    rows = _read_batch(inputs, name, period, time)
    file = _file(name, period)
    clock = next((clocks.of(field) for field in interface.REQUEST if field.name == time), None)
    checked = check(rows, schema.TABLES[name], name, period, time, clock)
    accepted, quarantined = checked.accepted, checked.quarantined
    made = {VALIDATED / file: accepted} | ({QUARANTINE / file: quarantined} if len(quarantined) else {})
    labels = _count_labels(accepted) if name == schema.EVENTS else {}
    counted = {"accepted": len(accepted), "quarantined": len(quarantined)}
    formed = identifiers.count(accepted, personal.columns(interface))
    report = {"rows": counted, "labels": labels, "reasons": checked.reasons, "formed": formed}
    return Entry({path.as_posix(): encode_frame(frame, path) for path, frame in made.items()}, report)


def _read_batch(inputs: Inputs, name: str, period: str, time: str) -> pd.DataFrame:
    """Read the rows that the source delivered.

    Raises:
        SourceError: when it delivered none.
    """
    file = RAW / _file(name, period)
    if file.as_posix() not in inputs:
        raise SourceError(
            f"src/usecase/source.py: fetch delivered no {name} {period}".rstrip() + "; "
            "deliver it, with no rows if there are none, or take it out of TABLES in src/usecase/schema.py."
        )
    rows = decode_frame(inputs[file.as_posix()], file)
    if name == schema.EVENTS and not len(rows):
        said = f"src/usecase/source.py: fetch delivered no rows of {name} for {period}"
        raise SourceError(f"{said}; shorten the window." if time else f"{said}; deliver some.")
    return rows


def _count_labels(events: pd.DataFrame) -> dict[str, int]:
    """Count the events that are labelled, and those that are not by reason."""
    reason = why_unlabelled(schema, events, interface.LABEL)
    labels = events.loc[reason == "", interface.LABEL].dropna().to_numpy()
    check_label(labels, interface.TASK, classes(interface))
    return {str(name) or LABELLED: int(count) for name, count in reason.value_counts().sort_index().items()}


def _check_limits(task: Task, checked: Report, limits: Limits) -> None:
    """Refuse a batch of which more is unusable than is declared; what is known of it was written, to be looked at.

    Raises:
        LimitError: if so.
    """
    accepted, quarantined = checked["rows"]["accepted"], checked["rows"]["quarantined"]
    said, most = f"impossible rows in {task}", max(checked["reasons"].items(), key=itemgetter(1), default=None)
    look = f"data/quarantine ({most[0]}: {most[1]} of them)" if most else "data/quarantine"
    check_share(quarantined, accepted + quarantined, limits.quarantined_share, said, look)
    unlabelled = sum(number for reason, number in checked["labels"].items() if reason != LABELLED)
    said = f"{schema.EVENTS} without a label in {task.period}"
    check_share(unlabelled, accepted, limits.unlabelled_share, said, f"{RAW / schema.EVENTS}")
