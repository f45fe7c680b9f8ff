"""The lines of the plan that are about table, columns, split and gate: what was found, and how sure that is."""

from collections.abc import Mapping
from shlex import quote

import numpy as np

from mainline.declared.monitoring import Support
from mainline.scaffold import readings, roles, time_columns, trends
from mainline.scaffold.findings import Finding, Wishes
from mainline.scaffold.outline import derived
from mainline.scaffold.plan import Plan
from mainline.scaffold.schedule import Schedule
from mainline.text import count, few, width

WEAK = 1000
"""Test rows below which the gate tells only large differences apart."""

_ROOM = 32
"""Columns of a terminal that names may take in a line that says something else of them, too."""

BY_HEART = 0.5
"""Features for each row from which on a model learns single rows, and what they have in common no better."""


def of_table(plan: Plan) -> list[Finding]:
    """Say how large the table is, how it is written, and what is missing in it."""
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
    found += readings.of_cells(plan)
    absent = table.rows - plan.labelled
    if absent:
        found.append(Finding("label", f"missing in {count(absent, 'row')}, not learned from"))
    return found


def of_key(plan: Plan, wishes: Wishes, is_named: bool) -> Finding:
    """Say which column tells the rows apart."""
    sure = "told" if wishes.key else ("sure" if is_named else "unsure")
    if not plan.key:
        none = f"none: {_of_time(plan.time) or 'no column'} tells the rows apart"
        return Finding("key", none, "told" if wishes.key else "likely", "--key COLUMN")
    return Finding(
        "key",
        f"'{plan.key}': sent and kept, never a feature",
        "told" if wishes.key else "likely" if sure == "unsure" else "sure",
        "--key COLUMN, --key none",
    )


def _of_time(time: Schedule | None) -> str:
    """Name the time if no two rows have the same; '' otherwise."""
    known = time.values[time.is_known] if time else np.array([])
    return f"'{time.name}'" if time and len(np.unique(known)) == len(known) else ""


def of_group(plan: Plan, wishes: Wishes, is_entity: bool) -> list[Finding]:
    """Say whose rows are never split, if rows have an entity."""
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


def of_columns(plan: Plan, suspects: Mapping[str, str]) -> list[Finding]:
    """Say which columns are features, which are left out, and which may be leaks."""
    of_time = f", and {_of_clock(plan.time)} of '{plan.time.name}'" if plan.time and derived(plan) else ""
    kinds = ((len(plan.numbers), "number"), (len(plan.texts), "text"))
    many = ", ".join(count(number, noun) for number, noun in kinds if number)
    found = [Finding("features", f"{many}{of_time}", "likely", "--drop COLUMN")]
    if plan.time and not many:
        alone = f"only {_of_clock(plan.time)} of '{plan.time.name}'; past values are features of src/usecase/tables.py"
        found = [Finding("features", alone, "unsure")]
    if len(plan.features) > BY_HEART * plan.labelled:
        said = (
            f"{count(len(plan.features), 'column')} for {count(plan.labelled, 'row')}: a model may learn rows by heart"
        )
        found.append(Finding("features", said, "sure", "`./mainline tune`, once it runs"))
    found += _of_years(plan)
    roles_told = {plan.key, plan.group, *(plan.time.parts if plan.time else ())}
    rest = {name: why for name, why in plan.left_out.items() if name not in roles_told and name not in plan.suspects}
    for reason, names in by_reason(rest).items():
        found.append(Finding("left out", f"{quoted(names)}: {reason}", "likely", "--keep COLUMN"))
    return found + _of_leaks(plan, suspects)


def _of_years(plan: Plan) -> list[Finding]:
    """Say of a year, which only grows, whether it is a feature."""
    if plan.time and plan.time.grain == "year" and not plan.takes_year:
        name = plan.time.name
        year = f"the year of '{name}': {trends.REASON}"
        return [Finding("left out", year, "likely", f"--keep {quote(name)}")]
    years = [] if plan.time else [name for name in plan.numbers if time_columns.is_year(plan.columns[name])]
    said = f"holds years, which only grow: {trends.REASON}"
    return [Finding("features", f"'{name}' {said}", "likely", f"--drop {quote(name)}") for name in years]


def _of_leaks(plan: Plan, suspects: Mapping[str, str]) -> list[Finding]:
    """Say which columns seem to say the label; those that say it together are one line."""
    found = []
    for reason, names in by_reason(suspects).items():
        for kept in (False, True):
            these = [name for name in names if (name not in plan.suspects) is kept]
            if these:
                said = (
                    f"{quoted(these)} {'is' if len(these) == 1 else 'are'} {'kept' if kept else 'left out'}: {reason}"
                )
                found.append(Finding("leak?", said, "told" if kept else "unsure", "--keep COLUMN"))
    return found


def by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the columns of each reason."""
    found: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        found.setdefault(reason, []).append(name)
    return found


def _of_clock(time: Schedule) -> str:
    """Name what is made of the time: the weekday, and the hour if there is one that is not a column."""
    if time.is_weekly:
        return "the month"
    if time.is_put_together or time.grain == "day":
        return "the weekday"
    return "the weekday and hour" if time.grain == "minute" else f"the {time.grain}"


def of_shares(plan: Plan) -> list[Finding]:
    """Say how the rows are split, if they are much alike or the usual share would leave a side empty."""
    if plan.shares is None or (plan.shares.is_usual and plan.shares.units * 2 > plan.labelled):
        return []
    split = f"{count(plan.shares.units, plan.unit)}: {plan.shares.share:.0%} validate and {plan.shares.share:.0%} test"
    rest = {name: column for name, column in plan.columns.items() if name != plan.label}
    different = next((name for name, column in rest.items() if roles.tells_apart(column)), "COLUMN")
    option = "--group none" if plan.group else f"--key {quote(different)}"
    return [Finding("split", f"{split}; what is alike stays on one side", "likely", option)]


def of_gate(plan: Plan) -> list[Finding]:
    """Say how many rows test, and what they tell apart: what is alike counts once."""
    rows = plan.rows_of_test
    units = plan.units_of_test
    test = count(rows, "row") + (f" of {count(units, plan.unit)}" if units < rows else "")
    if units >= WEAK:
        return [Finding("test", test)]
    least = f"{2 / np.sqrt(units):.0%}"
    return [Finding("test", f"{test}: a weak gate sees only differences beyond some {least}")]


def of_monitoring(plan: Plan) -> list[Finding]:
    """Say that a day has too few rows for `./mainline monitor`, if the table has days of production's kind."""
    if plan.time is None:
        return []
    _, rows = np.unique(plan.time.values[plan.time.is_known].astype("datetime64[D]"), return_counts=True)
    usual, least = int(np.median(rows)), Support().min_rows
    if usual >= least:
        return []
    said = f"a day has {count(usual, 'row')}, and {least} are needed: lower each min_rows in deploy/"
    return [Finding("monitor", said, "likely")]


def quoted(names: list[str]) -> str:
    """Name the first few columns in quotation marks, as many as leave room for the reason, and count the others."""
    marked = [f"'{name}'" for name in names]
    lengths = np.cumsum([width(name) for name in marked])
    return few(marked, max(1, int((lengths[:4] <= _ROOM).sum())))
