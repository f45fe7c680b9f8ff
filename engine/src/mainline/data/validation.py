"""Split a batch into rows to work with and rows in quarantine, or refuse it whole."""

from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import pandas as pd
from pandera.errors import SchemaError as PanderaError
from pandera.errors import SchemaErrorReason as Reason
from pandera.errors import SchemaErrors
from pandera.pandas import DataFrameSchema

from mainline import periods
from mainline.clocks import Clock
from mainline.errors import LimitError, SchemaError

_OF_ROWS = {
    Reason.DATAFRAME_CHECK: "",
    Reason.SERIES_CONTAINS_NULLS: "is missing",
    Reason.SERIES_CONTAINS_DUPLICATES: "is repeated",
    Reason.DUPLICATES: "key is repeated",
}
"""Findings about single rows; every other finding is about the batch and stops the pipeline."""

DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Checked:
    """A batch after validation. `quarantined` has the rejected rows and a column `reasons`."""

    accepted: pd.DataFrame
    quarantined: pd.DataFrame
    reasons: dict[str, int] = field(default_factory=dict)


def check(
    rows: pd.DataFrame, schema: DataFrameSchema, table: str, partition: str, time: str = "", clock: Clock | None = None
) -> Checked:
    """Check n rows against a schema, and against the period that they are delivered for.

    Args:
        rows: the batch as delivered.
        schema: its columns and what may be in them.
        table: its name, for errors.
        partition: its period; '' for a static table.
        time: the column that says when a row is; '' if none does, or if the data has no time.
        clock: the clock of the place that cuts the periods, if its zone is declared.

    Raises:
        SchemaError: when columns are missing, unexpected or of another type.
    """
    findings: list[PanderaError] = []
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as error:
        about_columns = [found for found in error.schema_errors if not _names_rows(found)]
        if about_columns:
            raise SchemaError(table, partition, _problems(about_columns, rows)) from error
        findings = error.schema_errors
    reasons: dict[int, list[str]] = {}
    for found in findings:
        for index in sorted({int(index) for index in found.failure_cases["index"]}):
            reasons.setdefault(index, []).append(_reason(found))
    for index in _of_another_period(rows, partition, time, clock) if partition and time in rows else []:
        reasons.setdefault(index, []).append(f"{time} is of another {periods.unit(partition)}")
    return _quarantine(rows, reasons)


def check_share(found: int, of: int, limit: float, what: str, look: str) -> None:
    """Refuse a batch in which too many rows are unusable.

    Raises:
        LimitError: when `found` of `of` rows is more than the declared share; `look` is where they are.
    """
    if found > limit * of:
        raise LimitError(
            f"The share of {what}", f"{found / of:.2%} ({found} of {of} rows)", f"{limit:.2%}",
            f"Look at {look}, mend the source, or declare another limit in params.yaml.",
        )  # fmt: skip


def why_unlabelled(schema: ModuleType, events: pd.DataFrame, label: str) -> pd.Series:
    """Say of each of n events why it has no label, '' if it has one: the use case's reasons, or that it is missing."""
    if hasattr(schema, "unlabelled"):
        return schema.unlabelled(events)
    return pd.Series(np.where(events[label].isna(), "missing", ""), index=events.index, dtype="str")


def _of_another_period(rows: pd.DataFrame, period: str, time: str, clock: Clock | None) -> list[int]:
    """List the rows outside of a period by its clock; if none is declared, those that are a day or more outside."""
    if not pd.api.types.is_datetime64_any_dtype(rows[time].dtype):
        return []
    first, end = (pd.Timestamp(day, tz="UTC") for day in periods.span(period))
    moments = pd.to_datetime(rows[time], utc=True)
    if clock is None:
        outside = (moments < first - DAY) | (moments >= end + DAY)
    else:
        if isinstance(rows[time].dtype, pd.DatetimeTZDtype):
            minutes = moments.dt.tz_localize(None).to_numpy("datetime64[m]").astype(np.int64)
            moments = pd.Series(clock.local(minutes).astype("datetime64[m]"), rows.index).dt.tz_localize("UTC")
        outside = (moments < first) | (moments >= end)
    return [int(index) for index in rows.index[outside]]


def _quarantine(rows: pd.DataFrame, reasons: dict[int, list[str]]) -> Checked:
    if not reasons:
        return Checked(rows, rows.head(0).assign(reasons=pd.Series(dtype="str")))
    rejected = sorted(reasons)
    quarantined = rows.loc[rejected].assign(reasons=["; ".join(reasons[index]) for index in rejected])
    counts: dict[str, int] = {}
    for reason in (reason for found in reasons.values() for reason in found):
        counts[reason] = counts.get(reason, 0) + 1
    accepted = rows.drop(index=rejected).reset_index(drop=True)
    return Checked(accepted, quarantined.reset_index(drop=True), dict(sorted(counts.items())))


def _reason(found: PanderaError) -> str:
    name = "" if found.reason_code is Reason.DUPLICATES else f"{found.schema.name} "
    said = _OF_ROWS[found.reason_code]
    return name + (said or f"fails {found.check.error or found.check.name}")


def _names_rows(found: PanderaError) -> bool:
    """Say whether a finding is about single rows; a check of a whole column, such as its mean, names none."""
    return found.reason_code in _OF_ROWS and isinstance(found.failure_cases, pd.DataFrame)


def _problems(findings: list[PanderaError], rows: pd.DataFrame) -> list[str]:
    """Say what is wrong with the columns of a batch; a check that broke counts only if no cause is named."""
    causes = [found for found in findings if found.reason_code is not Reason.CHECK_ERROR]
    problems = sorted({_problem(found, rows) for found in causes or findings})
    gone = [found.failure_cases for found in causes if found.reason_code is Reason.COLUMN_NOT_IN_DATAFRAME]
    new = [found.failure_cases for found in causes if found.reason_code is Reason.COLUMN_NOT_IN_SCHEMA]
    if len(gone) == len(new) == 1:
        problems.append(f"if '{new[0]}' is '{gone[0]}' by another name, rename it in src/usecase/source.py")
    return problems


def _problem(found: PanderaError, rows: pd.DataFrame) -> str:
    """Describe the errors in the columns of a batch, for people."""
    name = found.schema.name
    match found.reason_code:
        case Reason.COLUMN_NOT_IN_DATAFRAME:
            return f"column '{found.failure_cases}' is missing"
        case Reason.COLUMN_NOT_IN_SCHEMA:
            return f"column '{found.failure_cases}' is unexpected"
        case Reason.WRONG_DATATYPE:
            return f"column '{name}' is {rows[name].dtype}, declared is {found.schema.dtype}"
        case Reason.DATAFRAME_CHECK:
            return _reason(found)
        case _:
            return f"column '{name}' cannot be checked"
