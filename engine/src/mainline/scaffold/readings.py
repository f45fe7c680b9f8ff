"""The lines of the plan that say how cells are read: what is missing, and what may be meant as numbers or times."""

from shlex import quote

from mainline.scaffold import counted_times, nearly_numbers, nearly_times, personal_columns, roles
from mainline.scaffold.dialect import line_of
from mainline.scaffold.findings import Finding
from mainline.scaffold.nearly_numbers import NearlyNumbers
from mainline.scaffold.plan import Plan
from mainline.text import count

MOST_DOUBTFUL = 5
"""Texts that may stand for missing values of which the plan speaks."""


def of_cells(plan: Plan) -> list[Finding]:
    """Say what is taken for missing, for numbers, for times and for text, where it may be something else."""
    table, found = plan.table, list[Finding]()
    markers = {name: column.markers for name, column in table.columns.items() if column.markers}
    for name, marks in list(markers.items())[:3]:
        found.append(Finding("missing", f"{', '.join(map(repr, marks))} in '{name}' is taken for missing", "likely"))
    for name, column in table.columns.items():
        if column.sign:
            said = f"'{name}' holds numbers: the '{column.sign}' beside each is left out, and 12 {column.sign} is 12"
            found.append(Finding("numbers", said, "likely"))
        if column.declared:
            said = " and ".join(map(repr, column.declared))
            found.append(Finding("missing", f"{said} in '{name}' stands for no value", "told"))
    found += [
        Finding("dates?", nearly_times.summarise(name, column.times), "unsure", nearly_times.option(name, column.times))
        for name, column in table.columns.items()
        if column.times
    ]
    found += [
        Finding("dates?", said, "unsure", counted_times.option(column))
        for column in table.columns.values()
        if (said := counted_times.summarise(column))
    ]
    return found + _of_mixed(plan) + _of_doubtful(plan)


def _of_mixed(plan: Plan) -> list[Finding]:
    """Say which columns are text for what stands among numbers, and the line if it is one cell."""
    found = []
    for name, nearly in _mixed(plan).items():
        names_rows = name in (plan.key, plan.group)
        line = 0
        if plan.table.dialect and len(plan.table.files) == 1 and sum(nearly.others.values()) == 1:
            line = line_of(plan.table.files[0], plan.table.dialect, name, next(iter(nearly.others)))
        said = nearly_numbers.summarise(name, nearly, line, private=bool(personal_columns.by_name(name, names_rows)))
        option = nearly_numbers.IN_FILE if names_rows else nearly_numbers.option(name, nearly)
        found.append(Finding("numbers?", said, "unsure", option))
    return found


def _mixed(plan: Plan) -> dict[str, NearlyNumbers]:
    """Return the columns that may be numbers; a key of letters and digits is none, nor are the data of a person."""
    found = {name: column.numbers for name, column in plan.columns.items() if column.numbers}
    return {
        name: nearly for name, nearly in found.items()
        if (nearly.stray if name in (plan.key, plan.group) else nearly.is_mixed)
        and not roles.is_unnamed(name) and not personal_columns.by_name(name, False)
    }  # fmt: skip


def _of_doubtful(plan: Plan) -> list[Finding]:
    """Say which texts are taken for what they say, though they may stand for missing values."""
    mixed = _mixed(plan)
    return [
        Finding(
            "text",
            f"'{text}' in '{name}' is a value ({count(rows, 'row')}), and not a missing one",
            "unsure",
            f"--missing {quote(name)} {quote(text)}",
        )
        for name, text, rows in [each for each in plan.doubtful if each[0] not in mixed][:MOST_DOUBTFUL]
    ]
