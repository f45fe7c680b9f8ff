"""What a table means: what is predicted from what, and what is left out until a person decides."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from shlex import quote

import numpy as np

from mainline.contract import Array
from mainline.errors import nearest
from mainline.scaffold import labels, leaks, moments, roles, schedule, shares
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import NONE, Finding, Wishes
from mainline.scaffold.labels import Label
from mainline.scaffold.schedule import Schedule
from mainline.scaffold.shares import Shares
from mainline.scaffold.table import Table
from mainline.text import count

WEAK = 1000
"""Test rows below which the gate tells only large differences apart."""

MOST_DOUBTFUL = 5
"""Texts that may stand for missing values of which the plan speaks."""


@dataclass(frozen=True)
class Plan:
    """All that the files say of a table."""

    table: Table
    label: str
    target: Label
    key: str
    group: str
    time: Schedule | None
    shares: Shares | None
    """How rows without time are split; None if they have a time."""
    features: tuple[str, ...]
    left_out: dict[str, str]
    """Columns that are no features, with the reason."""
    suspects: tuple[str, ...]
    """Those of them that say the label."""
    findings: tuple[Finding, ...]

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns of the table."""
        return self.table.columns

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that are numbers."""
        return tuple(name for name in self.features if self.columns[name].is_number)

    @property
    def texts(self) -> tuple[str, ...]:
        """The features that are text."""
        return tuple(name for name in self.features if not self.columns[name].is_number)

    @property
    def codes(self) -> Array:
        """The label as numbers, NaN where it is missing, shape (n,)."""
        return self.target.codes(self.columns[self.label])

    @property
    def labelled(self) -> int:
        """How many rows have a label."""
        return int((~np.isnan(self.codes)).sum())

    @property
    def rows_of_first_file(self) -> int:
        """How many rows the first file has."""
        return self.table.rows_by_file[0]

    @property
    def rows_of_test(self) -> int:
        """How many rows test."""
        return self.time.rows_of_test if self.time else self.shares.rows_of_test if self.shares else 0

    @property
    def different(self) -> int:
        """How many rows there are to learn from, if rows of one request count once."""
        return self.shares.units if self.shares and not self.group else self.labelled

    @property
    def units_of_test(self) -> int:
        """How many rows test, if what is alike counts once."""
        return self.shares.units_of_test if self.shares else self.rows_of_test

    @property
    def split_by(self) -> tuple[str, ...]:
        """The columns of which rows that are alike stay on one side, if the data has no time."""
        return (self.group,) if self.group else (self.key,) if self.key else self.features

    @property
    def doubtful(self) -> list[tuple[str, str, int]]:
        """Texts of label and features that may stand for missing values: the column, the text, and its rows."""
        names = (self.label, *self.features)
        return [(name, text, rows) for name in names for text, rows in self.columns[name].doubtful.items()]

    @property
    def unit(self) -> str:
        """What is split, in words."""
        return "group" if self.group else "key" if self.key else "different request"


def infer(table: Table, label: str, wishes: Wishes) -> Plan:
    """Decide what every column of a table is for.

    Raises:
        TableError: when a named column is not there, or nothing can be learned from the table.
    """
    _check_names(table, label, wishes)
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
    plan = Plan(table, label, target, key, group, time, None, kept, out | suspected, tuple(suspected), ())
    if time is None:
        alike = [plan.columns[name].values for name in plan.split_by]
        plan = replace(plan, shares=shares.infer(alike, codes, target.task != "regression", plan.unit))
    keys = [_of_key(plan, wishes, key_sure), *_of_group(plan, wishes, group_sure)]
    return replace(
        plan,
        findings=(
            *_of_table(plan),
            *target.findings,
            *of_time,
            *keys,
            *_of_columns(plan, found),
            *_of_shares(plan),
            *_of_gate(plan),
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
    return roles.left_out(column)


def _of_part(name: str, time: Schedule) -> str:
    """Leave out year and day, of which a model would learn no more than the periods; hour and month repeat."""
    return "" if name == time.parts[-1] and len(time.parts) in (2, 4) else "it is a part of the time"


def _of_table(plan: Plan) -> list[Finding]:
    table = plan.table
    size = f"{count(table.rows, 'row')}, {count(len(table.columns) + len(table.left_out), 'column')}"
    written = table.dialect.describe() if table.dialect else "Parquet"
    option = "--encoding, --delimiter, --decimal" if table.dialect else ""
    sure = "likely" if table.dialect and not table.dialect.is_plain else "sure"
    found = [Finding("table", size), Finding("written as", written, "likely" if sure == "likely" else "sure", option)]
    if table.duplicates:
        found.append(
            Finding(
                "duplicates",
                f"{count(table.duplicates, 'repetition')} of other rows; all stay, on one side of the split",
            )
        )
    markers = {name: column.markers for name, column in table.columns.items() if column.markers}
    for name, marks in list(markers.items())[:3]:
        found.append(Finding("missing", f"{' and '.join(map(repr, marks))} in '{name}' is taken for missing", "likely"))
    for name, column in table.columns.items():
        if column.declared:
            said = " and ".join(map(repr, column.declared))
            found.append(Finding("missing", f"{said} in '{name}' stands for no value", "told"))
    found += _of_doubtful(plan)
    absent = table.rows - plan.labelled
    if absent:
        found.append(Finding("label", f"missing in {count(absent, 'row')}, not learned from"))
    return found


def _of_doubtful(plan: Plan) -> list[Finding]:
    """Say which texts are taken for what they say, though they may stand for missing values."""
    return [
        Finding(
            "text",
            f"'{text}' in '{name}' is a value ({count(rows, 'row')}), and not a missing one",
            "unsure",
            f"--missing {quote(name)} {quote(text)}",
        )
        for name, text, rows in plan.doubtful[:MOST_DOUBTFUL]
    ]


def _of_key(plan: Plan, wishes: Wishes, is_named: bool) -> Finding:
    sure = "told" if wishes.key else ("sure" if is_named else "unsure")
    if not plan.key:
        return Finding(
            "key", "none: no column tells the rows apart", "told" if wishes.key else "likely", "--key COLUMN"
        )
    return Finding(
        "key",
        f"'{plan.key}': sent and kept, never a feature",
        "told" if wishes.key else "likely" if sure == "unsure" else "sure",
        "--key COLUMN, --key none",
    )


def _of_group(plan: Plan, wishes: Wishes, is_entity: bool) -> list[Finding]:
    if not plan.group:
        return []
    entities = plan.columns[plan.group].distinct
    each = f"'{plan.group}': {count(entities, 'entity')}, {plan.table.rows / entities:.1f} rows of each, never split"
    return [
        Finding(
            "group",
            each,
            "told" if wishes.group else "likely" if is_entity else "unsure",
            "--group COLUMN, --group none",
        )
    ]


def _of_columns(plan: Plan, suspects: Mapping[str, str]) -> list[Finding]:
    of_time = f", and {_of_clock(plan.time)} of '{plan.time.name}'" if plan.time else ""
    kinds = ((len(plan.numbers), "number"), (len(plan.texts), "text"))
    many = ", ".join(count(number, noun) for number, noun in kinds if number)
    found = [Finding("features", f"{many}{of_time}", "likely", "--drop COLUMN")]
    if plan.time and not many:
        alone = f"only {_of_clock(plan.time)} of '{plan.time.name}'; past values are features of src/usecase/tables.py"
        found = [Finding("features", alone, "unsure")]
    roles_told = {plan.key, plan.group, *(plan.time.parts if plan.time else ())}
    reasons: dict[str, list[str]] = {}
    for name, reason in plan.left_out.items():
        if name not in roles_told and name not in plan.suspects:
            reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        found.append(Finding("left out", f"{_names(names)}: {reason}", "likely", "--keep COLUMN"))
    for name, reason in suspects.items():
        kept = name not in plan.suspects
        found.append(
            Finding(
                "leak?",
                f"'{name}' {'is kept' if kept else 'is left out'}: {reason}",
                "told" if kept else "unsure",
                "--keep COLUMN",
            )
        )
    return found


def _of_clock(time: Schedule) -> str:
    """Name what is made of the time: the weekday, and the hour if there is one that is no column."""
    return "the weekday" if time.is_put_together or moments.is_midnight(time.values) else "the weekday and hour"


def _of_shares(plan: Plan) -> list[Finding]:
    """Say how the rows are split, if they are much alike or the usual share would leave a side empty."""
    if plan.shares is None or (plan.shares.is_usual and plan.shares.units * 2 > plan.labelled):
        return []
    split = f"{count(plan.shares.units, plan.unit)}: {plan.shares.share:.0%} validate and {plan.shares.share:.0%} test"
    rest = {name: column for name, column in plan.columns.items() if name != plan.label}
    different = next((name for name, column in rest.items() if roles.tells_apart(column)), "COLUMN")
    option = "--group none" if plan.group else f"--key {quote(different)}"
    return [Finding("split", f"{split}; what is alike stays on one side", "likely", option)]


def _of_gate(plan: Plan) -> list[Finding]:
    """Say how many rows test, and what they tell apart: what is alike counts once."""
    rows = plan.rows_of_test
    units = plan.units_of_test
    test = count(rows, "row") + (f" of {count(units, plan.unit)}" if units < rows else "")
    if units >= WEAK:
        return [Finding("test", test)]
    least = f"{2 / np.sqrt(units):.0%}"
    return [Finding("test", f"{test}: a weak gate sees only differences beyond some {least}")]


def _names(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def _listed(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"'{name}': {reason}" for name, reason in list(reasons.items())[:3])
