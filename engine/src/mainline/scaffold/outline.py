"""What several of the written files speak of: the names of things, a request, and what is predicted."""

import re

import numpy as np

from mainline.scaffold.code import plain
from mainline.scaffold.plan import Plan
from mainline.scaffold.roles import is_unnamed
from mainline.scaffold.table import identifier

CLOCK = (("weekday", "(when // DAY + EPOCH_WEEKDAY) % 7"), ("hour", "when % DAY // 60"))
CALENDAR = {
    "year": 'when.astype("datetime64[m]").astype("datetime64[Y]").astype(int) + 1970',
    "month": 'when.astype("datetime64[m]").astype("datetime64[M]").astype(int) % 12 + 1',
}
"""Features of minutes since 1970, by what they say."""
OWN = "data/own"
"""Where the data files of a use case are."""


_TAKEN = {"EVENTS", "FILES", "LEFT_OUT", "MISSING", "MISSING_IN", "SIGNS", "STATIC", "TABLES", "ZONE"}
"""Constants of `schema.py` and `source.py`, which a file called events.csv must not give other values."""


def events(plan: Plan) -> str:
    """Name the table of the events, after the first file."""
    return identifier(plan.table.files[0].stem, "rows")


def constant(plan: Plan) -> str:
    """Name the schema of the events."""
    name = events(plan).upper()
    return f"{name}_ROWS" if name in _TAKEN else name


def own_files(plan: Plan) -> tuple[str, ...]:
    """Return where the data files are in the repository."""
    return tuple(f"{OWN}/{file.name}" for file in plan.table.files)


def request(plan: Plan) -> list[str]:
    """List what a client sends: key, time and features."""
    time = [plan.time.name] if plan.time else []
    key = [plan.key] if plan.key else []
    return list(dict.fromkeys([*key, *time, *plan.features]))


def stored(plan: Plan) -> list[str]:
    """List the columns of the events: those of the request, the group, what is suspected, and the label."""
    group = [plan.group] if plan.group else []
    return list(dict.fromkeys([*request(plan), *group, *plan.suspects, plan.label]))


def dropped(plan: Plan) -> dict[str, str]:
    """Return the columns of the files that nothing is made of, with the reason."""
    return {name: reason for name, reason in plan.left_out.items() if name not in stored(plan)}


def is_time(plan: Plan, name: str) -> bool:
    """Say whether a name is that of the time, which may be put together of other columns."""
    return plan.time is not None and name == plan.time.name


def example(plan: Plan) -> dict[str, str | float]:
    """Return a request: the row of the table that lacks least, and for what it lacks the first value that there is."""
    columns = {name: plan.columns[name] for name in request(plan) if not is_time(plan, name)}
    gaps = sum((column.is_missing.astype(int) for column in columns.values()), np.zeros(plan.table.rows, dtype=int))
    if plan.time:
        gaps = gaps + ~plan.time.is_known * (len(columns) + 1)
    row = int(np.argmin(gaps))
    found: dict[str, str | float] = {}
    for name in request(plan):
        if plan.time and is_time(plan, name):
            found[name] = f"{np.datetime_as_string(plan.time.values[row], unit='m')}:00Z"
            continue
        value = columns[name].present[0] if columns[name].is_missing[row] else columns[name].values[row]
        found[name] = value if columns[name].kind == "text" else value.item()
    return found


def derived(plan: Plan) -> dict[str, str]:
    """Return the features that are computed from the time, each with its formula: weekday and hour, or year or month.

    Times that are years all begin on the first of January, whose weekday means nothing, and months on a first day; of
    weeks the weekday is always the same, and the month says more. The year itself is left out if there are other
    features: the first year of production is beyond all that were fitted.
    """
    if plan.time is None:
        return {}
    formulas = dict(CLOCK if plan.time.grain == "minute" else [CLOCK[0]])
    if plan.time.grain == "year" and not plan.takes_year:
        return {}
    unit = "month" if plan.time.is_weekly else plan.time.grain
    if unit in CALENDAR:
        formulas = {unit: CALENDAR[unit]}
    if plan.time.is_put_together:  # the hour beside a date, or the month beside a year, is a feature by itself
        formulas = {what: formula for what, formula in formulas.items() if what not in ("hour", "month")}
    found = {f"{plan.time.name}: {what}": formula for what, formula in formulas.items()}
    return {name: formula for name, formula in found.items() if name not in plan.columns}


def response(plan: Plan) -> str:
    """Say in words what is predicted."""
    label = plain(plan.label)
    if plan.target.task == "multiclass":
        return f"the class of {label}, with the probability of each"
    if plan.target.task == "classification":
        return f"the probability that {label} is {plain(str(plan.target.classes[1]))}"
    return label


def is_plain(plan: Plan) -> bool:
    """Say whether `./mainline predict` reads a raw file by itself, without the `read` of the source."""
    if plan.time and (plan.time.is_put_together or plan.time.zone):
        return False
    columns = [plan.columns[name] for name in request(plan) if name in plan.columns]
    if any(column.declared for column in columns):
        return False
    if any(is_unnamed(column.name) for column in columns):
        return False  # a header without a name is given one by `read`
    if plan.table.dialect is None:
        return not any(column.kind == "text" and set(column.codes[1]) <= {"True", "False"} for column in columns)
    return plan.table.dialect.is_plain and not any(column.markers or column.sign for column in columns)


def shell(word: str) -> str:
    """Write a word for a shell."""
    return word if re.fullmatch(r"[\w./-]+", word) else "'" + word.replace("'", "'\\''") + "'"
