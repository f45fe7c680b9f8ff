"""The report as Markdown for a comment on GitHub, never longer than a comment may be."""

from collections.abc import Iterable
from dataclasses import replace

from mainline.gate.findings import Check, Findings
from mainline.report import charts
from mainline.report.blocks import (
    Block,
    Bullets,
    Chart,
    CheckList,
    Code,
    Commands,
    Difference,
    Document,
    Fold,
    Inline,
    Interval,
    Item,
    Items,
    Line,
    Mark,
    Matrix,
    Names,
    Paragraph,
    Prose,
    Section,
    Side,
    Strong,
    Table,
)
from mainline.report.escape import code, prose
from mainline.report.figures import UNKNOWN, cell, interval, percent
from mainline.report.sections import describe
from mainline.report.shortening import ROOM, Room, length, rooms
from mainline.text import few

WIDEST = 8
"""Classes whose confusion is shown whole."""

VERDICTS = {
    "pass": ("✅", "Pass"),
    "warn": ("⚠️", "Warning"),
    "fail": ("❌", "Fail"),
    "cannot tell": ("❔", "Cannot tell"),
}
_SIDES: dict[Side, str] = {"better": "🟢", "worse": "🔴", "neither": ""}


def render(findings: Findings) -> str:
    """Return the comment; the same findings give the same text."""
    return write(describe(findings))


def write(document: Document) -> str:
    """Return a document as Markdown that fits a comment."""
    for room in rooms():
        text = _render(document, room)
        if length(text) <= ROOM:
            break
    return text


def _render(document: Document, room: Room) -> str:
    mark, word = VERDICTS[document.verdict]
    word = document.label or word
    lines = [f"### {mark} {word}: {prose(document.headline, room.text)}", "", _line(document.lead, room)]
    for section in document.sections:
        blocks = _blocks(section, room)
        if blocks:
            lines += ["", f"#### {section.title}", "", *blocks]
    return "\n".join([*lines, *_left_out(document, room)]) + "\n"


def append(section: Section) -> str:
    """Write a section that stands below another text; '' if it has nothing to say."""
    blocks = _blocks(section, Room())
    return "\n".join(["", f"#### {section.title}", "", *blocks, ""]) if blocks else ""


def _left_out(document: Document, room: Room) -> list[str]:
    if room == Room():
        return []
    there = names(document)
    dropped = [name for name in room.left_out if name in there]
    parts = f" Left out here: {', '.join(dropped)}." if dropped else ""
    shortened = " Texts are shortened." if room.text < Room.text else ""
    return [
        "",
        "---",
        "",
        f"This report is shortened to fit a comment; all of it is in the run's artifact.{parts}{shortened}",
    ]


def names(document: Document) -> set[str]:
    """Return the names of the parts that a report has."""
    folds = {block.name for section in document.sections for block in section.blocks if isinstance(block, Fold)}
    return folds | {section.name for section in document.sections}


def _blocks(part: Section | Fold, room: Room) -> list[str]:
    """Render the blocks of a part with an empty line between them."""
    if part.name in room.left_out:
        return []
    rendered = [lines for lines in (_block(block, room) for block in part.blocks) if lines]
    return [line for index, lines in enumerate(rendered) for line in ([""] if index else []) + lines]


def _block(block: Block, room: Room) -> list[str]:
    match block:
        case Paragraph():
            return [_line(block.line, room)]
        case Bullets():
            return [f"- {_line(line, room)}" for line in block.lines]
        case Table():
            return _table(block, room)
        case Matrix():
            return _matrix(block, room)
        case CheckList():
            return [_check(check, room) for check in block.checks]
        case Items():
            return [_item(item, room) for item in block.items]
        case Chart():
            return _chart(block, room)
        case Commands():
            return ["```bash", *block.lines, "```"]
        case Fold():
            return _fold(block, room)


