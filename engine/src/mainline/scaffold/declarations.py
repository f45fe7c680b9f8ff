"""`src/usecase/schema.py` and `interface.py`: what a row may hold, and what a client sends and gets."""

import numpy as np

from mainline.scaffold import bounds, personal_columns
from mainline.scaffold.code import WIDTH, call, fill, literal, marked, slug
from mainline.scaffold.outline import constant, events, example, is_time, request, response, stored
from mainline.scaffold.plan import Plan
from mainline.text import width

DTYPES = {"number": "float64", "integer": "int64", "text": "str", "time": "datetime64[ms, UTC]"}


def schema(plan: Plan) -> str:
    """Return the text of `schema.py`."""
    columns = [_column(plan, name) for name in stored(plan)]
    label = marked(f"    label = events[{literal(plan.label)}]")
    absent = 'label == ""' if plan.columns[plan.label].kind == "text" else "label.isna()"
    may_lack = plan.time is not None or plan.columns[plan.label].missing > 0  # labels of the newest rows come later
    unlabelled = fill("usecase/unlabelled", {"label": label, "absent": absent}) if may_lack else ""
    checked = any("Check." in column for column in columns)
    return fill(
        "usecase/schema.py",
        {
            "checks": "Check, Column, DataFrameSchema" if checked else "Column, DataFrameSchema",
            "events": literal(events(plan)), "constant": constant(plan), "columns": "\n".join(columns),
            "pandas": "import pandas as pd\n" if unlabelled else "", "unlabelled": unlabelled,
        },
    )  # fmt: skip


def interface(plan: Plan) -> str:
    """Return the text of `interface.py`."""
    given = example(plan)
    key = tuple(name for name in (plan.time.name if plan.time else "", plan.key) if name)
    declared = [f"NAME = {literal(slug(plan.label, 'model'))}", f"TASK: Task = {literal(plan.target.task)}"]
    declared += [_classes(plan)] if plan.target.needs_classes else []
    declared += [f"LABEL = {literal(plan.label)}", f"KEY{'' if key else ': tuple[str, ...]'} = {literal(key)}"]
    if plan.group:
        declared.append(f"GROUP = {literal(plan.group)}  # inferred: the rows of one are never split")
    return fill(
        "usecase/interface.py",
        {
            "row": f"one row of {events(plan)}", "response": response(plan),
            "declared": "\n".join(map(marked, declared)),
            "request": _request([_field(plan, name, given[name]) for name in request(plan)]),
            "answer": _answer(plan), "banned": "\n".join(_banned(plan)),
            "personal": personal_columns.proposal(plan),
        },
    )  # fmt: skip


def _request(fields: list[str]) -> str:
    """Write the fields below each other; a single one on the line itself if it fits, as formatters have it."""
    alone = f"REQUEST = ({fields[0].strip()})"
    if len(fields) == 1 and "\n" not in alone and width(alone) <= WIDTH:
        return alone
    return "\n".join(["REQUEST = (", *fields, ")"])


def _column(plan: Plan, name: str) -> str:
    if is_time(plan, name):
        local = plan.time is not None and plan.time.is_local
        return call(f"{literal(name)}: Column", [literal("datetime64[ms]" if local else DTYPES["time"])], 8)
    column = plan.columns[name]
    given = [literal(DTYPES[column.kind])]
    if name == plan.label and plan.target.classes:
        absent = ("",) if column.kind == "text" and column.missing else ()
        given.append(f"Check.isin([{', '.join(map(literal, (*plan.target.classes, *absent)))}])")
    elif column.is_number and name not in (plan.key, plan.group):
        given.append(f"Check.in_range({', '.join(map(literal, bounds.outer(column)))})")
    given += ["nullable=True"] if column.is_number and column.missing else []
    given += ["unique=True"] if name == plan.key and column.distinct == len(column.values) else []
    return call(f"{literal(name)}: Column", given, 8)


def _classes(plan: Plan) -> str:
    comment = "  # the probability of the second one is predicted" if plan.target.task == "classification" else ""
    if comment:
        return f"CLASSES = {literal(plan.target.classes)}{comment}"
    return call("CLASSES = ", [literal(value) for value in plan.target.classes], tail="")


def _field(plan: Plan, name: str, value: str | float) -> str:
    if is_time(plan, name):
        local = plan.time is not None and plan.time.is_local
        said = '"When the row is"' if local else '"When the row is (UTC)"'
        zone = [f"zone={literal(plan.time.zone)}"] if plan.time is not None and local else []
        return call("Field", [literal(name), '"time"', said, literal(value), *zone], 4)
    column = plan.columns[name]
    kind = "string" if column.kind == "text" else column.kind
    given = [literal(name), literal(kind), literal(_described(name)), literal(value)]
    if column.is_number and name != plan.key:
        low, high = bounds.outer(column)
        given += [f"minimum={literal(low)}", f"maximum={literal(high)}"]
    given += [f"unit={literal(column.sign)}"] if column.sign else []
    given += ["optional=True"] if column.missing else []
    return call("Field", given, 4)


def _described(name: str) -> str:
    """Return a name as words, since nothing else is known of it."""
    words = " ".join(name.replace("_", " ").split())
    return f"{words[:1].upper()}{words[1:]}"


def _answer(plan: Plan) -> str:
    label, classes = literal(plan.label), plan.target.classes
    if plan.target.task == "multiclass":
        kind = "string" if isinstance(classes[0], str) else "integer"
        given = [label, literal(kind), literal(f"Most probable class of {plan.label}"), literal(classes[0])]
    elif plan.target.task == "classification":
        given = [label, '"number"', literal(f"Probability that {plan.label} is {classes[1]}"), "0.5"]
        given += ["minimum=0", "maximum=1"]
    else:
        typical = float(f"{np.median(plan.columns[plan.label].present):.4g}")
        given = [label, '"number"', literal(_described(plan.label)), literal(typical)]
    return call("RESPONSE = Field", given, 0, "")


def _banned(plan: Plan) -> list[str]:
    reasons = {plan.label: "it is the label"}
    reasons |= {plan.key: "it tells the rows apart"} if plan.key else {}
    reasons |= {plan.group: "it names whose row it is"} if plan.group else {}
    lines = [marked(f"    {literal(name)}: {literal(reason)},") for name, reason in reasons.items()]
    if plan.suspects:
        lines.append(
            "    # inferred: what is known when a prediction is asked for may move to REQUEST, features.py and"
        )
        lines.append("    # params.yaml.")
    return lines + [marked(f"    {literal(name)}: {literal(plan.left_out[name])},") for name in plan.suspects]
