"""What a history showed, written for the terminal and as Markdown."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from mainline import display, files
from mainline.backtest.parts import Part
from mainline.errors import MainlineError
from mainline.experiments.layout import Layout, wrap

BEGIN, END = "<!-- figures of ./mainline backtest, begin -->", "<!-- figures of ./mainline backtest, end -->"
WIDTH = 120
"""Columns of text in a document."""
_NARROW = 8
"""Letters to which a column of words is narrowed at most."""


def terminal(parts: tuple[Part, ...]) -> str:
    """Write the parts below each other, as wide as a page."""
    return "\n".join(line for part in parts for line in _of_terminal(part))


def markdown(parts: tuple[Part, ...], lead: str) -> str:
    """Write the parts as sections of a document."""
    return "\n".join([_broken(lead), "", *(line for part in parts for line in _of_markdown(part))]).rstrip() + "\n"


def record(text: str, file: Path) -> None:
    """Put figures between the two marks of a document.

    Raises:
        MainlineError: when the document lacks them.
    """
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    if before.count(BEGIN) != 1 or before.count(END) != 1:
        raise MainlineError(f"--record: {file} needs one line '{BEGIN}' and below it one '{END}'.")
    head, rest = before.split(BEGIN)
    files.replace(file, f"{head}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")


def _of_terminal(part: Part) -> Iterator[str]:
    yield from ["", part.title, "=" * len(part.title), *map(wrap, part.sentences)]
    for header, rows in part.tables:
        yield from ["", *_table(header, rows)]
    if part.code:
        yield from ["", part.code]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table that a page has room for: its widest columns of words are narrowed, and their cells broken."""
    titles, left = [title.replace(" ", "\n") for title in header], words(rows)
    least = [max(map(len, title.split("\n"))) for title in titles]
    widths = [max(narrowest, *(len(row[index]) for row in rows)) for index, narrowest in enumerate(least)]
    while sum(widths) + 2 * (len(widths) - 1) > display.page():
        widest = max(left, key=lambda index: widths[index] - max(least[index], _NARROW), default=None)
        if widest is None or widths[widest] <= max(least[widest], _NARROW):
            break
        widths[widest] -= 1
    broken = [[textwrap.wrap(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines = [line for row in broken for line in zip_longest(*row, fillvalue="")]
    layout = Layout(titles, lines, left=left, indent="")
    yield from [layout.header(), *map(layout.line, lines)]


def _broken(sentence: str) -> str:
    return textwrap.fill(sentence, WIDTH)


def _of_markdown(part: Part) -> Iterator[str]:
    yield from [f"### {part.title}", "", *map(_broken, part.sentences), ""]
    for header, rows in part.tables:
        flush_left = words(rows)
        yield f"| {' | '.join(header)} |"
        yield f"|{'|'.join('---' if index in flush_left else '---:' for index in range(len(header)))}|"
        yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
        yield ""
    if part.code:
        yield from ["```diff", part.code, "```", ""]


def words(rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return the columns that hold words, which are flush left."""
    columns = list(zip(*rows, strict=True))
    figures = re.compile(r"[-+]?[\d.,]+( to [-+]?[\d.,]+)?( ?%)?|-|any|none")
    return tuple(index for index, column in enumerate(columns) if not all(map(figures.fullmatch, column)))
