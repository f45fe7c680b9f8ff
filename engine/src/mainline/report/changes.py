"""What a pull request changed: parameters, data, features and code."""

from mainline.gate.findings import Change, Experiment, Findings
from mainline.report.blocks import Block, Bullets, Code, Difference, Fold, Line, Names, Paragraph, Prose, Section, Table
from mainline.report.figures import UNKNOWN, interval, number
from mainline.text import count

VISIBLE = 10
"""Rows of a table that are shown without a click."""
LUCK = " Who picks the best of several picks luck too; the checks above are on rows that no choice has seen."


def describe_changes(findings: Findings) -> Section:
    """Say what differs from production, or what a first release declares."""
    before, after = ("before", "now") if findings.first_release else ("production", "candidate")
    blocks: list[Block] = []
    for name, changed in (("parameter", findings.parameters), ("data", findings.data)):
        blocks += _table(name, changed, (name, before, after))
    lists = _lists(findings)
    blocks += [Bullets(lists)] if lists else []
    if not blocks and not findings.first_release:
        blocks = [Paragraph(("Nothing declared: parameters, data, features and code are production's.",))]
    return Section("what changed", "What changed", (*blocks, *_experiments(findings)))


def tabulate(changes: list[Change], head: tuple[str, str, str]) -> Table:
    """Set what was declared before beside what is declared now."""
    rows = tuple(((Code(change.key),), (Code(change.before),), (Code(change.after),)) for change in changes)
    return Table(head, rows)


def _table(name: str, changed: list[Change], head: tuple[str, str, str]) -> list[Block]:
    if not changed:
        return []
    table = tabulate(changed, head)
    if len(changed) <= VISIBLE:
        return [table]
    what = f"{len(changed)} changes of {'data' if name == 'data' else 'parameters'}"
    return [Fold(what, what, (table,))]


def _lists(findings: Findings) -> tuple[Line, ...]:
    named = (
        ("Features added: ", findings.features_added),
        ("Features removed: ", findings.features_removed),
        (f"Code of the model, {count(len(findings.code), 'file')}: ", findings.code),
    )
    return tuple((title, Names(tuple(names))) for title, names in named if names)


def _experiments(findings: Findings) -> list[Block]:
    """Tabulate the experiments that came with the candidate, and say which of them it is."""
    tried = findings.experiments
    if not tried:
        return []
    chosen = [one.name for one in tried if one.is_candidate]
    which: Line = ("The candidate is ", Code(chosen[0]), ".") if chosen else ("The candidate is none of these models.",)
    said: Line = (
        Code(tried[0].metric), " on the validation rows, against the commit that they began from, ",
        Code(tried[0].base), "; a difference below zero is better. ", *which, LUCK,
    )  # fmt: skip
    rows = tuple(
        (
            (Code(one.name), " (candidate)") if one.is_candidate else (Code(one.name),),
            (number(one.value),),
            (Difference(one.difference, one.low, one.high),),
            (interval(one.low, one.high),),
            _what(one),
        )
        for one in tried
    )
    table = Table(("experiment", "metric", "difference", "interval", "what changed"), rows, frozenset({1, 2}))
    title = f"{count(sum(one.name != one.base for one in tried), 'experiment')} came with it"
    return [Fold("experiments", title, (Paragraph(said), table))]


def _what(one: Experiment) -> Line:
    changed: Line = (Code(one.changed),) if one.changed else ()
    note: Line = (Prose(one.note),) if one.note else ()
    return (*changed, *((": ",) if changed and note else ()), *note) or (UNKNOWN,)
