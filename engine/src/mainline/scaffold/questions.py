"""The few questions that matter, for a person at a terminal; each has an option that answers it before."""

from dataclasses import replace

from mainline.scaffold.findings import NONE, Wishes
from mainline.scaffold.plan import Plan
from mainline.scaffold.remarks import by_reason, quoted

_MOST_ASKED = 3


def ask(plan: Plan, wishes: Wishes) -> Wishes:
    """Return the wishes with what a person answers; Enter takes what was inferred."""
    unsure = {finding.about for finding in plan.findings if finding.sure == "unsure"}
    if "task" in unsure:
        wishes = _task(plan, wishes)
    if plan.time and wishes.time is None and not _agrees(f"Is '{plan.time.name}' when a row is predicted?"):
        return replace(wishes, time=NONE)
    if "zone" in unsure and plan.time:
        wishes = replace(wishes, zone=_answer("Which clock are the times of, such as Europe/Berlin?", plan.time.zone))
    if "group" in unsure and not _agrees(f"Must rows of one '{plan.group}' stay together?"):
        wishes = replace(wishes, group=NONE)
    wishes = replace(wishes, missing=(*wishes.missing, *_missing(plan)))
    return replace(wishes, keep=(*wishes.keep, *_known(plan)))


def _known(plan: Plan) -> list[str]:
    """Ask of what seems to say the label whether it is left out; of columns that say it together, once."""
    kept: list[str] = []
    for reason, names in by_reason({name: plan.left_out[name] for name in plan.suspects}).items():
        if not _agrees(f"{quoted(names)}: {reason}. Leave {'it' if len(names) == 1 else 'them'} out?"):
            kept += names
    return kept


def _missing(plan: Plan) -> list[tuple[str, str]]:
    """Ask of texts such as NA whether they stand for missing values; of many such nobody wants to be asked."""
    asked = plan.doubtful if len(plan.doubtful) <= _MOST_ASKED else []
    return [
        (name, text) for name, text, _ in asked if not _agrees(f"Is '{text}' in '{name}' a value, not a missing one?")
    ]


def _task(plan: Plan, wishes: Wishes) -> Wishes:
    if plan.target.task == "classification":
        return replace(wishes, positive=_answer("Which class is predicted?", str(plan.target.classes[1])))
    task = _answer("Is the label a number (regression) or a class (multiclass)?", plan.target.task)
    return replace(wishes, task=task) if task in ("regression", "multiclass") else wishes


def _answer(question: str, default: str) -> str:
    return input(f"{question} [{default}] ").strip() or default


def _agrees(question: str) -> bool:
    return not input(f"{question} [Y/n] ").strip().lower().startswith("n")
