"""What a table means: what is predicted from what, and what is left out until a person decides."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mainline.errors import nearest
from mainline.scaffold import labels, leaks, remarks, roles, schedule, shares, trends
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import NONE, Wishes
from mainline.scaffold.plan import Plan
from mainline.scaffold.schedule import Schedule
from mainline.scaffold.table import Table
from mainline.text import count


def infer(table: Table, label: str, wishes: Wishes) -> Plan:
    """Decide what every column of a table is for.

    Raises:
        TableError: when a named column is not there, or nothing can be learned from the table.
    """
    _check_names(table, label, wishes)
    table = replace(table, columns=schedule.dated(table.columns, wishes) if wishes.time != label else table.columns)
    target = labels.infer(table.columns[label], wishes)
    codes = target.codes(table.columns[label])
    rest = {name: column for name, column in table.columns.items() if name not in (label, *wishes.drop)}
    time, of_time = schedule.infer(rest, wishes, ~np.isnan(codes))
    used = set(time.parts) if time else set()
    key, key_sure = _chosen(wishes.key, roles.key_of({name: rest[name] for name in rest if name not in used}))
    group, group_sure = _chosen(wishes.group, roles.group_of(rest, key))
    out = dict(table.left_out) | dict.fromkeys(wishes.drop, "you dropped it")
    _check_wishes(rest, wishes, time)
    features: dict[str, Column] = {}
    for name, column in rest.items():
        reason = _reason(name, column, key, group, time)
        if reason and (name not in wishes.keep or column.is_far):
            out[name] = reason
        elif not (time and name in time.parts and column.kind == "time"):
            features[name] = column
    found = leaks.suspects(features, codes)
    suspected = {name: reason for name, reason in found.items() if name not in wishes.keep}
    kept = tuple(name for name in features if name not in suspected)
    if not kept and not time:
        raise TableError(
            f"no column is left to predict '{label}' from: {_listed(out | suspected)}. Keep one: --keep COLUMN."
        )
    of_year = not kept or (time is not None and time.name in wishes.keep)
    plan = Plan(table, label, target, key, group, time, None, kept, out | suspected, tuple(suspected), (), of_year)
    if time is None:
        alike = [plan.columns[name].values for name in plan.split_by]
        plan = replace(plan, shares=shares.infer(alike, codes, target.task != "regression", plan.unit))
    keys = [remarks.of_key(plan, wishes, key_sure), *remarks.of_group(plan, wishes, group_sure)]
    return replace(
        plan,
        findings=(
            *remarks.of_table(plan),
            *target.findings,
            *of_time,
            *keys,
            *remarks.of_columns(plan, found),
            *remarks.of_shares(plan),
            *remarks.of_gate(plan),
        ),
    )


def _check_names(table: Table, label: str, wishes: Wishes) -> None:
    if label in wishes.named():
        raise TableError(f"'{label}' is the label, which is all that it can be; name another column for the option.")
    known = {*table.columns, *table.left_out}
    for name in (label, *wishes.named()):
        if name not in known:
            raise TableError(f"{table.files[0]} has no column '{name}'; {nearest(name, known)[:300]}")
    if label in table.left_out:
        raise TableError(f"the label '{label}' cannot be predicted: {table.left_out[label]}.")


def _check_wishes(columns: Mapping[str, Column], wishes: Wishes, time: Schedule | None) -> None:
    """Refuse to keep a date that is not the time of the row, and a group of which some rows are not."""
    for name in wishes.keep:
        if name in columns and columns[name].kind == "time" and not (time and name in time.parts):
            raise TableError(
                f"'{name}' is a date, and only the time of a row can be one (--time COLUMN). Write it into the table "
                "as a number, such as a year or days until then, or leave it out."
            )
    group = columns.get(wishes.group or "")
    if group is not None and group.missing:
        absent = count(group.missing, "row")
        raise TableError(f"'{group.name}' is missing in {absent}, and each row needs its group; fill it in.")


def _chosen(wish: str | None, found: tuple[str, bool]) -> tuple[str, bool]:
    if wish is None:
        return found
    return ("" if wish == NONE else wish), True


def _reason(name: str, column: Column, key: str, group: str, time: Schedule | None) -> str:
    if key and name == key:
        return "it tells the rows apart"
    if group and name == group:
        return "it names the entity, whose rows stay together"
    if time and name in time.parts:
        return _of_part(name, time) if time.is_put_together else ""
    reason = roles.left_out(column)
    if not reason and time and trends.follows(column, time.values):
        return f"it only grows or falls with time: {trends.REASON}"
    return reason


def _of_part(name: str, time: Schedule) -> str:
    """Leave out year and day, of which a model would learn no more than the periods; hour and month repeat."""
    return "" if name == time.parts[-1] and len(time.parts) in (2, 4) else "it is a part of the time"


def _listed(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"'{name}': {reason}" for name, reason in list(reasons.items())[:3])
