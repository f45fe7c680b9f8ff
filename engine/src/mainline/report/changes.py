"""What a pull request changed: parameters, data, features and code."""

from mainline.gate.findings import Change, Findings
from mainline.report.blocks import Block, Bullets, Code, Fold, Line, Names, Paragraph, Section, Table
from mainline.text import count

VISIBLE = 10
"""Rows of a table that are shown without a click."""


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
    return Section("what changed", "What changed", tuple(blocks))


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