def _fold(block: Fold, room: Room) -> list[str]:
    content = _blocks(block, room)
    if not content:
        return []
    opened = "<details open>" if block.is_open else "<details>"
    return [opened, f"<summary>{block.summary}</summary>", "", *content, "", "</details>"]


def _table(table: Table, room: Room) -> list[str]:
    short = replace(room, text=room.cell)
    ruler = "|".join("---:" if index in table.numeric else "---" for index in range(len(table.head)))
    lines = [_row(table.head), f"|{ruler}|"]
    lines += [_row(_line(line, short) for line in row) for row in table.rows[: room.rows]]
    more = len(table.rows) - room.rows
    return [*lines, "", f"{more} more rows are in the full report."] if more > 0 else lines


def _matrix(matrix: Matrix, room: Room) -> list[str]:
    """A table as wide as there are names; of many, the pairs that are confused most."""
    names = [code(name, room.cell) for name in matrix.names]
    if len(names) > WIDEST:
        return _pairs(matrix, names)
    head = ["true / said", *names]
    rows = [
        _row([name, *(f"**{cell(count)}**" if place == column else cell(count) for column, count in enumerate(counts))])
        for place, (name, counts) in enumerate(zip(names, matrix.counts, strict=True))
    ]
    return [_row(head), f"|---|{'---:|' * len(names)}", *rows]


def _pairs(matrix: Matrix, names: list[str]) -> list[str]:
    wrong = sorted(
        (-count, place, column)
        for place, counts in enumerate(matrix.counts)
        for column, count in enumerate(counts)
        if place != column and count
    )
    rows = [_row([names[place], names[column], cell(-count)]) for count, place, column in wrong[:WIDEST]]
    return [_row(["true", "said most often instead", "rows"]), "|---|---|---:|", *rows] if rows else []


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _check(check: Check, room: Room) -> str:
    mark = VERDICTS[check.verdict][0]
    found = f"{prose(check.observed, room.text)}; limit: {prose(check.limit, room.text)}"
    name = prose(check.name, room.text)
    return f"- {mark} **{name}** ({check.group}): {found}<br>{prose(check.reason, room.text)}"


def _item(item: Item, room: Room) -> str:
    lines = "<br>".join(_line(line, room) for line in item.lines)
    return f"- {VERDICTS[item.verdict][0]} **{item.state}** {item.title}<br>{lines}"


def _chart(chart: Chart, room: Room) -> list[str]:
    plot = chart.plot
    title = f"**{charts.TITLES[plot.name]}**: {code(plot.y, room.cell)} by {code(plot.x, room.cell)}"
    drawing = charts.mermaid(plot)
    if not drawing:
        return [f"{title}. Not drawn: too few points, or numbers beyond the axes."]
    marks = [f"{charts.PALETTE[curve.index][0]} {code(curve.name, room.cell)}" for curve in charts.curves(plot)]
    if plot.name == "calibration":
        marks.insert(0, f"{charts.IDEAL[0]} ideal")
    lines = ", ".join(f"{code(name, room.cell)} at {x:g}" for x, name in chart.marks)
    lines = f"; {chart.marked}: {lines}" if lines else ""
    return [f"{title}. {' '.join(marks)}{lines}", "", "```mermaid", *drawing, "```"]


def _line(line: Line, room: Room) -> str:
    return "".join(_inline(inline, room) for inline in line)


def _inline(inline: Inline, room: Room) -> str:
    match inline:
        case str():
            return inline
        case Code():
            return code(inline.text, room.text)
        case Prose():
            return prose(inline.text, room.text)
        case Names():
            return few([code(text, room.text) for text in inline.texts], room.names)
        case Strong():
            return f"**{_line(inline.line, room)}**"
        case Mark():
            return _SIDES[inline.side]
        case Difference():
            return (
                UNKNOWN
                if inline.value is None
                else f"{percent(inline.value)}\N{NO-BREAK SPACE}{_SIDES[inline.side]}".rstrip()
            )
        case Interval():
            return interval(inline.low, inline.high)
