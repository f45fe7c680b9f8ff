"""The report as one HTML file: nothing to load, nothing that runs."""

from collections.abc import Iterable, Iterator

from mainline.documents import Verdict
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
    Strong,
    Table,
)
from mainline.report.drawing import draw, draw_interval
from mainline.report.escape import hypertext, hypertext_prose
from mainline.report.figures import UNKNOWN, cell, interval, percent
from mainline.report.sections import describe
from mainline.report.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The page may load nothing and run nothing, whatever escaping missed."""

VERDICTS: dict[Verdict, tuple[str, str]] = {
    "pass": ("pass", "Pass"),
    "warn": ("warn", "Warning"),
    "fail": ("fail", "Fail"),
    "cannot tell": ("unknown", "Cannot tell"),
}
"""Style and word of each verdict."""


def render(findings: Findings) -> str:
    """Return the page; the same findings give the same text."""
    return write(describe(findings))


def write(document: Document) -> str:
    """Return a document as a page."""
    return frame(title(document), body(document))


def title(document: Document) -> str:
    """Return what a browser calls the page of a document."""
    return f"{_word(document)}: {document.headline}"


def body(document: Document) -> str:
    """Return what stands on the page of a document, for a page that has more on it."""
    style = VERDICTS[document.verdict][0]
    sections = "\n".join(
        f"<section>\n<h2>{section.title}</h2>\n{_blocks(section.blocks)}\n</section>" for section in document.sections
    )
    header = f"""<header class="{style}">
<p class="verdict">{_word(document)}</p>
<h1><bdi>{hypertext_prose(document.headline)}</bdi></h1>
<p>{_line(document.lead)}</p>
</header>"""
    return f"{header}\n{sections}"


def _word(document: Document) -> str:
    return document.label or VERDICTS[document.verdict][1]


def frame(title: str, body: str, more_style: str = "", above: str = "", policy: str = POLICY) -> str:
    """Return a whole file around a body; the title is text, all else is ours; `above` stands before the main part."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{hypertext(title)}</title>
<style>{STYLE}{more_style}</style>
</head>
<body>
{above}<main>
{body}
</main>
</body>
</html>
"""


def _blocks(blocks: Iterable[Block]) -> str:
    return "\n".join(_block(block) for block in blocks)


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f"<p>{_line(block.line)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{_line(line)}</li>' for line in block.lines)}</ul>"
        case Table():
            return _table(block)
        case Matrix():
            return _matrix(block)
        case CheckList():
            return f'<ul class="checks">{"".join(_check(check) for check in block.checks)}</ul>'
        case Items():
            return f'<ul class="checks">{"".join(_item(item) for item in block.items)}</ul>'
        case Chart():
            return _chart(block)
        case Commands():
            return f"<pre><code>{hypertext_lines(block.lines)}</code></pre>"
        case Fold():
            opened = "<details open>" if block.is_open else "<details>"
            return f"{opened}\n<summary>{block.summary}</summary>\n{_blocks(block.blocks)}\n</details>"


def hypertext_lines(lines: Iterable[str]) -> str:
    """Escape line by line, since escaping makes one line of everything."""
    return "\n".join(hypertext(line) for line in lines)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_style(table, index)}>{title}</th>' for index, title in enumerate(table.head))
    rows = "\n".join(f"<tr>{_row(table, row)}</tr>" for row in table.rows)
    kind = "" if table.numeric else ' class="words"'
    return (
        f'<div class="scroll"><table{kind}>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'
    )


def _matrix(matrix: Matrix) -> str:
    head = "".join(f'<th scope="col" class="number"><bdi>{hypertext(name)}</bdi></th>' for name in matrix.names)
    rows = "\n".join(
        f'<tr><th scope="row"><bdi>{hypertext(name)}</bdi></th>{"".join(_cells(counts, place))}</tr>'
        for place, (name, counts) in enumerate(zip(matrix.names, matrix.counts, strict=True))
    )
    return (
        '<div class="scroll"><table class="matrix">\n'
        f'<thead><tr><th scope="col">true / said</th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _cells(counts: tuple[int, ...], place: int) -> Iterator[str]:
    """Yield a row's cells; the one on the diagonal counts what is right."""
    for column, count in enumerate(counts):
        side = "right" if column == place else "wrong"
        tenths = round(10 * count / max(sum(counts), 1))
        yield f'<td class="number {side} t{tenths}">{cell(count)}</td>'


def _row(table: Table, row: tuple[Line, ...]) -> str:
    first, *others = row
    cells = "".join(f"<td{_style(table, index)}>{_line(line)}</td>" for index, line in enumerate(others, start=1))
    return f'<th scope="row">{_line(first)}</th>{cells}'


def _style(table: Table, index: int) -> str:
    return ' class="number"' if index in table.numeric else ""


def _check(check: Check) -> str:
    style, word = VERDICTS[check.verdict]
    return (
        f'<li class="{style}"><p><span class="state">{word}</span> <strong><bdi>{hypertext(check.name)}</bdi></strong> '
        f'<span class="soft">{check.group}</span></p>'
        f"<p><bdi>{hypertext_prose(check.observed) or UNKNOWN}</bdi>"
        f' <span class="soft">· limit:</span> <bdi>{hypertext_prose(check.limit) or UNKNOWN}</bdi></p>'
        f'<p class="soft"><bdi>{hypertext_prose(check.reason)}</bdi></p></li>'
    )


def _item(item: Item) -> str:
    first, *others = item.lines
    more = "".join(f'<p class="soft">{_line(line)}</p>' for line in others)
    return (
        f'<li class="{VERDICTS[item.verdict][0]}">'
        f'<p><span class="state">{item.state}</span> <strong>{item.title}</strong></p><p>{_line(first)}</p>{more}</li>'
    )


def _chart(chart: Chart) -> str:
    plot = chart.plot
    title = f"<strong>{charts.TITLES[plot.name]}</strong>: {_inline(Prose(plot.y))} by {_inline(Prose(plot.x))}"
    drawing = draw(plot, chart.marks)
    if not drawing:
        return f"<p>{title}. Not drawn: too few points, or numbers beyond the axes.</p>"
    keys = [_key(f"s{curve.index}", hypertext(curve.name)) for curve in charts.curves(plot)]
    if plot.name == "calibration":
        keys.insert(0, _key("ideal", "ideal"))
    return f'<figure><figcaption>{title}<div class="keys">{"".join(keys)}</div></figcaption>{drawing}</figure>'


def _key(style: str, name: str) -> str:
    sample = f'<svg class="key {style}" viewBox="0 0 26 10" aria-hidden="true"><path d="M0 5H26"/></svg>'
    return f"<span>{sample}<bdi>{name}</bdi></span>"


def _line(line: Line) -> str:
    return "".join(_inline(inline) for inline in line)


def _inline(inline: Inline) -> str:
    match inline:
        case str():
            return inline
        case Code():
            return f"<code>{shown}</code>" if (shown := hypertext(inline.text)) else UNKNOWN
        case Prose():
            return f"<bdi>{hypertext_prose(inline.text)}</bdi>"
        case Names():
            return ", ".join(_inline(Code(text)) for text in inline.texts)
        case Strong():
            return f"<strong>{_line(inline.line)}</strong>"
        case Mark():
            return f'<span class="dot {inline.side}"></span>'
        case Difference():
            shown = UNKNOWN if inline.value is None else percent(inline.value)
            return f'<span class="{inline.side}">{shown}</span>{_inline(Mark(inline.side))}'
        case Interval():
            return f"{interval(inline.low, inline.high)}{draw_interval(inline)}"
