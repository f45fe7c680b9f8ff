"""What a table means: what is predicted from what, and what is left out until a person decides."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mainline.errors import nearest
from mainline.scaffold import labels, leaks, personal_columns, remarks, roles, schedule, shares, time_columns, trends
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import NONE, Wishes
from mainline.scaffold.plan import Plan
from mainline.scaffold.schedule import Schedule
from mainline.scaffold.table import Table
from mainline.text import count


class Roles(NamedTuple):
    """Columns that name rows or entities; '' where there is none."""

    key: str
    key_is_named: bool
    """Whether its name says so, or a person does."""
    group: str
    """Whose rows stay on one side of the split."""
    group_is_named: bool
    entity: str
    """The group, or what would be one if the data had no time."""


def infer(table: Table, label: str, wishes: Wishes) -> Plan:
    """Decide what every column of a table is for.

    Raises:
        TableError: when a named column is not there, or nothing can be learned from the table.
    """
    _check_names(table, label, wishes)
    table = replace(table, columns=time_columns.dated(table.columns, wishes) if wishes.time != label else table.columns)
    target = labels.infer(table.columns[label], wishes)
    codes = target.codes(table.columns[label])
    rest = {name: column for name, column in table.columns.items() if name not in (label, *wishes.drop)}
    time, of_time = schedule.infer(rest, wishes, ~np.isnan(codes))
    _check_wishes(rest, wishes, time)
    told = _roles(rest, wishes, time)
    features, reasons = _features(rest, wishes, time, told)
    out = dict(table.left_out) | dict.fromkeys(wishes.drop, "you dropped it") | reasons
    found = leaks.suspects(features, codes, len(target.classes))
    suspected = {name: reason for name, reason in found.items() if name not in wishes.keep}
    kept = tuple(name for name in features if name not in suspected)
    if not kept and not time:
        raise TableError(
            f"no column is left to predict '{label}' from: {_listed(out | suspected)}. Keep one: --keep COLUMN."
        )
    of_year = not kept or (time is not None and time.name in wishes.keep)
    plan = Plan(
        table, label, target, told.key, told.group, time, None, kept, out | suspected, tuple(suspected), (), of_year
    )
    if time is None:
        alike = [plan.columns[name].values for name in plan.split_by]
        plan = replace(plan, shares=shares.infer(alike, codes, target.task != "regression", plan.unit))
    keys = [remarks.of_key(plan, wishes, told.key_is_named), *remarks.of_group(plan, wishes, told.group_is_named)]
    return replace(
        plan,
        findings=(
            *remarks.of_table(plan),
            *target.findings,
            *of_time,
            *keys,
            *remarks.of_columns(plan, found),
            *personal_columns.finding(plan),
            *remarks.of_shares(plan),
            *remarks.of_gate(plan),
            *remarks.of_monitoring(plan),
        ),
    )


def _roles(columns: Mapping[str, Column], wishes: Wishes, time: Schedule | None) -> Roles:
    """Tell key and group; data with time is split by time alone, and has no group."""
    used = time.parts if time else ()
    key, is_named = _chosen(wishes.key, roles.key_of({name: columns[name] for name in columns if name not in used}))
    group, is_entity = _chosen(wishes.group, roles.group_of(columns, key))
    if time:
        return Roles(key, is_named, "", False, group)
    return Roles(key, is_named, group, is_entity, group)


def _features(
    columns: Mapping[str, Column], wishes: Wishes, time: Schedule | None, told: Roles
) -> tuple[dict[str, Column], dict[str, str]]:
    """Return the columns that may be features, and of the others why they may not."""
    features: dict[str, Column] = {}
    out = {}
    for name, column in columns.items():
        reason = _reason(name, column, told, time)
        if reason and (name not in wishes.keep or column.is_far):
            out[name] = reason
        elif not (time and name in time.parts and column.kind == "time"):
            features[name] = column
    return features, out


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
    if time and wishes.group not in (None, NONE):
        raise TableError(
            f"--group {wishes.group}: data with time is split by time alone; to keep the rows of one together, say "
            "--time none."
        )
    group = columns.get(wishes.group or "")
    if group is not None and group.missing:
        absent = count(group.missing, "row")
        raise TableError(f"'{group.name}' is missing in {absent}, and each row needs its group; fill it in.")


def _chosen(wish: str | None, found: tuple[str, bool]) -> tuple[str, bool]:
    if wish is None:
        return found
    return ("" if wish == NONE else wish), True


def _reason(name: str, column: Column, told: Roles, time: Schedule | None) -> str:
    if told.key and name == told.key:
        return "it tells the rows apart"
    if told.group and name == told.group:
        return "it names the entity, whose rows stay together"
    if told.entity and name == told.entity:
        return "it names an entity; data with time is split by time alone"
    if time and name in time.parts:
        return _of_part(name, time) if time.is_put_together else ""
    return roles.left_out(column) or (trends.reason(column, time.values) if time else "")


def _of_part(name: str, time: Schedule) -> str:
    """Leave out year and day, of which a model would learn no more than the periods; hour and month repeat."""
    return "" if name == time.parts[-1] and len(time.parts) in (2, 4) else "it is a part of the time"


def _listed(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"'{name}': {reason}" for name, reason in list(reasons.items())[:3])
