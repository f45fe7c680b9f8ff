"""`src/usecase/features.py` and `scoring.py`: from a request to features, and to the segments that are reported."""

from mainline.clocks import name_of
from mainline.scaffold import bounds
from mainline.scaffold.code import WIDTH, call, fill, literal, marked, names, plain
from mainline.scaffold.outline import derived, events
from mainline.scaffold.plan import Plan
from mainline.text import width

_FEW = 12
"""Values of a text up to which each is a segment."""
SHORT = 50
"""Letters of a name up to which it names segments."""
_ANSWERS = {
    "classification": "the probability of the second class as the classifier gives it, shape (n,)",
    "multiclass": "the probability of each class as the classifier gives it, shape (n, classes)",
}
_CONSTANTS = """
DAY = 1440  # minutes
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
"""
_SKEWED = "    # inferred: the label is skewed. To fit ratios: np.log1p(label) here, np.expm1(raw) in `respond`.\n"


def features(plan: Plan) -> str:
    """Return the text of `features.py`."""
    return fill(
        "usecase/features.py",
        {
            "row": f"one row of {events(plan)}",
            "numpy": "import numpy as np\n" if plan.numbers or derived(plan) else "",
            "names": "\n".join(_names(plan)), "clock": _clock(plan),
            "body": "\n".join(_body(plan)),
        },
    )  # fmt: skip


def scoring(plan: Plan) -> str:
    """Return the text of `scoring.py`."""
    segments = "\n".join(_segments(plan))
    label = plain(plan.label)
    return fill(
        "usecase/scoring.py",
        {
            "numpy": "import numpy as np\n" if "np." in segments else "",
            "skewed": _SKEWED if plan.target.is_skewed else "",
            "answer": _ANSWERS.get(plan.target.task, f"{label} as the estimator gives it, shape (n,)"),
            "segments": segments,
        },
    )  # fmt: skip


def _names(plan: Plan) -> list[str]:
    lines = [names("CATEGORICAL", plan.texts) if plan.texts else "CATEGORICAL: tuple[str, ...] = ()"]
    if derived(plan) and plan.numbers:
        computed = call("NUMERIC = ", ["*SENT", *map(literal, derived(plan))], tail="")
        return [*lines, names("SENT", plan.numbers), computed]
    numeric = (*plan.numbers, *derived(plan))
    return [*lines, names("NUMERIC", numeric) if numeric else "NUMERIC: tuple[str, ...] = ()"]


def _clock(plan: Plan) -> str:
    if plan.time is None:
        return ""
    constants = _CONSTANTS if any("DAY" in formula for formula in derived(plan).values()) else ""
    return fill(
        "usecase/clock", {"constants": constants, "read": marked(f"    return columns[{literal(plan.time.name)}]")}
    )


def _body(plan: Plan) -> list[str]:
    """Write the conversion of the request's columns, and what is computed from the time."""
    lines = []
    values = "{name: np.asarray(columns[name], dtype=np.float32) for name in NUMERIC}"
    if derived(plan):
        sent = "{name: columns[name] for name in SENT} | " if plan.numbers else ""
        own = [marked(f"        {literal(name)}: {formula},") for name, formula in derived(plan).items()]
        local = plan.time is not None and plan.time.is_local
        when = f"columns[{literal(name_of(plan.time.name))}]" if plan.time and local else "prediction_time(columns)"
        lines += [marked(f"    when = {when}"), f"    numeric = {sent}{{", *own, "    }"]
        values = "{name: np.asarray(values, dtype=np.float32) for name, values in numeric.items()}"
    if not plan.texts:
        return [*lines, f"    return {values}"]
    if not plan.numbers and not derived(plan):
        return ["    return {name: columns[name] for name in CATEGORICAL}"]
    return [*lines, f"    rounded = {values}", "    return rounded | {name: columns[name] for name in CATEGORICAL}"]


def _segments(plan: Plan) -> list[str]:
    """Segment by up to two texts of few values, or else by thirds of the number that says most of the label."""
    few = [name for name in plan.texts if 2 <= plan.columns[name].distinct <= _FEW and len(name) <= SHORT]
    texts = [literal(name) for name in few[:2]]
    if texts:
        items = [f"{name}: columns[{name}]" for name in texts]
        whole = f"    return {{{', '.join(items)}}}"
        return [whole] if width(whole) <= WIDTH else ["    return {", *(f"        {item}," for item in items), "    }"]
    chosen, cuts = bounds.thirds(plan, SHORT)
    if not chosen:
        return ["    return {}"]
    name = literal(chosen)
    lines = [
        f"    third = np.digitize(columns[{name}], {list(cuts)})  # inferred: a third of the rows each",
        '    segment = np.array(["low", "middle", "high"])[third]',
    ]
    if plan.columns[chosen].missing:
        lines.append(f'    segment = np.where(np.isnan(columns[{name}]), "missing", segment)')
    return [*lines, f"    return {{{name}: segment}}"]
